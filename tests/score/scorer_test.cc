#include "vpr/score/scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

Embedding RandomUnit(Rng& rng, std::size_t dim) {
  Embedding vector(dim);
  for (float& x : vector) x = static_cast<float>(rng.Normal() + 0.3);
  Normalize(vector);
  return vector;
}

Matrix RandomUnits(Rng& rng, std::size_t rows, std::size_t dim) {
  Matrix matrix(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    const Embedding one = RandomUnit(rng, dim);
    std::copy(one.begin(), one.end(), matrix.row(r));
  }
  return matrix;
}

TEST(Scorer, IsTheCosineWithoutNormalization) {
  Rng rng(1);
  const Embedding a = RandomUnit(rng, 8), b = RandomUnit(rng, 8);
  const Scorer scorer({}, {});
  EXPECT_FALSE(scorer.normalized());
  EXPECT_FALSE(scorer.calibrated());
  const Score score = scorer.Compare(scorer.MakeVoiceprint(a, 3), scorer.MakeVoiceprint(b, 3));
  EXPECT_EQ(score.value, CosineScore(a, b));
  EXPECT_EQ(score.cosine, score.value);
  EXPECT_TRUE(std::isnan(score.llr));
}

// AS-norm from its definition, in double, everything sorted.
double OracleAsNorm(const Embedding& a, const Embedding& b, const Matrix& means, std::size_t top) {
  const std::size_t dim = a.size();
  std::vector<double> mean(dim);
  for (std::size_t r = 0; r < means.rows; ++r) {
    for (std::size_t d = 0; d < dim; ++d) mean[d] += means(r, d) / static_cast<double>(means.rows);
  }
  auto centered = [&](const float* x) {
    std::vector<double> y(dim);
    double square = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      y[d] = x[d] - mean[d];
      square += y[d] * y[d];
    }
    for (double& value : y) value /= std::sqrt(square);
    return y;
  };
  auto dot = [&](const std::vector<double>& x, const std::vector<double>& y) {
    double sum = 0;
    for (std::size_t d = 0; d < dim; ++d) sum += x[d] * y[d];
    return sum;
  };
  const std::vector<double> ca = centered(a.data()), cb = centered(b.data());
  const double s = dot(ca, cb);
  double normalized = 0;
  for (const auto& side : {ca, cb}) {
    std::vector<double> scores;
    for (std::size_t r = 0; r < means.rows; ++r)
      scores.push_back(dot(side, centered(means.row(r))));
    std::sort(scores.rbegin(), scores.rend());
    scores.resize(top);
    double mu = 0, variance = 0;
    for (double score : scores) mu += score / static_cast<double>(top);
    for (double score : scores) variance += (score - mu) * (score - mu) / static_cast<double>(top);
    normalized += (s - mu) / std::sqrt(variance) / 2;
  }
  return normalized;
}

TEST(Scorer, NormalizesAsDefined) {
  Rng rng(2);
  const Matrix means = RandomUnits(rng, 40, 12);
  for (std::size_t top : {5u, 17u, 40u}) {
    const Scorer scorer(MakeScoreNormalization(means, top), {});
    EXPECT_TRUE(scorer.normalized());
    for (int round = 0; round < 20; ++round) {
      const Embedding a = RandomUnit(rng, 12), b = RandomUnit(rng, 12);
      const Voiceprint va = scorer.MakeVoiceprint(a, 3), vb = scorer.MakeVoiceprint(b, 3);
      const Score score = scorer.Compare(va, vb);
      EXPECT_NEAR(score.value, OracleAsNorm(a, b, means, top), 2e-4);
      EXPECT_EQ(score.value, scorer.Compare(vb, va).value);
      EXPECT_EQ(score.cosine, CosineScore(a, b));
    }
  }
  // More wanted than there are: all of them.
  EXPECT_EQ(MakeScoreNormalization(means, 100).top_n, 40u);
}

TEST(Scorer, AMeanAloneIsSubtracted) {
  ScoreNormalization normalization;
  normalization.mean = {1, 0};
  const Scorer scorer(normalization, {});
  const Embedding a = {0.6f, 0.8f}, b = {0.6f, -0.8f};
  // (-0.4, 0.8) and (-0.4, -0.8)
  EXPECT_NEAR(scorer.Compare(scorer.MakeVoiceprint(a, 1), scorer.MakeVoiceprint(b, 1)).value,
              (0.16 - 0.64) / (0.16 + 0.64), 1e-6);
}

TEST(Scorer, ACohortOfOneVoiceDoesNotDivideByZero) {
  Matrix means(3, 2);
  for (std::size_t r = 0; r < 3; ++r) means(r, 0) = 1;
  ScoreNormalization normalization;
  normalization.mean = {0, 0};
  normalization.cohort = means;
  normalization.top_n = 3;
  const Scorer scorer(normalization, {});
  const Embedding a = {0.6f, 0.8f};
  EXPECT_TRUE(std::isfinite(
      scorer.Compare(scorer.MakeVoiceprint(a, 1), scorer.MakeVoiceprint(a, 1)).value));
}

TEST(Scorer, CalibratesByTheShorterSide) {
  const Calibration calibration = {10, -5, 2, 1};
  const Scorer scorer({}, calibration);
  EXPECT_TRUE(scorer.calibrated());
  const Embedding a = {1, 0}, b = {0.6f, 0.8f};
  const Voiceprint longer = scorer.MakeVoiceprint(a, 9), shorter = scorer.MakeVoiceprint(b, 2);
  const Score score = scorer.Compare(longer, shorter);
  EXPECT_EQ(score.llr, calibration.Llr(score.value, 2));
  EXPECT_EQ(scorer.Compare(shorter, longer).llr, score.llr);
}

TEST(Scorer, RefusesWhatDoesNotFit) {
  ScoreNormalization normalization;
  normalization.mean = {0, 0, 0};
  normalization.cohort = Matrix(2, 3);
  normalization.top_n = 3;
  EXPECT_THROW(Scorer(normalization, {}), Error);
  normalization.top_n = 2;
  normalization.cohort = Matrix(2, 4);
  EXPECT_THROW(Scorer(normalization, {}), Error);
  normalization.cohort = Matrix(2, 3);
  const Scorer scorer(normalization, {});
  EXPECT_THROW(scorer.MakeVoiceprint(Embedding{1, 0}, 1), Error);
}

}  // namespace
}  // namespace vpr
