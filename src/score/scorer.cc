#include "vpr/score/scorer.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kSmallestDeviation = 1e-3;

Embedding Centered(std::span<const float> embedding, const std::vector<float>& mean) {
  Embedding centered(embedding.begin(), embedding.end());
  for (std::size_t i = 0; i < mean.size(); ++i) centered[i] -= mean[i];
  Normalize(centered);
  return centered;
}

}  // namespace

ScoreNormalization MakeScoreNormalization(const Matrix& speaker_means, std::size_t top_n) {
  VPR_CHECK(speaker_means.rows > 0);
  ScoreNormalization normalization;
  const std::size_t dim = speaker_means.cols, speakers = speaker_means.rows;
  std::vector<double> mean(dim);
  for (std::size_t s = 0; s < speakers; ++s) {
    for (std::size_t i = 0; i < dim; ++i) mean[i] += speaker_means(s, i);
  }
  for (double value : mean)
    normalization.mean.push_back(static_cast<float>(value / static_cast<double>(speakers)));
  normalization.top_n = std::min(top_n, speakers);
  normalization.cohort = Matrix(speakers, dim);
  for (std::size_t s = 0; s < speakers; ++s) {
    const std::span<const float> speaker(speaker_means.row(s), dim);
    const Embedding centered = Centered(speaker, normalization.mean);
    std::copy(centered.begin(), centered.end(), normalization.cohort.row(s));
  }
  return normalization;
}

Scorer::Scorer(ScoreNormalization normalization, const Calibration& calibration)
    : normalization_(std::move(normalization)), calibration_(calibration) {
  const ScoreNormalization& n = normalization_;
  if (n.top_n > n.cohort.rows || (n.top_n > 0 && n.cohort.cols != n.mean.size()))
    throw Error(ErrorCode::kIncompatible,
                Format("its score normalization has a cohort of %zu x %zu, a mean of %zu and "
                       "counts the best %zu",
                       n.cohort.rows, n.cohort.cols, n.mean.size(), n.top_n));
}

Voiceprint Scorer::MakeVoiceprint(std::span<const float> embedding, double seconds) const {
  const ScoreNormalization& n = normalization_;
  Voiceprint voiceprint;
  voiceprint.embedding.assign(embedding.begin(), embedding.end());
  voiceprint.seconds = seconds;
  if (n.empty()) {
    voiceprint.centered = voiceprint.embedding;
    return voiceprint;
  }
  if (embedding.size() != n.mean.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("an embedding of %zu dimensions was made by another model than this one "
                       "of %zu",
                       embedding.size(), n.mean.size()));
  voiceprint.centered = Centered(embedding, n.mean);
  if (n.top_n == 0) return voiceprint;
  const Eigen::Map<const RowMajor> cohort(n.cohort.data.data(),
                                          static_cast<Eigen::Index>(n.cohort.rows),
                                          static_cast<Eigen::Index>(n.cohort.cols));
  const Eigen::Map<const Eigen::VectorXf> centered(
      voiceprint.centered.data(), static_cast<Eigen::Index>(voiceprint.centered.size()));
  Eigen::VectorXf scores = cohort * centered;
  const auto top = static_cast<std::ptrdiff_t>(n.top_n);
  std::nth_element(scores.data(), scores.data() + top - 1, scores.data() + scores.size(),
                   std::greater<float>());
  const Eigen::VectorXd best = scores.head(top).cast<double>();
  voiceprint.cohort_mean = best.mean();
  voiceprint.cohort_deviation =
      std::max(std::sqrt((best.array() - best.mean()).square().mean()), kSmallestDeviation);
  return voiceprint;
}

Score Scorer::Compare(const Voiceprint& a, const Voiceprint& b) const {
  Score score;
  score.cosine = CosineScore(a.embedding, b.embedding);
  score.value = CosineScore(a.centered, b.centered);
  if (normalization_.top_n > 0)
    score.value = ((score.value - a.cohort_mean) / a.cohort_deviation +
                   (score.value - b.cohort_mean) / b.cohort_deviation) /
                  2;
  score.llr = calibration_.empty() ? std::numeric_limits<double>::quiet_NaN()
                                   : calibration_.Llr(score.value, std::min(a.seconds, b.seconds));
  return score;
}

}  // namespace vpr
