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

Error NotANumber() {
  return Error(ErrorCode::kUnusable,
               "its voiceprint has values that are not numbers, so it cannot be compared");
}

}  // namespace

Scorer::Scorer(ScoringModel model, const Calibration& calibration)
    : top_n_(model.top_n), calibration_(calibration), conditional_(std::move(model.conditional)) {
  if (!model.plda.empty()) {
    plda_.emplace(model.plda);
    dim_ = plda_->dim();
  }
  if (!conditional_.empty()) {
    if (plda_)
      throw Error(ErrorCode::kIncompatible,
                  "it has PLDA and a conditional score, which exclude "
                  "each other");
    dim_ = conditional_.centre.size();
    for (float value : conditional_.centre) {
      if (!std::isfinite(value))
        throw Error(ErrorCode::kIncompatible, "the centre of its score is not finite");
    }
  }
  if (top_n_ == 0) return;
  if (top_n_ > model.cohort.rows || (dim_ > 0 && model.cohort.cols != dim_))
    throw Error(ErrorCode::kIncompatible,
                Format("its cohort is %zu x %zu; embeddings have %zu values and the best %zu count",
                       model.cohort.rows, model.cohort.cols, dim_, top_n_));
  dim_ = model.cohort.cols;
  const std::size_t channel_rows = model.channel_cohort.rows;
  if (channel_rows > 0 &&
      (conditional_.empty() || model.channel_cohort.cols != dim_ || channel_rows < top_n_))
    throw Error(ErrorCode::kIncompatible,
                Format("its channel cohort is %zu x %zu; embeddings have %zu values and the best "
                       "%zu count",
                       channel_rows, model.channel_cohort.cols, dim_, top_n_));
  cohort_.voices = std::move(model.cohort);
  channel_cohort_.voices = std::move(model.channel_cohort);
  if (plda_) cohort_.own = plda_->ProjectRows(cohort_.voices);
  for (Cohort* cohort : {&cohort_, &channel_cohort_}) {
    cohort->own.resize(cohort->voices.rows);
    if (conditional_.empty()) continue;
    for (std::size_t r = 0; r < cohort->voices.rows; ++r)
      Centre(std::span(cohort->voices.row(r), dim_));
  }
}

void Scorer::Centre(std::span<float> embedding) const {
  for (std::size_t d = 0; d < dim_; ++d) embedding[d] -= conditional_.centre[d];
  Normalize(embedding);
}

double Scorer::CohortScores(const Cohort& cohort, std::span<const float> values,
                            double* deviation) const {
  const auto dim = static_cast<Eigen::Index>(dim_);
  const Eigen::Map<const RowMajor> voices(cohort.voices.data.data(),
                                          static_cast<Eigen::Index>(cohort.voices.rows), dim);
  const Eigen::Map<const Eigen::VectorXf> own(cohort.own.data(),
                                              static_cast<Eigen::Index>(cohort.own.size()));
  Eigen::VectorXf scores = voices * Eigen::Map<const Eigen::VectorXf>(values.data(), dim) + own;
  if (!scores.allFinite()) throw NotANumber();
  const auto top = static_cast<std::ptrdiff_t>(top_n_);
  std::nth_element(scores.data(), scores.data() + top - 1, scores.data() + scores.size(),
                   std::greater<float>());
  const Eigen::VectorXd best = scores.head(top).cast<double>();
  *deviation = std::sqrt((best.array() - best.mean()).square().mean());
  return best.mean();
}

Voiceprint Scorer::MakeVoiceprint(std::span<const float> embedding,
                                  const SpeechConditions& conditions) const {
  if (dim_ > 0 && embedding.size() != dim_)
    throw Error(ErrorCode::kInvalidArgument,
                Format("an embedding of %zu dimensions was made by another model than this one "
                       "of %zu",
                       embedding.size(), dim_));
  Voiceprint voiceprint;
  voiceprint.embedding.assign(embedding.begin(), embedding.end());
  voiceprint.terms.seconds = conditions.seconds;
  if (plda_) {
    PldaVector projected = plda_->Project(embedding);
    voiceprint.values = std::move(projected.values);
    voiceprint.terms.own = projected.own;
  } else {
    voiceprint.values = voiceprint.embedding;
  }
  // A number that is none would compare as neither lower nor higher, whatever the voice.
  if (!std::all_of(voiceprint.values.begin(), voiceprint.values.end(),
                   [](float value) { return std::isfinite(value); }) ||
      !std::isfinite(voiceprint.terms.own))
    throw NotANumber();
  double deviation = 0;
  if (!conditional_.empty()) {
    Centre(voiceprint.values);
    auto nearest = [&](const Cohort& cohort) {
      return cohort.voices.rows > 0 ? CohortScores(cohort, voiceprint.values, &deviation)
                                    : SpeechConditions::kUnknown;
    };
    voiceprint.conditions =
        MakeConditionTerms(conditions, nearest(cohort_), nearest(channel_cohort_));
    const double scale = conditional_.Scale(voiceprint.conditions);
    voiceprint.terms.cohort_deviation = 1 / (2 * scale);
    voiceprint.terms.cohort_mean = -conditional_.Offset(voiceprint.conditions) / scale;
    return voiceprint;
  }
  if (top_n_ == 0) return voiceprint;
  // The same constant as in a comparison.
  voiceprint.terms.cohort_mean = CohortScores(cohort_, voiceprint.values, &deviation) +
                                 (plda_ ? voiceprint.terms.own + plda_->constant() : 0.0);
  voiceprint.terms.cohort_deviation = std::max(deviation, kSmallestDeviation);
  return voiceprint;
}

double Scorer::ValueOfProduct(double product, const ScoreTerms& a, const ScoreTerms& b) const {
  const double value = constant() + (a.own + b.own) + product;
  if (top_n_ == 0 && conditional_.empty()) return value;
  return ((value - a.cohort_mean) / a.cohort_deviation +
          (value - b.cohort_mean) / b.cohort_deviation) /
         2;
}

double Scorer::Value(std::span<const float> x, const ScoreTerms& a, std::span<const float> y,
                     const ScoreTerms& b) const {
  return ValueOfProduct(plda_ ? PldaScorer::Product(x, y) : CosineScore(x, y), a, b);
}

double Scorer::Llr(double value, const ScoreTerms& a, const ScoreTerms& b) const {
  if (!conditional_.empty())
    return conditional_.most_llr > 0
               ? std::clamp(value, -conditional_.most_llr, conditional_.most_llr)
               : value;
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
