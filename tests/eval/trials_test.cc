#include "vpr/eval/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

auto IsTrial(const std::string& enroll, const std::string& test, bool target) {
  return AllOf(Field(&Trial::enroll, enroll), Field(&Trial::test, test),
               Field(&Trial::target, target));
}
auto IsScore(double score, bool target) {
  return AllOf(Field(&ScoredTrial::score, score), Field(&ScoredTrial::target, target));
}

class ListTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path = test::TempPath("list of trials.txt");
    WriteFileAtomically(path, text);
    return path;
  }
  template <typename Call>
  std::string MessageOf(Call call, ErrorCode expected) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), expected);
      return error.what();
    }
    return "nothing was thrown";
  }
  std::string TrialsError(const std::string& text) {
    return MessageOf([&] { ReadTrials(Write(text)); }, ErrorCode::kCorrupt);
  }
  std::string ScoresError(const std::string& text) {
    return MessageOf([&] { ReadScores(Write(text)); }, ErrorCode::kCorrupt);
  }
};

TEST_F(ListTest, VoxCelebForm) {
  EXPECT_THAT(ReadTrials(Write("1 a/1.wav a/2.wav\n0   a/1.wav b/1.wav  \n\n0 c d")),
              ElementsAre(IsTrial("a/1.wav", "a/2.wav", true), IsTrial("a/1.wav", "b/1.wav", false),
                          IsTrial("c", "d", false)));
}

TEST_F(ListTest, CnCelebFormAndConditions) {
  const std::vector<Trial> trials =
      ReadTrials(Write("id1-enroll test/a.wav 1\nid1-enroll test/b.wav 0 noisy\n"));
  EXPECT_THAT(trials, ElementsAre(IsTrial("id1-enroll", "test/a.wav", true),
                                  IsTrial("id1-enroll", "test/b.wav", false)));
  EXPECT_EQ(trials[0].condition, "");
  EXPECT_EQ(trials[1].condition, "noisy");
  EXPECT_THAT(TrialsError("1 a b 8 kHz\n"), HasSubstr("1|0 enroll test"));
}

TEST_F(ListTest, Enrollments) {
  const auto enrollments = ReadEnrollments(Write("id1 a.wav b.wav\nid2 c.wav\n\nid1 d.wav\n"));
  ASSERT_EQ(enrollments.size(), 2u);
  EXPECT_THAT(enrollments.at("id1"), ElementsAre("a.wav", "b.wav", "d.wav"));
  EXPECT_THAT(enrollments.at("id2"), ElementsAre("c.wav"));
  EXPECT_THAT(MessageOf([&] { ReadEnrollments(Write("id1\n")); }, ErrorCode::kCorrupt),
              HasSubstr("name file [file ...]"));
}

TEST_F(ListTest, MetadataColumns) {
  const Metadata metadata =
      ReadMetadata(Write("speaker\tpath\tgender\ns 1\ta b.wav\tf\ns2\tc\tm\n"));
  EXPECT_THAT(metadata.columns, ElementsAre("speaker", "gender"));
  EXPECT_EQ(metadata.Value("a b.wav", "speaker"), "s 1");
  EXPECT_EQ(metadata.Value("c", "gender"), "m");
  EXPECT_EQ(metadata.Value("unknown", "gender"), "-");
  EXPECT_THAT(MessageOf([&] { metadata.Value("c", "age"); }, ErrorCode::kInvalidArgument),
              HasSubstr("speaker, gender"));
  EXPECT_THAT(MessageOf([&] { ReadMetadata(Write("file\tgender\n")); }, ErrorCode::kCorrupt),
              HasSubstr("\"path\""));
  EXPECT_THAT(MessageOf([&] { ReadMetadata(Write("path\tgender\na\n")); }, ErrorCode::kCorrupt),
              HasSubstr("line 2"));
}

TEST_F(ListTest, KaldiForm) {
  EXPECT_THAT(ReadTrials(Write("u1 u2 target\r\nu1 u3 nontarget\r\n")),
              ElementsAre(IsTrial("u1", "u2", true), IsTrial("u1", "u3", false)));
}

