#include "vpr/score/scorer.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kSmallestDeviation = 1e-3;

}  // namespace

Scorer::Scorer(ScoringModel model, const Calibration& calibration)
    : top_n_(model.top_n), calibration_(calibration) {
  if (!model.plda.empty()) {
    plda_.emplace(model.plda);
    dim_ = plda_->dim();
  }
  if (top_n_ == 0) return;
  Matrix& cohort = model.cohort;
  if (top_n_ > cohort.rows || (plda_ && cohort.cols != dim_))
    throw Error(ErrorCode::kIncompatible,
                Format("its cohort is %zu x %zu; embeddings have %zu values and the best %zu count",
                       cohort.rows, cohort.cols, dim_, top_n_));
  dim_ = cohort.cols;
  cohort_ = std::move(cohort);
  if (plda_) {
    cohort_own_ = plda_->ProjectRows(cohort_);
  } else {
    cohort_own_.resize(cohort_.rows);
  }
}

Voiceprint Scorer::MakeVoiceprint(std::span<const float> embedding, double seconds) const {
  if (dim_ > 0 && embedding.size() != dim_)
    throw Error(ErrorCode::kInvalidArgument,
                Format("an embedding of %zu dimensions was made by another model than this one "
                       "of %zu",
                       embedding.size(), dim_));
  Voiceprint voiceprint;
  voiceprint.embedding.assign(embedding.begin(), embedding.end());
  voiceprint.terms.seconds = seconds;
  if (plda_) {
    PldaVector projected = plda_->Project(embedding);
    voiceprint.values = std::move(projected.values);
    voiceprint.terms.own = projected.own;
  } else {
    voiceprint.values = voiceprint.embedding;
  }
  // A number that is none would compare as neither lower nor higher, whatever the voice.
  const auto check = [](bool finite) {
    if (!finite)
      throw Error(ErrorCode::kUnusable,
                  "its voiceprint has values that are not numbers, so it cannot be compared");
  };
  check(std::all_of(voiceprint.values.begin(), voiceprint.values.end(),
                    [](float value) { return std::isfinite(value); }) &&
        std::isfinite(voiceprint.terms.own));
  if (top_n_ == 0) return voiceprint;
  const Eigen::Map<const RowMajor> cohort(cohort_.data.data(),
                                          static_cast<Eigen::Index>(cohort_.rows),
                                          static_cast<Eigen::Index>(dim_));
  const Eigen::Map<const Eigen::VectorXf> own(cohort_own_.data(),
                                              static_cast<Eigen::Index>(cohort_own_.size()));
  Eigen::VectorXf scores = cohort * Eigen::Map<const Eigen::VectorXf>(
                                        voiceprint.values.data(), static_cast<Eigen::Index>(dim_)) +
                           own;
  check(scores.allFinite());
  const auto top = static_cast<std::ptrdiff_t>(top_n_);
  std::nth_element(scores.data(), scores.data() + top - 1, scores.data() + scores.size(),
                   std::greater<float>());
  const Eigen::VectorXd best = scores.head(top).cast<double>();
  // The same constant as in a comparison.
  voiceprint.terms.cohort_mean =
      best.mean() + (plda_ ? voiceprint.terms.own + plda_->constant() : 0.0);
  voiceprint.terms.cohort_deviation =
      std::max(std::sqrt((best.array() - best.mean()).square().mean()), kSmallestDeviation);
  return voiceprint;
}

double Scorer::ValueOfProduct(double product, const ScoreTerms& a, const ScoreTerms& b) const {
  const double value = constant() + (a.own + b.own) + product;
  if (top_n_ == 0) return value;
  return ((value - a.cohort_mean) / a.cohort_deviation +
          (value - b.cohort_mean) / b.cohort_deviation) /
         2;
}

double Scorer::Value(std::span<const float> x, const ScoreTerms& a, std::span<const float> y,
                     const ScoreTerms& b) const {
  return ValueOfProduct(plda_ ? PldaScorer::Product(x, y) : CosineScore(x, y), a, b);
}

double Scorer::Llr(double value, const ScoreTerms& a, const ScoreTerms& b) const {
  return calibration_.empty() ? std::numeric_limits<double>::quiet_NaN()
                              : calibration_.Llr(value, std::min(a.seconds, b.seconds));
}

Score Scorer::Compare(const Voiceprint& a, const Voiceprint& b) const {
  Score score;
  score.cosine = CosineScore(a.embedding, b.embedding);
  score.value = Value(a.values, a.terms, b.values, b.terms);
  if (!std::isfinite(score.value))
    throw Error(ErrorCode::kUnusable, "the score of two voices is not a number");
  score.llr = Llr(score.value, a.terms, b.terms);
  return score;
}

}  // namespace vpr
