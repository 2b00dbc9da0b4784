#include "vpr/audio/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/synthetic_speech.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

// Of `b` against `a` where they fit best within `shift` samples, in dB.
double BestSnr(const std::vector<float>& a, const std::vector<float>& b, int shift) {
  double best = -100;
  for (int lag = 0; lag <= shift; ++lag) {
    double signal = 0, error = 0;
    for (std::size_t i = 0; i + static_cast<std::size_t>(lag) < b.size(); ++i) {
      const double x = a[i], y = b[i + static_cast<std::size_t>(lag)];
      signal += x * x;
      error += (x - y) * (x - y);
    }
    best = std::max(best, 10 * std::log10(signal / (error + 1e-12)));
  }
  return best;
}

class EveryCodec : public ::testing::TestWithParam<Codec> {};

TEST_P(EveryCodec, IsHeardThroughAndLosesSomething) {
  if (!CodecAvailable(GetParam())) GTEST_SKIP() << "SKIPPED: not in this build of libsndfile";
  // Below 3.4 kHz, which a telephone's codec lets through.
  std::vector<float> speech = test::SyntheticUtterance(3, 1, 1.5);
  speech = Resample(Resample(speech, kSampleRate, 6000), 6000, kSampleRate);
  std::vector<float> fine = speech, coarse = speech, again = speech;
  PassCodec(fine, GetParam(), 0);
  PassCodec(coarse, GetParam(), 1);
  PassCodec(again, GetParam(), 1);
  EXPECT_EQ(fine.size(), speech.size());
  EXPECT_EQ(coarse, again);
  const double fine_snr = BestSnr(speech, fine, 2500), coarse_snr = BestSnr(speech, coarse, 2500);
  EXPECT_GT(fine_snr, 3);
  EXPECT_LT(coarse_snr, 60);
  EXPECT_LE(coarse_snr, fine_snr + 0.1);
}

TEST_P(EveryCodec, TakesAnyLengthAndLevel) {
  if (!CodecAvailable(GetParam())) GTEST_SKIP() << "SKIPPED: not in this build of libsndfile";
  for (std::size_t length : {0u, 1u, 100u, 5001u}) {
    for (float level : {0.0f, 1e-5f, 30.0f}) {
      std::vector<float> samples(length);
      for (std::size_t i = 0; i < length; ++i)
        samples[i] = level * std::sin(0.1f * static_cast<float>(i));
      PassCodec(samples, GetParam(), 0.7);
      EXPECT_EQ(samples.size(), length);
      for (float sample : samples) ASSERT_TRUE(std::abs(sample) <= 3 * level + 1e-6f) << level;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryCodec, ::testing::ValuesIn(kCodecs),
                         [](const auto& each) { return ToString(each.param); });

TEST(Codec, Names) {
  for (Codec codec : kCodecs) EXPECT_EQ(ParseCodec(ToString(codec)), codec);
  EXPECT_THROW(ParseCodec("aac"), Error);
}

}  // namespace
}  // namespace vpr
