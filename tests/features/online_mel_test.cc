#include <gtest/gtest.h>

#include <algorithm>

#include "features/mel_oracle.h"
#include "vpr/base/error.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

using testing::Noise;

void ExpectSameAsOffline(const FeatureOptions& options, const std::vector<float>& samples,
                         std::size_t block) {
  Matrix offline = MelComputer(options).Compute(samples);
  OnlineMel online(options);
  for (std::size_t i = 0; i < samples.size(); i += block) {
    online.AcceptWaveform(std::span(samples).subspan(i, std::min(block, samples.size() - i)));
    // A frame is ready as soon as all of its samples are there.
    std::size_t seen = std::min(i + block, samples.size());
    auto half = static_cast<std::size_t>(options.n_fft) / 2;
    auto hop = static_cast<std::size_t>(options.hop_length);
    EXPECT_EQ(online.NumFramesReady(), seen < half ? 0 : 1 + (seen - half) / hop);
  }
  online.InputFinished();
  ASSERT_EQ(online.NumFramesReady(), offline.cols);
  for (std::size_t t = 0; t < offline.cols; ++t) {
    std::vector<float> frame = online.GetFrame(t);
    ASSERT_EQ(frame.size(), offline.rows);
    for (std::size_t m = 0; m < offline.rows; ++m) ASSERT_EQ(frame[m], offline(m, t)) << t;
  }
}

TEST(OnlineMel, BitIdenticalWhateverTheBlocks) {
  FeatureOptions options;
  std::vector<float> samples = Noise(20011, 1);
  for (std::size_t block : {1u, 100u, 256u, 257u, 5000u, 100000u})
    ExpectSameAsOffline(options, samples, block);
}

TEST(OnlineMel, OtherShapes) {
  FeatureOptions options;
  options.kind = FeatureKind::kLogMel;
  options.n_fft = 1024;
  options.win_length = 400;
  options.n_mels = 80;
  ExpectSameAsOffline(options, Noise(7777, 2), 333);
  options.hop_length = 3000;  // longer than a frame: samples between frames are skipped
  ExpectSameAsOffline(options, Noise(30011, 3), 100);
}

TEST(OnlineMel, ShortAndEmptyInput) {
  ExpectSameAsOffline(FeatureOptions{}, Noise(100, 4), 7);
  OnlineMel online(FeatureOptions{});
  EXPECT_EQ(online.NumFramesReady(), 0u);
  online.InputFinished();
  EXPECT_EQ(online.NumFramesReady(), 1u);
  EXPECT_EQ(online.GetFrame(0), std::vector<float>(128, 0.0f));
}

TEST(OnlineMel, Misuse) {
  OnlineMel online(FeatureOptions{});
  EXPECT_THROW(online.GetFrame(0), Error);
  online.InputFinished();
  online.InputFinished();  // harmless
  EXPECT_EQ(online.NumFramesReady(), 1u);
  EXPECT_THROW(online.AcceptWaveform(Noise(10, 5)), Error);
}

TEST(OnlineMel, RefusesWhatNeedsTheWholeUtterance) {
  FeatureOptions mean, level, db;
  mean.mean_norm = true;
  level.level_norm = true;
  db.kind = FeatureKind::kDb;
  for (const FeatureOptions& options : {mean, level, db})
    EXPECT_THROW(OnlineMel online(options), Error);
}

}  // namespace
}  // namespace vpr
