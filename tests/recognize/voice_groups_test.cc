#include "vpr/recognize/voice_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kDim = 16;
constexpr char kNetwork[] = "0123456789abcdef0123456789abcdef";

// A voice near the axis of its number.
EnrolledUtterance Utterance(const std::string& path, std::size_t axis, Rng& rng) {
  EnrolledUtterance utterance;
  utterance.source = path;
  utterance.enrolled_at = "2026-11-29T12:00:00Z";
  utterance.network = kNetwork;
  utterance.speech_seconds = 3;
  utterance.snr_db = 20;
  utterance.embedding.assign(kDim, 0);
  utterance.embedding[axis] = 1;
  for (float& value : utterance.embedding) value += 0.1f * static_cast<float>(rng.Normal());
  Normalize(utterance.embedding);
  return utterance;
}

std::vector<std::vector<std::size_t>> Members(const VoiceGroups& groups) {
  std::vector<std::vector<std::size_t>> members;
  for (const VoicesGroup& group : groups.Groups()) members.push_back(group.recordings);
  return members;
}

class VoiceGroupsTest : public ::testing::Test {
 protected:
  // Recordings 0 and 2 of one voice, 1, 3 and 4 of another, 5 of a third.
  void SetUp() override {
    groups_.Add({Utterance("/0", 0, rng_), Utterance("/1", 1, rng_), Utterance("/2", 0, rng_),
                 Utterance("/3", 1, rng_), Utterance("/4", 1, rng_), Utterance("/5", 2, rng_)},
                scorer_);
  }

  std::string Refusal(const std::string& text) {
    std::ofstream(test::TempPath("bad")) << text;
    try {
      VoiceGroups::Read(test::TempPath("bad"));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
      return error.what();
    }
    return "";
  }

  Rng rng_{1};
  Scorer scorer_;
  VoiceGroups groups_{kNetwork, 0.5};
};

TEST_F(VoiceGroupsTest, RecordingsOfOneVoiceAreTogether) {
  EXPECT_THAT(Members(groups_),
              ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3, 4), ElementsAre(5)));
  const std::vector<VoicesGroup> groups = groups_.Groups(scorer_);
  EXPECT_EQ(groups[0].number, 1u);
  EXPECT_EQ(groups[0].speech_seconds, 6);
  // The mean over the pairs, counted one by one.
  const auto& all = groups_.recordings();
  double sum = 0;
  for (auto [a, b] : {std::pair(1, 3), {1, 4}, {3, 4}})
    sum += CosineScore(all[static_cast<std::size_t>(a)].utterance.embedding,
                       all[static_cast<std::size_t>(b)].utterance.embedding);
  EXPECT_NEAR(groups[1].likeness.value(), sum / 3, 1e-5);
  EXPECT_FALSE(groups[2].likeness);
}

