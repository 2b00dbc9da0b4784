#include "vpr/features/acoustic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "features/mel_oracle.h"
#include "support/failure_of.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using test::FailureOf;
using testing::Noise;

AcousticOptions Options(std::vector<AcousticFeature> features, int n_mfcc = 20) {
  AcousticOptions options;
  options.features = std::move(features);
  options.n_mfcc = n_mfcc;
  return options;
}

Matrix Compute(AcousticFeature feature, const std::vector<float>& samples) {
  return AcousticComputer(Options({feature})).Compute(samples);
}

std::vector<AcousticFeature> AllFeatures() {
  std::vector<AcousticFeature> features;
  for (std::size_t i = 0; i < kNumAcousticFeatures; ++i)
    features.push_back(static_cast<AcousticFeature>(i));
  return features;
}

std::vector<float> Tone(double hz, double seconds, double level = 0.5, int rate = 16000) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>(level * std::sin(2 * M_PI * hz * static_cast<double>(i) / rate));
  return samples;
}

struct Reference {
  const char* recording;
  const char* array;
  AcousticFeature feature;
};

class LibrosaAcoustic : public ::testing::TestWithParam<Reference> {};

// The arrays in data/ and ../shared/reference are librosa 0.10.1's for y at 16 kHz, with
// n_fft=2048, hop_length=256: mfcc(n_mfcc=40), chroma_stft(tuning=0), spectral_centroid,
// spectral_bandwidth, spectral_contrast, spectral_flatness, zero_crossing_rate, rms.
TEST_P(LibrosaAcoustic, Agrees) {
  const Reference& reference = GetParam();
  const std::string name = reference.recording, ours = VPR_TEST_DATA,
                    shared = std::string(VPR_SHARED_DIR) + "/reference";
  const bool is_ours = std::filesystem::exists(ours + "/" + name + ".wav");
  const std::string wav = (is_ours ? ours : shared) + "/" + name + ".wav";
  if (!std::filesystem::exists(wav)) GTEST_SKIP() << "SKIPPED: no ../shared";
  const Matrix expected = ReadNpy((is_ours ? ours : shared + "/librosa-0.10.1") + "/" + name + "." +
                                  reference.array + ".npy");
  const Matrix found =
      AcousticComputer(Options({reference.feature}, 40)).Compute(ReadAudio(wav).samples);
  ASSERT_EQ(found.data.size(), expected.data.size());
  // Coefficients that pass through zero have no relative error of their own: they are measured by
  // the largest of their row.
  double worst = 0;
  for (std::size_t r = 0; r < found.rows; ++r) {
    const float* row = expected.data.data() + r * found.cols;
    double scale = 0;
    for (std::size_t t = 0; t < found.cols; ++t)
      scale = std::max(scale, static_cast<double>(std::abs(row[t])));
    const bool crosses_zero = reference.feature == AcousticFeature::kMfcc;
    for (std::size_t t = 0; t < found.cols; ++t) {
      const double value = row[t], error = std::abs(static_cast<double>(found(r, t)) - value);
      const double unit = crosses_zero ? scale : std::max(std::abs(value), 1e-9);
      if (error > 0) worst = std::max(worst, error / unit);
    }
  }
  RecordProperty("worst_relative", Format("%.2e", worst));
  EXPECT_LT(worst, 2e-5);
}

std::vector<Reference> References() {
  std::vector<Reference> references;
  for (const char* recording : {"chirp_2040ms", "gaps_2500ms", "speech_so762_0001"}) {
    for (AcousticFeature feature : AllFeatures()) {
      if (feature == AcousticFeature::kMel) continue;  // mel_test.cc
      references.push_back(
          {recording, feature == AcousticFeature::kMfcc ? "mfcc40" : ToString(feature), feature});
    }
  }
  return references;
}

INSTANTIATE_TEST_SUITE_P(References, LibrosaAcoustic, ::testing::ValuesIn(References()),
                         [](const auto& test) {
                           return std::string(test.param.recording) + "_" +
                                  ToString(test.param.feature);
                         });

TEST(AcousticFeature, NamesGoBothWays) {
  for (AcousticFeature feature : AllFeatures())
    EXPECT_EQ(ParseAcousticFeature(ToString(feature)), feature);
  EXPECT_EQ(ParseAcousticFeature("spectral_contrast"), AcousticFeature::kContrast);
  EXPECT_THAT(FailureOf([] { ParseAcousticFeature("pitch"); }),
              ::testing::HasSubstr("'pitch'; expected one of mfcc, chroma"));
  for (Statistic statistic : {Statistic::kMean, Statistic::kStd, Statistic::kMin, Statistic::kMax})
    EXPECT_EQ(ParseStatistic(ToString(statistic)), statistic);
  EXPECT_NE(FailureOf([] { ParseStatistic("median"); }), "");
}

