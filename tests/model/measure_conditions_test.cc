#include "vpr/model/measure_conditions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "vpr/audio/degrade.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

// Bursts of noise with every frequency in them, four a second.
std::vector<float> Bursts(std::size_t length) {
  std::vector<float> samples(length);
  for (std::size_t i = 0; i < length; ++i) {
    const double t = static_cast<double>(i) / 16000;
    const double envelope = std::exp(6 * std::sin(2 * M_PI * 4 * t) - 6);
    samples[i] =
        static_cast<float>(0.3 * envelope * std::sin(0.5 * static_cast<double>(i * i % 9973)));
  }
  return samples;
}

// The reference, with the definition in numpy:
//   import numpy as np
//   i = np.arange(24000); t = i / 16000
//   x = (0.3 * np.exp(6 * np.sin(2 * np.pi * 4 * t) - 6) * np.sin(0.5 * (i * i %
//   9973))).astype(np.float32) w = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) /
//   512)).astype(np.float32) f = np.arange(257) * 31.25 P = np.abs(np.fft.rfft(np.stack([x[b:b +
//   512] * w for b in range(0, 24000 - 511, 256)]))) ** 2 band = lambda p, a, b: p[..., (f >= a) &
//   (f < b)].sum(-1) m = P.sum(0); print(10 * np.log10(band(m, 4100, 7500) / band(m, 300, 3400)))
//   e = [100, 250, 400, 600, 800, 1050, 1350, 1700, 2100, 2600, 3300]
//   d = 10 * np.log10(np.stack([band(P, a, b) for a, b in zip(e, e[1:])]) + 1e-14)
//   q = np.percentile(d, [90, 10], axis=1); print((q[0] - q[1]).mean())
TEST(MeasureConditions, AsNumpyComputesThem) {
  const SpeechConditions conditions = MeasureConditions(Bursts(24000));
  EXPECT_EQ(conditions.seconds, 1.5);
  EXPECT_NEAR(conditions.high_band_db, 0.1946, 0.01);
  EXPECT_NEAR(conditions.dynamics_db, 97.7257, 0.05);
}

TEST(MeasureConditions, InBlocksAsAtOnce) {
  for (std::size_t length : {0, 100, 512, 700, 24000, 100001}) {
    const std::vector<float> speech = Bursts(length);
    const SpeechConditions whole = MeasureConditions(speech);
    for (std::size_t block : {1, 255, 512, 4096, 90000}) {
      ConditionsMeter meter(length);
      for (std::size_t i = 0; i < length; i += block)
        meter.Accept(std::span(speech).subspan(i, std::min(block, length - i)));
      const SpeechConditions parts = meter.Finish();
      EXPECT_EQ(parts.seconds, whole.seconds);
      for (auto member : {&SpeechConditions::high_band_db, &SpeechConditions::dynamics_db,
                          &SpeechConditions::clipped}) {
        EXPECT_EQ(std::isnan(parts.*member), std::isnan(whole.*member)) << length << ' ' << block;
        if (!std::isnan(whole.*member)) {
          EXPECT_EQ(parts.*member, whole.*member);
        }
      }
    }
  }
}

TEST(MeasureConditions, TellsATelephoneFromAWideBand) {
  std::vector<float> speech = Bursts(48000);
  EXPECT_GT(MeasureConditions(speech).high_band_db, -15);
  NarrowBand(speech, 8000, true);
  EXPECT_LT(MeasureConditions(speech).high_band_db, -30);
}

TEST(MeasureConditions, NoiseAndRoomsTakeTheDynamicsAway) {
  const std::vector<float> speech = Bursts(48000);
  const double clean = MeasureConditions(speech).dynamics_db;
  Rng rng(1);
  std::vector<float> noise(speech.size());
  for (float& sample : noise) sample = static_cast<float>(rng.Normal());
  std::vector<float> noisy = speech, in_a_room = speech;
  AddNoise(noisy, noise, 5);
  Convolve(in_a_room, SimulateRoom(0.8, 0, rng));
  EXPECT_LT(MeasureConditions(noisy).dynamics_db, clean - 10);
  EXPECT_LT(MeasureConditions(in_a_room).dynamics_db, clean - 10);
}

TEST(MeasureConditions, CountsWhatIsClipped) {
  std::vector<float> speech = Bursts(16000);
  EXPECT_LT(MeasureConditions(speech).clipped, 0.001);
  Clip(speech, 0.1);
  EXPECT_GT(MeasureConditions(speech).clipped, 0.05);
}

TEST(MeasureConditions, NothingAndSilenceAreUnknown) {
  for (std::size_t length : {0, 100, 16000}) {
    const SpeechConditions conditions = MeasureConditions(std::vector<float>(length));
    EXPECT_EQ(conditions.seconds, static_cast<double>(length) / 16000);
    EXPECT_TRUE(std::isnan(conditions.high_band_db));
    EXPECT_TRUE(std::isnan(conditions.dynamics_db));
    EXPECT_TRUE(std::isnan(conditions.clipped));
  }
  // Shorter than a window.
  EXPECT_TRUE(std::isfinite(MeasureConditions(Bursts(300)).high_band_db));
}

}  // namespace
}  // namespace vpr
