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
  const Scorer scorer;
  EXPECT_TRUE(scorer.is_cosine());
  EXPECT_FALSE(scorer.calibrated());
  const Score score = scorer.Compare(scorer.MakeVoiceprint(a, 3), scorer.MakeVoiceprint(b, 3));
  EXPECT_EQ(score.value, CosineScore(a, b));
  EXPECT_EQ(score.cosine, score.value);
  EXPECT_TRUE(std::isnan(score.llr));
}

// AS-norm from its definition: everything sorted. `raw` scores two embeddings.
template <typename Raw>
double OracleAsNorm(const Embedding& a, const Embedding& b, const Matrix& cohort, std::size_t top,
                    const Raw& raw) {
  const double s = raw(a, b);
  double normalized = 0;
  for (const Embedding& side : {a, b}) {
    std::vector<double> scores;
    for (std::size_t r = 0; r < cohort.rows; ++r)
      scores.push_back(raw(side, Embedding(cohort.row(r), cohort.row(r) + cohort.cols)));
    std::sort(scores.rbegin(), scores.rend());
    scores.resize(top);
    double mu = 0, variance = 0;
    for (double score : scores) mu += score / static_cast<double>(top);
    for (double score : scores) variance += (score - mu) * (score - mu) / static_cast<double>(top);
    normalized += (s - mu) / std::sqrt(variance) / 2;
  }
  return normalized;
}

template <typename Raw>
void ExpectNormalized(const ScoringModel& model, const Raw& raw) {
  Rng rng(3);
  const Scorer scorer(model);
  EXPECT_FALSE(scorer.is_cosine());
  for (int round = 0; round < 20; ++round) {
    const Embedding a = RandomUnit(rng, 12), b = RandomUnit(rng, 12);
    const Voiceprint va = scorer.MakeVoiceprint(a, 3), vb = scorer.MakeVoiceprint(b, 3);
    const Score score = scorer.Compare(va, vb);
    EXPECT_NEAR(score.value, OracleAsNorm(a, b, model.cohort, model.top_n, raw), 5e-4);
    EXPECT_EQ(score.value, scorer.Compare(vb, va).value);
    EXPECT_EQ(score.cosine, CosineScore(a, b));
  }
}

// Speakers of two utterances each.
Plda RandomPlda(Rng& rng, std::size_t dim) {
  Matrix utterances = RandomUnits(rng, 120, dim);
  std::vector<int> speakers;
  for (int i = 0; i < 120; ++i) speakers.push_back(i / 2);
  for (std::size_t i = 0; i < 120; i += 2) {  // the second one like the first
    for (std::size_t d = 0; d < dim; ++d)
      utterances(i + 1, d) = utterances(i, d) + 0.3f * utterances(i + 1, d);
  }
  return FitPlda(utterances, speakers);
}

TEST(Scorer, NormalizesAsDefined) {
  Rng rng(2);
  ScoringModel model;
  model.cohort = RandomUnits(rng, 40, 12);
  for (std::size_t top : {5u, 17u, 40u}) {
    model.top_n = top;
    ExpectNormalized(model, CosineScore);
  }
}

TEST(Scorer, NormalizesPlda) {
  Rng rng(4);
  ScoringModel model;
  model.cohort = RandomUnits(rng, 40, 12);
  model.top_n = 10;
  model.plda = RandomPlda(rng, 12);
  const PldaScorer plda(model.plda);
  auto raw = [&](const Embedding& a, const Embedding& b) {
    return plda.Llr(plda.Project(a), plda.Project(b));
  };
  ExpectNormalized(model, raw);
  // Without AS-norm: the ratio as it is.
  model.top_n = 0;
  const Scorer scorer(model);
  const Embedding a = RandomUnit(rng, 12), b = RandomUnit(rng, 12);
  EXPECT_EQ(scorer.Compare(scorer.MakeVoiceprint(a, 1), scorer.MakeVoiceprint(b, 1)).value,
            raw(a, b));
}

TEST(Scorer, ACohortOfOneVoiceDoesNotDivideByZero) {
  ScoringModel model;
  model.cohort = Matrix(3, 2);
  for (std::size_t r = 0; r < 3; ++r) model.cohort(r, 0) = 1;
  model.top_n = 3;
  const Scorer scorer(model);
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
  Rng rng(6);
  ScoringModel model;
  model.plda = RandomPlda(rng, 3);
  model.cohort = Matrix(2, 3);
  model.top_n = 3;
  EXPECT_THROW(Scorer{model}, Error);
  model.top_n = 2;
  model.cohort = Matrix(2, 4);
  EXPECT_THROW(Scorer{model}, Error);
  model.cohort = Matrix(2, 3);
  const Scorer scorer(model);
  EXPECT_THROW(scorer.MakeVoiceprint(Embedding{1, 0}, 1), Error);
}

}  // namespace
}  // namespace vpr
