#include "train/augment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

TEST(DrawFrequencyResponse, HasTheSlopeAskedForAndIsSmooth) {
  // Against the first cosine, the amplitude is normal with the standard deviation given.
  const std::size_t bands = 128;
  double sum = 0, square = 0, level = 0, steepest = 0;
  const int draws = 2000;
  for (int i = 0; i < draws; ++i) {
    Rng rng(4, static_cast<std::uint64_t>(i));
    std::vector<float> response = DrawFrequencyResponse(bands, 4, rng);
    double slope = 0;
    for (std::size_t b = 0; b < bands; ++b) {
      slope += 2.0 / bands * response[b] * std::cos(M_PI * (static_cast<double>(b) + 0.5) / bands);
      level += response[b];
      if (b > 0) steepest = std::max(steepest, double{std::abs(response[b] - response[b - 1])});
    }
    sum += slope;
    square += slope * slope;
  }
  EXPECT_NEAR(sum / draws, 0, 0.4);
  EXPECT_NEAR(std::sqrt(square / draws), 4, 0.25);
  EXPECT_NEAR(level, 0, 0.1);
  EXPECT_LT(steepest, 2);
}

TEST(Equalize, EqualsTheSameResponseOnThePowerSpectrum) {
  Rng rng(1, 2);
  Matrix mel(16, 5);
  for (float& value : mel.data) value = static_cast<float>(rng.Uniform(0.1, 2));
  const std::vector<float> response = DrawFrequencyResponse(16, 6, rng);
  Matrix power = mel, natural = mel, db = mel;
  for (float& value : natural.data) value = std::log(value);
  for (float& value : db.data) value = 10 * std::log10(value);
  Equalize(power, FeatureKind::kMel, response);
  Equalize(natural, FeatureKind::kLogMel, response);
  Equalize(db, FeatureKind::kDb, response);
  for (std::size_t b = 0; b < 16; ++b) {
    for (std::size_t t = 0; t < 5; ++t) {
      const double expected = mel(b, t) * std::pow(10.0, double{response[b]} / 10);
      EXPECT_NEAR(power(b, t), expected, 1e-5 * expected);
      EXPECT_NEAR(natural(b, t), std::log(expected), 1e-5);
      EXPECT_NEAR(db(b, t), 10 * std::log10(expected), 1e-4);
    }
  }
}

TEST(Augmenter, AppliesItsShares) {
  const std::string prefix = test::TempPath("augment_speech");
  test::PackSynthetic(prefix, 0, 3, 2, 1.0);
  PackedDataset speech(prefix);
  TrainConfig config;
  const std::vector<float> original = test::SyntheticUtterance(5, 1, 1.0);
  auto changed = [&] {
    Augmenter augmenter(speech, config);
    int count = 0;
    for (std::uint64_t i = 0; i < 200; ++i) {
      std::vector<float> samples = original, again = original;
      Rng a(9, 9, i), b(9, 9, i);
      augmenter.Apply(samples, a);
      augmenter.Apply(again, b);
      EXPECT_EQ(samples, again);
      EXPECT_EQ(samples.size(), original.size());
      for (float sample : samples) EXPECT_TRUE(std::isfinite(sample));
      count += samples != original;
    }
    return count;
  };
  EXPECT_EQ(changed(), 0);
  config.noise_share = 0.5;
  EXPECT_NEAR(changed(), 100, 25);
  config.noise_share = 0;
  config.room_share = 0.5;
  EXPECT_NEAR(changed(), 100, 25);
  config.room_share = 0;
  config.narrow_band_share = 0.5;
  EXPECT_NEAR(changed(), 100, 25);
  config.narrow_band_share = 0;
  config.clip_share = 0.5;
  EXPECT_NEAR(changed(), 100, 25);
  config.clip_share = 0;
  config.codec_share = 0.5;
  EXPECT_NEAR(changed(), 100, 25);
  config.noise = test::TempPath("no_such_noise");
  EXPECT_THROW(Augmenter(speech, config), Error);
}

TEST(Augmenter, TakesNoiseAndRoomsFromPackedSets) {
  const std::string prefix = test::TempPath("augment_sets");
  test::PackSynthetic(prefix, 0, 3, 2, 1.0);
  PackedDataset speech(prefix);
  {
    // The only room is an echo after 10 ms, the only noise a constant.
    std::vector<float> echo(400);
    echo[100] = 0.5f;
    echo[260] = 0.25f;
    PackedWriter rooms(prefix + "-rooms", DatasetInfo{});
    rooms.Add("r", "r", EncodePcm16(echo), 0.025);
    rooms.Commit();
    PackedWriter noise(prefix + "-noise", DatasetInfo{});
    noise.Add("n", "n", EncodePcm16(std::vector<float>(1000, 0.5f)), 0.06);
    noise.Commit();
  }
  TrainConfig config;
  config.room_share = 1;
  config.rooms = prefix + "-rooms";
  Augmenter rooms(speech, config);
  const std::vector<float> original = test::SyntheticUtterance(5, 1, 0.5);
  int measured = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    std::vector<float> samples = original;
    Rng rng(1, i);
    rooms.Apply(samples, rng);
    // The direct sound of the measured room comes 1 ms before its peak at most: 16 samples.
    double difference = 0;
    for (std::size_t t = 200; t < 8000; ++t)
      difference = std::max(difference, std::abs(double{samples[t]} - 0.5 * original[t - 16] -
                                                 0.25 * original[t - 176]));
    measured += difference < 1e-4;
  }
  EXPECT_NEAR(measured, 20, 10);  // half of the rooms are simulated

  config = TrainConfig{};
  config.noise_share = 1;
  config.noise = prefix + "-noise";
  Augmenter noises(speech, config);
  int constant = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    std::vector<float> samples = original;
    Rng rng(2, i);
    noises.Apply(samples, rng);
    double first = samples[0] - original[0], spread = 0;
    for (std::size_t t = 0; t < samples.size(); ++t)
      spread = std::max(spread, std::abs(samples[t] - original[t] - first));
    constant += std::abs(first) > 1e-6 && spread < 1e-5;
  }
  EXPECT_NEAR(constant, 24, 10);  // 60 % come from the set
}

}  // namespace
}  // namespace vpr