TEST(Acoustic, AToneHasItsFrequencyAndPitchClass) {
  const std::vector<float> samples = Tone(440, 1);
  // Away from the ends the spectrum is one narrow peak, at an A.
  const Matrix centroid = Compute(AcousticFeature::kCentroid, samples);
  const Matrix bandwidth = Compute(AcousticFeature::kBandwidth, samples);
  const Matrix chroma = Compute(AcousticFeature::kChroma, samples);
  const Matrix zcr = Compute(AcousticFeature::kZcr, samples);
  const Matrix rms = Compute(AcousticFeature::kRms, samples);
  const Matrix flatness = Compute(AcousticFeature::kFlatness, samples);
  const std::size_t t = centroid.cols / 2;
  EXPECT_NEAR(centroid(0, t), 440, 1);
  EXPECT_LT(bandwidth(0, t), 30);
  EXPECT_EQ(chroma(9, t), 1);
  EXPECT_LT(chroma(3, t), 0.01);
  EXPECT_NEAR(zcr(0, t), 2 * 440.0 / 16000, 1.0 / 2048);
  EXPECT_NEAR(rms(0, t), 0.5 / std::sqrt(2.0), 1e-3);
  EXPECT_LT(flatness(0, t), 1e-4);
}

TEST(Acoustic, FeaturesDoNotDependOnEachOther) {
  const std::vector<float> samples = Noise(9000, 4);
  const AcousticComputer all(Options(AllFeatures()));
  const Matrix together = all.Compute(samples);
  EXPECT_EQ(all.RowNames().size(), together.rows);
  std::size_t row = 0;
  for (AcousticFeature feature : AllFeatures()) {
    const Matrix alone = Compute(feature, samples);
    ASSERT_EQ(alone.cols, together.cols);
    for (std::size_t r = 0; r < alone.rows; ++r, ++row)
      for (std::size_t t = 0; t < alone.cols; ++t) ASSERT_EQ(alone(r, t), together(row, t));
  }
  EXPECT_EQ(row, together.rows);
}

TEST(Acoustic, SilenceAndTheShortestInputAreFinite) {
  const AcousticComputer all(Options(AllFeatures()));
  for (std::size_t size : {0u, 1u, 300u, 5000u}) {
    for (float value : all.Compute(std::vector<float>(size)).data)
      ASSERT_TRUE(std::isfinite(value));
    for (float value : all.Compute(Noise(size, 2)).data) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(Acoustic, OtherRates) {
  AcousticOptions options = Options({AcousticFeature::kCentroid, AcousticFeature::kMfcc});
  options.frames.sample_rate = 44100;
  options.frames.fmax = 22050;
  const Matrix features = AcousticComputer(options).Compute(Tone(3000, 0.5, 0.5, 44100));
  EXPECT_NEAR(features(0, features.cols / 2), 3000, 10);
  options.features = {AcousticFeature::kContrast};
  EXPECT_NO_THROW(AcousticComputer{options});
  options.frames.sample_rate = 8000;
  options.frames.fmax = 4000;
  EXPECT_THAT(FailureOf([&] { AcousticComputer{options}; }), ::testing::HasSubstr("12800"));
  options.features = {AcousticFeature::kMfcc};
  options.n_mfcc = 129;
  EXPECT_THAT(FailureOf([&] { AcousticComputer{options}; }), ::testing::HasSubstr("n_mfcc is 129"));
}

TEST(Summarize, ByHand) {
  Matrix matrix(2, 4);
  matrix.data = {1, 2, 3, 6, -1, -1, -1, -1};
  const std::vector<Statistic> all = {Statistic::kMean, Statistic::kStd, Statistic::kMin,
                                      Statistic::kMax};
  EXPECT_THAT(
      Summarize(matrix, all),
      ::testing::ElementsAre(3, ::testing::FloatNear(std::sqrt(3.5f), 1e-6f), 1, 6, -1, 0, -1, -1));
  EXPECT_THAT(Summarize(matrix, {Statistic::kMax}), ::testing::ElementsAre(6, -1));
  EXPECT_THAT(SummaryNames({"a", "b"}, {Statistic::kMean, Statistic::kMax}),
              ::testing::ElementsAre("a_mean", "a_max", "b_mean", "b_max"));
}

TEST(OverallSummary, Has33NumbersOfAllValues) {
  const std::vector<float> samples = Noise(12345, 8);
  const std::vector<float> summary = OverallSummary(samples, AcousticOptions());
  const std::vector<std::string> names = OverallSummaryNames();
  ASSERT_EQ(summary.size(), 33u);
  ASSERT_EQ(names.size(), 33u);
  const Matrix contrast = Compute(AcousticFeature::kContrast, samples);
  const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), "contrast_mean") -
                                           names.begin());
  EXPECT_NEAR(summary[at],
              std::accumulate(contrast.data.begin(), contrast.data.end(), 0.0) /
                  static_cast<double>(contrast.data.size()),
              1e-4);
  EXPECT_EQ(summary[at + 3], *std::max_element(contrast.data.begin(), contrast.data.end()));
  const Matrix rms = Compute(AcousticFeature::kRms, samples);
  EXPECT_EQ(names[32], "energy");
  EXPECT_NEAR(
      summary[32],
      std::accumulate(rms.data.begin(), rms.data.end(), 0.0) / static_cast<double>(rms.data.size()),
      1e-6);
}

}  // namespace
}  // namespace vpr
