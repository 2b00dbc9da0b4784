#include "vpr/live/synchronizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

LiveFrame FrameAt(double seconds) { return {seconds, std::make_shared<Image>(2, 2, 3)}; }
SoundBlock BlockAt(double seconds, std::size_t samples = 640) {
  return {seconds, std::vector<float>(samples, 0.5f)};
}
// The times of the pairs that there are, frame and block; -1 for a side that is not there.
std::vector<std::pair<double, double>> Pairs(Synchronizer& synchronizer) {
  std::vector<std::pair<double, double>> pairs;
  while (const auto pair = synchronizer.Next())
    pairs.emplace_back(pair->frame ? pair->frame->seconds : -1,
                       pair->sound ? pair->sound->seconds : -1);
  return pairs;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Synchronizer, PairsWhatIsLessThanATenthApart) {
  Synchronizer synchronizer;
  synchronizer.Add(FrameAt(1.00));
  EXPECT_THAT(Pairs(synchronizer), IsEmpty());
  synchronizer.Add(BlockAt(1.09));
  EXPECT_THAT(Pairs(synchronizer), ElementsAre(Pair(1.00, 1.09)));
  synchronizer.Add(BlockAt(2.00));
  synchronizer.Add(FrameAt(2.099));
  EXPECT_THAT(Pairs(synchronizer), ElementsAre(Pair(2.099, 2.00)));
  EXPECT_EQ(synchronizer.counts().pairs, 2u);
  EXPECT_NEAR(synchronizer.counts().apart, 0.189, 1e-9);
  EXPECT_EQ(synchronizer.counts().dropped_frames + synchronizer.counts().dropped_blocks, 0u);
}

TEST(Synchronizer, DropsTheOlderSide) {
  Synchronizer synchronizer;
  for (const double at : {1.0, 1.04, 1.08}) synchronizer.Add(FrameAt(at));
  synchronizer.Add(BlockAt(1.15));  // the first frame is 150 ms before, the second 110
  EXPECT_THAT(Pairs(synchronizer), ElementsAre(Pair(1.08, 1.15)));
  EXPECT_EQ(synchronizer.counts().dropped_frames, 2u);
  for (const double at : {2.0, 2.04, 2.08}) synchronizer.Add(BlockAt(at));
  synchronizer.Add(FrameAt(2.14));
  EXPECT_THAT(Pairs(synchronizer), ElementsAre(Pair(2.14, 2.08)));
  EXPECT_EQ(synchronizer.counts().dropped_blocks, 2u);
  // A tenth apart is too far.
  synchronizer.Add(FrameAt(3.0));
  synchronizer.Add(BlockAt(3.125));
  EXPECT_THAT(Pairs(synchronizer), IsEmpty());
  EXPECT_EQ(synchronizer.counts().dropped_frames, 3u);
}

TEST(Synchronizer, HoldsTenFramesAndTwentyBlocks) {
  Synchronizer frames;
  for (int i = 0; i < 15; ++i) frames.Add(FrameAt(i));
  EXPECT_EQ(frames.counts().dropped_frames, 5u);
  frames.Add(BlockAt(5.05));
  EXPECT_THAT(Pairs(frames), ElementsAre(Pair(5, 5.05)));
  Synchronizer sound;
  for (int i = 0; i < 30; ++i) sound.Add(BlockAt(i));
  EXPECT_EQ(sound.counts().dropped_blocks, 10u);
  sound.Add(FrameAt(10.05));
  EXPECT_THAT(Pairs(sound), ElementsAre(Pair(10.05, 10)));
}

TEST(Synchronizer, ClockIsTheCallers) {
  double now = 7;
  Synchronizer synchronizer({}, [&] { return now; });
  synchronizer.AddNow(std::make_shared<Image>(2, 2, 3));
  now = 7.25;
  synchronizer.AddNow(std::make_shared<Image>(2, 2, 3));
  synchronizer.Add(BlockAt(7.2));
  EXPECT_EQ(synchronizer.Now(), 7.25);
  EXPECT_THAT(Pairs(synchronizer), ElementsAre(Pair(7.25, 7.2)));
}

