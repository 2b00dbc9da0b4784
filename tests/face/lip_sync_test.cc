#include "vpr/face/lip_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

// How loud somebody is: syllables of all lengths, as a function of the time.
class Talk {
 public:
  Talk(std::uint64_t seed, double seconds) {
    Rng rng(seed);
    for (double at = -2; at < seconds + 2;) {
      const double length = rng.Uniform(0.12, 0.35);
      begins_.push_back(at), lengths_.push_back(length), levels_.push_back(rng.Uniform(0.4, 1));
      at += length * (rng.Uniform() < 0.15 ? 2 : 1.05);
    }
  }
  double operator()(double t) const {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), t);
    if (next == begins_.begin()) return 0;
    const auto i = static_cast<std::size_t>(next - begins_.begin()) - 1;
    const double share = (t - begins_[i]) / lengths_[i];
    return share >= 1 ? 0 : levels_[i] * std::pow(std::sin(M_PI * share), 2);
  }

 private:
  std::vector<double> begins_, lengths_, levels_;
};

// Noise as loud as that, so much later.
std::vector<float> Sound(const Talk& talk, double seconds, double later, Rng& rng) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * kSampleRate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>(0.2 * talk(static_cast<double>(i) / kSampleRate - later) * rng.Normal() +
                           0.002 * rng.Normal());
  return samples;
}
std::vector<MouthMoment> Mouth(const Talk& talk, double seconds, double rate, Rng& rng,
                               double tremble = 0.02) {
  std::vector<MouthMoment> mouth;
  for (int i = 0; i < seconds * rate; ++i)
    mouth.push_back({i / rate, 0.05 + 0.5 * talk(i / rate) + tremble * rng.Normal()});
  return mouth;
}

TEST(EstimateSync, FindsShiftsOfEitherSignToMilliseconds) {
  for (const double rate : {15.0, 25.0, 50.0})
    for (const double later : {0.0, 0.12, -0.12, 0.333, -0.407, 0.015}) {
      SCOPED_TRACE(later);
      Rng rng(7);
      const Talk talk(3, 4);
      const SyncEstimate found =
          EstimateSync(Mouth(talk, 4, rate, rng), Sound(talk, 4, later, rng), 0);
      ASSERT_TRUE(found.offset_ms) << found.reason << " " << found.confidence;
      EXPECT_NEAR(*found.offset_ms, 1000 * later, 10);
      EXPECT_GT(found.correlation, 0.7);
    }
}

TEST(EstimateSync, SoundThatBeginsLaterInTheFile) {
  Rng rng(7);
  const Talk talk(3, 5);
  std::vector<float> sound = Sound(talk, 5, 0.1, rng);
  sound.erase(sound.begin(), sound.begin() + kSampleRate / 2);
  const SyncEstimate found = EstimateSync(Mouth(talk, 5, 25, rng), sound, 0.5);
  ASSERT_TRUE(found.offset_ms);
  EXPECT_NEAR(*found.offset_ms, 100, 10);
}

// Of 300 clips whose sound is of something else: at a confidence of 0.99 it is said of 3.
TEST(EstimateSync, UnrelatedSoundIsNotTakenForLips) {
  int told = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const double seconds = seed % 2 == 0 ? 2 : 5;
    const Talk mouth(2 * seed + 1000, seconds), sound(2 * seed + 1001, seconds);
    told += EstimateSync(Mouth(mouth, seconds, 25, rng), Sound(sound, seconds, 0, rng), 0)
                .offset_ms.has_value();
  }
  EXPECT_LE(told, 6);
}

// Frames that are not evenly spread, some without the face.
TEST(EstimateSync, FramesAtAnyTime) {
  Rng rng(11);
  const Talk talk(5, 6);
  std::vector<MouthMoment> mouth;
  for (double t = 0; t < 6; t += rng.Uniform(0.02, 0.06))
    if (t < 2 || t > 3) mouth.push_back({t, 0.5 * talk(t)});
  const SyncEstimate found = EstimateSync(mouth, Sound(talk, 6, 0.2, rng), 0);
  ASSERT_TRUE(found.offset_ms);
  EXPECT_NEAR(*found.offset_ms, 200, 10);
}

TEST(EstimateSync, SaysWhyItCannotTell) {
  Rng rng(1);
  const Talk talk(5, 4);
  const std::vector<float> sound = Sound(talk, 4, 0, rng);
  EXPECT_THAT(EstimateSync({}, sound, 0).reason, HasSubstr("no face"));
  const std::vector<MouthMoment> still = {{0, 0.1}, {1, 0.1}, {2, 0.1}};
  EXPECT_THAT(EstimateSync(still, sound, 0).reason, HasSubstr("hardly moves"));
  const std::vector<MouthMoment> mouth = Mouth(talk, 4, 25, rng);
  EXPECT_THAT(EstimateSync(mouth, std::vector<float>(4 * kSampleRate), 0).reason,
              HasSubstr("silent"));
  EXPECT_THAT(EstimateSync(mouth, {}, 0).reason, HasSubstr("silent"));
  EXPECT_THAT(EstimateSync(mouth, sound, 3.9).reason, HasSubstr("less than 0.8 s"));
  // Further apart than is looked for.
  SyncOptions near;
  near.most_ms = 100;
  EXPECT_FALSE(EstimateSync(mouth, Sound(talk, 4, 0.3, rng), 0, near).offset_ms);
}

}  // namespace
}  // namespace vpr
