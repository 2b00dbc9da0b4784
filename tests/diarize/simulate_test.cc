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
