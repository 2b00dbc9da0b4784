#include "vpr/audio/degrade.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/synthetic_speech.h"
#include "vpr/audio/audio_reader.h"

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

TEST(Clip, CutsTheLoudPartsOnly) {
  std::vector<float> samples = {0.1f, -0.8f, 0.3f, 0.5f, -0.2f};
  Clip(samples, 0.5);
  EXPECT_EQ(samples, (std::vector<float>{0.1f, -0.4f, 0.3f, 0.4f, -0.2f}));
  std::vector<float> silence(5, 0.0f);
  Clip(silence, 0.5);
  EXPECT_EQ(silence, std::vector<float>(5, 0.0f));
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

TEST(TrimResponse, BeginsAtTheDirectSoundAndIsShort) {
  std::vector<float> response(20000);
  response[5000] = -0.5f;
  response[6000] = 0.25f;
  const std::vector<float> trimmed = TrimResponse(response);
  EXPECT_EQ(trimmed.size(), 12800u);
  EXPECT_EQ(trimmed[16], -0.5f);
  EXPECT_EQ(trimmed[1016], 0.25f);
}

}  // namespace
}  // namespace vpr
