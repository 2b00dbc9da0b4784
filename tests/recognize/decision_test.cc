#include "vpr/recognize/decision.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace vpr {
namespace {

ModelInfo Calibrated() {
  ModelInfo info;
  info.decision = {0.5, 0.05, 0.05, "equal error rate over 7 trials"};
  info.fmr_thresholds = {{0.01, 0.6, 0.009, 0.1, true}, {0.001, 0.7, 0.0008, 0.2, false}};
  return info;
}

TEST(ChooseThreshold, IsTheOperatingPointsUnlessAskedOtherwise) {
  const ModelInfo info = Calibrated();
  const auto compare = ChooseThreshold(OperatingPoint::kCompare, {}, info, "m");
  EXPECT_EQ(compare.decision.threshold, 0.5);
  EXPECT_EQ(compare.decision.basis, info.decision.basis);
  EXPECT_EQ(compare.warning, "");
  const auto verify = ChooseThreshold(OperatingPoint::kVerify, {}, info, "m");
  EXPECT_EQ(verify.decision.threshold, 0.6);
  EXPECT_EQ(verify.decision.fnmr, 0.1);
  EXPECT_EQ(verify.decision.basis, "wanted false match rate 1% over 7 trials");
  const auto rate = ChooseThreshold(OperatingPoint::kCompare, {{}, 0.001}, info, "m");
  EXPECT_EQ(rate.decision.threshold, 0.7);
  EXPECT_NE(rate.warning.find("too few to measure a false match rate of 0.1%"), std::string::npos);
  const auto given = ChooseThreshold(OperatingPoint::kVerify, {0.25, {}}, info, "m");
  EXPECT_EQ(given.decision.threshold, 0.25);
  EXPECT_EQ(given.decision.basis, "");
}

TEST(ChooseThreshold, AModelWithoutOneIsRefused) {
  const std::string none = MessageOf(ErrorCode::kInvalidArgument, [] {
    ChooseThreshold(OperatingPoint::kCompare, {}, ModelInfo(), "m.vpr");
  });
  EXPECT_NE(none.find("'m.vpr' is uncalibrated"), std::string::npos);
  const std::string other = MessageOf(ErrorCode::kInvalidArgument, [] {
    ChooseThreshold(OperatingPoint::kCompare, {{}, 0.03}, Calibrated(), "m.vpr");
  });
  EXPECT_NE(other.find("rate of 3%; it has them for 1%, 0.1%"), std::string::npos) << other;
  // Without rates of its own verifying takes the one threshold there is.
  ModelInfo plain = Calibrated();
  plain.fmr_thresholds.clear();
  EXPECT_EQ(ChooseThreshold(OperatingPoint::kVerify, {}, plain, "m").decision.threshold, 0.5);
}

TEST(OtherDecision, IsSaidWhereTheOtherCommandWouldSayOtherwise) {
  const ModelInfo info = Calibrated();
  EXPECT_FALSE(OtherDecision(OperatingPoint::kCompare, 0.65, true, info));
  EXPECT_FALSE(OtherDecision(OperatingPoint::kCompare, 0.4, false, info));
  EXPECT_EQ(OtherDecision(OperatingPoint::kCompare, 0.55, true, info)->threshold, 0.6);
  EXPECT_EQ(OtherDecision(OperatingPoint::kVerify, 0.55, false, info)->threshold, 0.5);
  EXPECT_FALSE(OtherDecision(OperatingPoint::kVerify, 0.55, false, ModelInfo()));
}

}  // namespace
}  // namespace vpr
