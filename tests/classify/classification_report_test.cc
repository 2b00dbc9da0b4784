#include "vpr/classify/classification_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vpr {
namespace {

// By hand, and as scikit-learn's classification_report has it:
//   true a a a b b c, predicted a a b b b a
TEST(MakeReport, ByHand) {
  const ClassificationReport report =
      MakeReport({"a", "b", "c"}, {0, 0, 0, 1, 1, 2}, {0, 0, 1, 1, 1, 0}, 1);
  EXPECT_EQ(report.confusion,
            (std::vector<std::vector<std::size_t>>{{2, 1, 0}, {0, 2, 0}, {1, 0, 0}}));
  EXPECT_DOUBLE_EQ(report.classes[0].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[0].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[0].f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[1].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[1].recall, 1);
  EXPECT_DOUBLE_EQ(report.classes[1].f1, 0.8);
  EXPECT_EQ(report.classes[2].precision, 0);  // nothing was taken for it
  EXPECT_EQ(report.classes[2].f1, 0);
  EXPECT_EQ(report.classes[2].support, 1u);
  EXPECT_DOUBLE_EQ(report.accuracy, 4.0 / 6);
  EXPECT_DOUBLE_EQ(report.baseline, 2.0 / 6);
  EXPECT_NEAR(report.macro.f1, (2.0 / 3 + 0.8) / 3, 1e-12);
  EXPECT_NEAR(report.macro.recall, (2.0 / 3 + 1) / 3, 1e-12);
  EXPECT_NEAR(report.weighted.precision, (3 * 2.0 / 3 + 2 * 2.0 / 3) / 6, 1e-12);
  EXPECT_NEAR(report.weighted.recall, report.accuracy, 1e-12);
  EXPECT_EQ(report.total, 6u);
}

TEST(MakeReport, ClassesThatDoNotAppearCountForNothing) {
  const ClassificationReport report = MakeReport({"a", "b", "c"}, {0, 1}, {0, 1}, 2);
  EXPECT_EQ(report.macro.f1, 1);
  EXPECT_EQ(report.baseline, 0);
}

TEST(ReportText, HasEveryNumberAndAlignsWideLabels) {
  const std::string text = ReportText(MakeReport({"angry", "高兴"}, {0, 0, 1, 1}, {0, 0, 1, 0}, 0));
  EXPECT_THAT(text, ::testing::HasSubstr("高兴               1.000    0.500    0.667        2\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("angry              0.667    1.000    0.800        2\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("accuracy 75.00 % of 4 recordings"));
  EXPECT_THAT(text, ::testing::HasSubstr("in training: 50.00 %"));
}

}  // namespace
}  // namespace vpr
