#include "train/augment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

double Power(const std::vector<float>& samples, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += double{samples[i]} * double{samples[i]};
  return sum / static_cast<double>(end - begin);
}

std::vector<float> Noise(std::size_t length, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> noise(length);
  for (float& sample : noise) sample = static_cast<float>(0.1 * rng.Normal());
  return noise;
}

TEST(Convolve, EqualsTheDefinition) {
  std::vector<float> samples = Noise(300, 1), response = Noise(77, 2), expected(300);
  for (std::size_t i = 0; i < 300; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k <= i && k < 77; ++k) sum += double{response[k]} * samples[i - k];
    expected[i] = static_cast<float>(sum);
  }
  Convolve(samples, response);
  ASSERT_EQ(samples.size(), 300u);
  for (std::size_t i = 0; i < 300; ++i) EXPECT_NEAR(samples[i], expected[i], 1e-6) << i;
}

TEST(AddNoise, GivesTheRatioAskedFor) {
  for (double snr : {-5.0, 0.0, 20.0}) {
    std::vector<float> speech = test::SyntheticUtterance(1, 1, 1), noisy = speech;
    AddNoise(noisy, Noise(5000, 3), snr);  // shorter: repeated; its power is that of the part
    std::vector<float> added(speech.size());
    for (std::size_t i = 0; i < speech.size(); ++i) added[i] = noisy[i] - speech[i];
    double ratio = Power(speech, 0, speech.size()) / Power(added, 0, 15000);
    EXPECT_NEAR(10 * std::log10(ratio), snr, 0.1);
  }
  std::vector<float> speech = test::SyntheticUtterance(1, 1, 0.1), same = speech;
  AddNoise(same, std::vector<float>(100, 0.0f), 10);  // silence stays silence
  EXPECT_EQ(same, speech);
}

TEST(SimulateRoom, DecaysAsAsked) {
  Rng rng(4);
  const double t60 = 0.5;
  std::vector<float> response = SimulateRoom(t60, -3, rng);
  EXPECT_EQ(response[0], 1.0f);
  EXPECT_EQ(response.size(), 8000u);
  double tail = 0;
  for (std::size_t i = 1; i < response.size(); ++i)
    tail += double{response[i]} * double{response[i]};
  EXPECT_NEAR(10 * std::log10(tail), -3, 1e-3);
  // 60 dB in 8000 samples: 15 dB from one quarter to the next.
  for (std::size_t quarter = 0; quarter < 3; ++quarter) {
    double now = Power(response, 1 + 2000 * quarter, 2000 * (quarter + 1)),
           later = Power(response, 2000 * (quarter + 1), 2000 * (quarter + 2));
    EXPECT_NEAR(10 * std::log10(now / later), 15, 1);
  }
}

TEST(NarrowBand, TakesAwayWhatIsAboveTheBand) {
  for (double hz : {1000.0, 6000.0}) {
    std::vector<float> tone(16000);
    for (std::size_t i = 0; i < tone.size(); ++i)
      tone[i] = static_cast<float>(0.5 * std::sin(2 * M_PI * hz * static_cast<double>(i) / 16000));
    for (bool companded : {false, true}) {
      std::vector<float> narrow = tone;
      NarrowBand(narrow, 8000, companded);
      ASSERT_EQ(narrow.size(), tone.size());
      double change =
          10 * std::log10(Power(narrow, 2000, 14000) / Power(tone, 2000, 14000) + 1e-12);
      if (hz < 4000) {
        EXPECT_NEAR(change, 0, 0.1);
      } else {
        EXPECT_LT(change, -60);
      }
    }
  }
}

TEST(NarrowBand, MuLawAddsAboutItsNoise) {
  std::vector<float> speech = test::SyntheticUtterance(2, 1, 1), plain = speech, companded = speech;
  NarrowBand(plain, 8000, false);
  NarrowBand(companded, 8000, true);
  std::vector<float> difference(speech.size());
  for (std::size_t i = 0; i < speech.size(); ++i) difference[i] = companded[i] - plain[i];
  double snr = 10 * std::log10(Power(plain, 0, 16000) / Power(difference, 0, 16000));
  EXPECT_GT(snr, 30);  // G.711 gives 33 to 38 dB on speech
  EXPECT_LT(snr, 45);
}

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
