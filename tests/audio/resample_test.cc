#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audio/resampler.h"
#include "audio/sound_files.h"
#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

using testing::Amplitude;
using testing::Sine;

TEST(Resample, LengthIsRounded) {
  for (int from : {8000, 11025, 22050, 44100, 48000, 96000, 15999})
    for (std::size_t n : {0u, 1u, 2u, 7u, 100u, 4410u, 70001u}) {
      std::vector<float> samples(n, 0.1f);
      auto expected = static_cast<std::size_t>(
          std::lround(static_cast<double>(n) * 16000.0 / static_cast<double>(from)));
      EXPECT_EQ(Resample(samples, from, 16000).size(), expected) << n << " from " << from;
    }
}

TEST(Resample, SineStaysTheSameSine) {
  for (int from : {8000, 11025, 44100, 48000, 96000}) {
    std::vector<float> out = Resample(Sine(1000, from, 2), from, 16000);
    std::vector<float> expected = Sine(1000, 16000, 2);
    ASSERT_EQ(out.size(), expected.size());
    double worst = 0;  // away from the ends, where the filter sees the silence outside
    for (std::size_t i = 2000; i + 2000 < out.size(); ++i)
      worst =
          std::max(worst, std::abs(static_cast<double>(out[i]) - static_cast<double>(expected[i])));
    EXPECT_LT(worst, 1e-5) << from;
  }
}

TEST(Resample, NothingAboveTheNewLimitFoldsBack) {
  std::vector<float> out = Resample(Sine(10000, 48000, 1, 0.9), 48000, 16000);
  double power = 0;
  for (std::size_t i = 1000; i + 1000 < out.size(); ++i)
    power += static_cast<double>(out[i]) * static_cast<double>(out[i]);
  EXPECT_LT(std::sqrt(power / static_cast<double>(out.size() - 2000)), 1e-5);
  // 10 kHz would appear at 6 kHz.
  EXPECT_LT(Amplitude(out, 6000, 16000, 1000, 15000), 1e-6);
}

TEST(Resample, EqualRatesChangeNothing) {
  std::vector<float> samples = Sine(1000, 16000, 0.1);
  EXPECT_EQ(Resample(samples, 16000, 16000), samples);
}

TEST(Resampler, BlocksGiveTheSameAsTheWhole) {
  std::vector<float> samples = Sine(1234, 44100, 1);
  Resampler resampler(44100, 16000);
  std::vector<float> out;
  std::size_t block = 1;
  for (std::size_t i = 0; i < samples.size(); i += block, block = block * 3 % 5000 + 1)
    resampler.Accept({samples.data() + i, std::min(block, samples.size() - i)}, out);
  resampler.Finish(out);
  EXPECT_EQ(out, Resample(samples, 44100, 16000));
}

TEST(Resample, ImpossibleRate) {
  EXPECT_EQ(testing::ErrorOf([] { Resample({0.0f}, 0, 16000); }).code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace vpr