TEST(Synchronizer, ASideThatIsNotThereOrHasEndedLeavesTheOtherAlone) {
  SynchronizerOptions deaf;
  deaf.sound = false;
  Synchronizer silent(deaf);
  silent.Add(FrameAt(1));
  EXPECT_THAT(Pairs(silent), ElementsAre(Pair(1, -1)));
  SynchronizerOptions blind;
  blind.frames = false;
  Synchronizer dark(blind);
  dark.Add(BlockAt(1));
  EXPECT_THAT(Pairs(dark), ElementsAre(Pair(-1, 1)));

  Synchronizer both;
  both.Add(FrameAt(1));
  both.Add(FrameAt(2));
  both.Add(BlockAt(1.01));
  both.EndSound();
  EXPECT_THAT(Pairs(both), ElementsAre(Pair(1, 1.01), Pair(2, -1)));
  EXPECT_FALSE(both.ended());
  both.EndFrames();
  EXPECT_TRUE(both.ended());
  EXPECT_FALSE(both.Wait(10000));  // at once
}

TEST(Synchronizer, WaitsForOtherThreads) {
  Synchronizer synchronizer;
  std::thread camera([&] {
    for (int i = 0; i < 200; ++i) synchronizer.Add(FrameAt(0.04 * i));
    synchronizer.EndFrames();
  });
  std::thread microphone([&] {
    for (int i = 0; i < 200; ++i) synchronizer.Add(BlockAt(0.04 * i));
    synchronizer.EndSound();
  });
  std::uint64_t pairs = 0, alone = 0;
  while (!synchronizer.ended())
    if (const auto pair = synchronizer.Wait(1000)) {
      if (pair->frame && pair->sound) {
        ++pairs;
        EXPECT_LT(std::abs(pair->frame->seconds - pair->sound->seconds), 0.1);
      } else {
        ++alone;
      }
    }
  camera.join();
  microphone.join();
  const Synchronizer::Counts counts = synchronizer.counts();
  EXPECT_EQ(counts.pairs, pairs);
  EXPECT_EQ(2 * pairs + alone + counts.dropped_frames + counts.dropped_blocks, 400u);
}

TEST(LiveWindow, HoldsTheLastSeconds) {
  LiveWindow window(2, 30);
  EXPECT_TRUE(window.Get().frames.empty());
  EXPECT_TRUE(window.Get().samples.empty());
  for (int i = 0; i < 100; ++i) {
    window.Add(FrameAt(0.04 * i));
    SoundBlock block = BlockAt(0.04 * i);
    for (float& sample : block.samples) sample = static_cast<float>(i);
    window.Add(block);
  }
  const LiveWindow::Content content = window.Get();
  EXPECT_NEAR(content.until, 4, 1e-9);
  EXPECT_EQ(content.samples.size(), 2u * kSampleRate);
  EXPECT_EQ(content.samples.front(), 50);
  EXPECT_EQ(content.samples.back(), 99);
  ASSERT_EQ(content.frames.size(), 30u);  // no more than that
  EXPECT_NEAR(content.frames.back().seconds, 3.96, 1e-9);
}

TEST(LiveWindow, ForgetsASideThatHasStopped) {
  LiveWindow window(2);
  window.Add(BlockAt(0, 2 * kSampleRate));
  window.Add(FrameAt(3));
  EXPECT_EQ(window.Get().samples.size(), static_cast<std::size_t>(kSampleRate));
  window.Add(FrameAt(4.5));
  EXPECT_TRUE(window.Get().samples.empty());
  EXPECT_EQ(window.Get().frames.size(), 2u);
  window.Add(BlockAt(6, kSampleRate));
  EXPECT_TRUE(window.Get().frames.empty());
}

}  // namespace
}  // namespace vpr