TEST_F(ListTest, KaldiFormWithNamesThatLookLikeLabels) {
  EXPECT_THAT(ReadTrials(Write("1 0 nontarget\n0 1 target\n")),
              ElementsAre(IsTrial("1", "0", false), IsTrial("0", "1", true)));
}

TEST_F(ListTest, NamesWithSpacesBetweenTabs) {
  EXPECT_THAT(ReadTrials(Write("1\t李达康 1.wav\tb 2.wav\n0 c d\n")),
              ElementsAre(IsTrial("李达康 1.wav", "b 2.wav", true), IsTrial("c", "d", false)));
}

TEST_F(ListTest, BadLinesAreNamed) {
  EXPECT_THAT(TrialsError("1 a b\n\n2 a b\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("\"2 a b\""), HasSubstr("1|0 enroll test")));
  EXPECT_THAT(TrialsError("a b target\na b\n"), HasSubstr("line 2"));
  EXPECT_THAT(TrialsError("a b target\na b impostor\n"), HasSubstr("target|nontarget"));
  EXPECT_THAT(TrialsError("1 a b\na b target\n"), HasSubstr("line 2"));  // the other form
  EXPECT_THAT(TrialsError("1 a b c d\n"), HasSubstr("line 1"));
  EXPECT_THAT(TrialsError("1\ta\t\n"), HasSubstr("line 1"));
  EXPECT_THAT(TrialsError("hello\n"), HasSubstr("line 1"));
  EXPECT_THAT(TrialsError(" \n\t\n"), HasSubstr("holds no trials"));
}

TEST_F(ListTest, MissingFile) {
  EXPECT_THAT(
      MessageOf([] { ReadTrials(testing::TempDir() + "no-such-list"); }, ErrorCode::kNotFound),
      HasSubstr("no-such-list"));
}

TEST_F(ListTest, Scores) {
  const ScoreList named = ReadScores(Write("a b 0.25 target\nc d -1e-3 nontarget\n"));
  EXPECT_THAT(named.scores, ElementsAre(IsScore(0.25, true), IsScore(-1e-3, false)));
  EXPECT_EQ(named.speakers.size(), 2u);
  const ScoreList bare = ReadScores(Write("1 0.5\n0 0.25\ntarget 2\n"));
  EXPECT_THAT(bare.scores, ElementsAre(IsScore(0.5, true), IsScore(0.25, false), IsScore(2, true)));
  EXPECT_TRUE(bare.speakers.empty());
}

TEST_F(ListTest, ByteOrderMarksAreNoPartOfTheText) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_THAT(ReadTrials(Write(mark + "1 a b\r\n0 a c\r\n")),
              ElementsAre(IsTrial("a", "b", true), IsTrial("a", "c", false)));
  EXPECT_THAT(ReadTrials(Write(mark + "a b target\n")), ElementsAre(IsTrial("a", "b", true)));
  EXPECT_THAT(ReadScores(Write(mark + "1 0.5\n0 0.25\n")).scores,
              ElementsAre(IsScore(0.5, true), IsScore(0.25, false)));
  EXPECT_EQ(ReadEnrollments(Write(mark + "id1 a.wav\n")).count("id1"), 1u);
  EXPECT_EQ(ReadMetadata(Write(mark + "path\tsex\na\tf\n")).Value("a", "sex"), "f");
}

TEST_F(ListTest, BadScoresAreNamed) {
  EXPECT_THAT(ScoresError("1 0.5\n0 nan\n"), AllOf(HasSubstr("line 2"), HasSubstr("0 nan")));
  EXPECT_THAT(ScoresError("1 0.5x\n"), HasSubstr("line 1"));
  EXPECT_THAT(ScoresError("1 0.5\na b 0.5 target\n"), HasSubstr("line 2"));
  EXPECT_THAT(ScoresError("a b 0.5 maybe\n"), HasSubstr("line 1"));
  EXPECT_THAT(ScoresError("0.5\n"), HasSubstr("expected \"enroll test score target|nontarget\""));
  EXPECT_THAT(ScoresError(""), HasSubstr("holds no scores"));
}

}  // namespace
}  // namespace vpr
