#include "vpr/diarize/simulate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

class SimulateTest : public ::testing::Test {
 protected:
  SimulateTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "vpr-simulate-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    PackedWriter writer(folder_ + "/set", DatasetInfo{});
    Rng rng(4);
    for (int speaker = 0; speaker < 5; ++speaker)
      for (int k = 0; k < 6; ++k) {
        std::vector<std::uint8_t> payload(2 * (16000 + rng.Below(48000)));
        for (auto& byte : payload) byte = static_cast<std::uint8_t>(rng.Below(256));
        writer.Add(std::to_string(speaker) + "-" + std::to_string(k),
                   "person " + std::to_string(speaker), payload,
                   static_cast<double>(payload.size()) / 32000);
      }
    writer.Commit();
  }
  ~SimulateTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(SimulateTest, OverlapAsWanted) {
  const PackedDataset set(folder_ + "/set");
  for (double overlap : {0.0, 0.1, 0.2}) {
    MeetingOptions options;
    options.speakers = 4;
    options.overlap = overlap;
    options.seconds = 900;
    const SimulatedMeeting meeting = SimulateMeeting(set, options, 0);
    ASSERT_EQ(meeting.microphones.size(), 1u);
    EXPECT_EQ(meeting.microphones[0].size(), 900u * 16000);
    // Twice as fine as the shortest turn's ends matter.
    std::size_t speech = 0, both = 0;
    for (double at = 0.005; at < 900; at += 0.01) {
      std::set<std::string> speak;
      std::size_t turns = 0;
      for (const Turn& turn : meeting.turns)
        if (turn.begin < at && at < turn.end) {
          speak.insert(turn.speaker);
          ++turns;
        }
      EXPECT_EQ(speak.size(), turns);
      EXPECT_LE(turns, 2u);
      speech += turns > 0;
      both += turns > 1;
    }
    EXPECT_NEAR(static_cast<double>(both) / static_cast<double>(speech), overlap, 0.015);
  }
}

TEST(SpokenPartsTest, PausesAreNoSpeech) {
  Rng rng(5);
  std::vector<float> samples(4 * 16000);
  // Loud from 0.5 to 1.5, from 1.7 to 2.0, and from 3.0 to 3.5 s; 50 dB below that elsewhere.
  auto loud = [](double at) {
    return (at >= 0.5 && at < 1.5) || (at >= 1.7 && at < 2) || (at >= 3 && at < 3.5);
  };
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>((loud(static_cast<double>(i) / 16000) ? 0.1 : 0.0003) * rng.Normal());
  const std::vector<TimeSpan> parts = SpokenParts(samples);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(parts[0].begin, 0.5, 0.03);
  EXPECT_NEAR(parts[0].end, 2, 0.03);  // a pause of 0.2 s is filled
  EXPECT_NEAR(parts[1].begin, 3, 0.03);
  EXPECT_NEAR(parts[1].end, 3.5, 0.03);
  EXPECT_TRUE(SpokenParts({}).empty());
}

TEST_F(SimulateTest, SameSeedSameMeeting) {
  const PackedDataset set(folder_ + "/set");
  MeetingOptions options;
  options.seconds = 30;
  options.microphones = 2;
  options.rooms = {{1, 0.5f, 0.25f}, {1, 0, 0, -0.5f}};
  options.noises = {std::vector<float>(1000, 0.1f)};
  options.noises[0][5] = -1;
  const SimulatedMeeting a = SimulateMeeting(set, options, 3), b = SimulateMeeting(set, options, 3);
  EXPECT_EQ(a.turns, b.turns);
  EXPECT_EQ(a.microphones, b.microphones);
  EXPECT_NE(a.turns, SimulateMeeting(set, options, 4).turns);
  options.speakers = 6;
  EXPECT_THROW(SimulateMeeting(set, options, 0), Error);
}

}  // namespace
}  // namespace vpr