TEST_F(VoiceGroupsTest, NewRecordingsJoinTheGroupsThereAre) {
  groups_.Add({Utterance("/6", 2, rng_), Utterance("/7", 3, rng_), Utterance("/8", 3, rng_)},
              scorer_);
  EXPECT_THAT(Members(groups_), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3, 4),
                                            ElementsAre(5, 6), ElementsAre(7, 8)));
  EXPECT_EQ(groups_.Groups()[3].number, 4u);
  try {
    groups_.Add({Utterance("/6", 2, rng_)}, scorer_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_THAT(groups_.recordings(), SizeIs(9));
}

TEST_F(VoiceGroupsTest, DecisionsAreTakenBackOneByOne) {
  groups_.Confirm(2, "Ada");
  groups_.Dismiss(3);
  groups_.Separate("/3");
  std::vector<VoicesGroup> groups = groups_.Groups();
  EXPECT_THAT(Members(groups_),
              ElementsAre(ElementsAre(0, 2), ElementsAre(1, 4), ElementsAre(5), ElementsAre(3)));
  EXPECT_EQ(groups[1].name, "Ada");
  EXPECT_TRUE(groups[2].dismissed);
  EXPECT_EQ(groups[3].name, "");

  EXPECT_EQ(groups_.Undo().path, "/3");
  EXPECT_EQ(groups_.Undo().kind, GroupDecision::Kind::kDismiss);
  groups = groups_.Groups();
  EXPECT_THAT(groups[1].recordings, ElementsAre(1, 3, 4));
  EXPECT_FALSE(groups[2].dismissed);
  EXPECT_EQ(groups_.Undo().name, "Ada");
  EXPECT_EQ(groups_.Groups()[1].name, "");
  EXPECT_THROW(groups_.Undo(), Error);
  // A number is never given twice.
  groups_.Separate("/0");
  EXPECT_EQ(groups_.decisions().back().group, 5u);
}

TEST_F(VoiceGroupsTest, TheLastOfTwoDecisionsHolds) {
  groups_.Confirm(1, "Ada");
  groups_.Dismiss(1);
  EXPECT_TRUE(groups_.Groups()[0].dismissed);
  EXPECT_EQ(groups_.Groups()[0].name, "");
  groups_.Confirm(1, "Bob");
  EXPECT_FALSE(groups_.Groups()[0].dismissed);
  EXPECT_EQ(groups_.Groups()[0].name, "Bob");
}

TEST_F(VoiceGroupsTest, WhatIsNotThereIsRefused) {
  EXPECT_THROW(groups_.Confirm(9, "Ada"), Error);
  EXPECT_THROW(groups_.Dismiss(0), Error);
  EXPECT_THROW(groups_.Separate("/9"), Error);
  EXPECT_THROW(groups_.Confirm(1, ""), Error);
  EXPECT_THAT(groups_.decisions(), IsEmpty());
}

TEST_F(VoiceGroupsTest, TheFileHoldsAllOfIt) {
  groups_.Confirm(2, "李达康");
  groups_.Separate("/4");
  const std::string path = test::TempPath("groups");
  groups_.Write(path);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  const VoiceGroups read = VoiceGroups::Read(path);
  EXPECT_EQ(read.network(), kNetwork);
  EXPECT_EQ(read.threshold(), 0.5);
  EXPECT_EQ(Members(read), Members(groups_));
  EXPECT_EQ(read.Groups()[1].name, "李达康");
  EXPECT_EQ(read.recordings()[3].utterance.embedding, groups_.recordings()[3].utterance.embedding);
  read.Write(path + "2");
  EXPECT_EQ(ReadFile(path), ReadFile(path + "2"));
}

TEST_F(VoiceGroupsTest, BrokenFilesAreRefusedWithTheirLine) {
  const std::string path = test::TempPath("groups");
  groups_.Confirm(2, "Ada");
  groups_.Write(path);
  const std::string text = ReadFile(path);
  EXPECT_THAT(Refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(Refusal("{}\n"), HasSubstr("line 1"));
  EXPECT_THAT(Refusal("hello\n"), HasSubstr("line 1"));
  EXPECT_THAT(Refusal(text + "{\"group\":1}\n"), HasSubstr("line 9"));
  EXPECT_THAT(Refusal(text + "{\"decision\":\"confirm\",\"group\":0,\"name\":\"A\",\"at\":\"2026-"
                             "11-29T12:00:00Z\"}\n"),
              HasSubstr("no number of a group"));
  EXPECT_THAT(
      Refusal(text + "{\"decision\":\"marry\",\"group\":1,\"at\":\"2026-11-29T12:00:00Z\"}\n"),
      HasSubstr("'marry' is no decision"));
  EXPECT_THAT(Refusal(text + "{\"decision\":\"dismiss\",\"group\":1,\"at\":\"today\"}\n"),
              HasSubstr("is no date"));
  // What the JSON library alone takes for 1.
  EXPECT_THAT(
      Refusal(text + "{\"decision\":\"dismiss\",\"group\":1.5,\"at\":\"2026-11-29T12:00:00Z\"}\n"),
      HasSubstr("its 'group' is 1.5"));
  EXPECT_THAT(Refusal("{\"voice_groups\":4294967297}\n"),
              HasSubstr("its 'voice_groups' is 4294967297"));
  const std::string second =
      text.substr(text.find('\n') + 1, text.find('\n', text.find('\n') + 1) - text.find('\n'));
  EXPECT_THAT(Refusal(text + second), HasSubstr("in it twice"));
  std::string other = text;
  other.replace(other.find(kNetwork), 3, "fff");
  EXPECT_THAT(Refusal(other), HasSubstr("of another network"));
  // Cut anywhere it is refused, or holds whole lines.
  for (std::size_t size = 0; size < text.size(); size += 37) {
    std::ofstream(test::TempPath("cut")) << text.substr(0, size);
    try {
      VoiceGroups::Read(test::TempPath("cut"));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    }
  }
}

TEST_F(VoiceGroupsTest, AGroupIsOneRecordingAndSeveral) {
  const VoicesGroup group = groups_.Groups()[1];
  const Recording one = AsOneRecording(groups_, group);
  EXPECT_EQ(one.conditions.seconds, 9);
  EXPECT_GT(one.embedding[1], 0.95f);
  const std::vector<Recording> several = AsRecordings(groups_, group);
  ASSERT_THAT(several, SizeIs(3));
  EXPECT_EQ(several[2].source, "/4");
  EXPECT_EQ(several[2].embedding, groups_.recordings()[4].utterance.embedding);
}

}  // namespace
}  // namespace vpr
