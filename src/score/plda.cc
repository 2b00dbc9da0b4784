#include "vpr/score/plda.h"

#include <Eigen/Dense>
#include <cmath>
#include <map>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kWithinShrinkage = 0.2, kBetweenShrinkage = 0.1;

Eigen::Map<const RowMajor> Map(const Matrix& matrix) {
  return {matrix.data.data(), static_cast<Index>(matrix.rows), static_cast<Index>(matrix.cols)};
}

MatrixXd Shrunk(const MatrixXd& covariance, double share) {
  const Index dim = covariance.rows();
  return (1 - share) * covariance +
         share * covariance.trace() / static_cast<double>(dim) * MatrixXd::Identity(dim, dim);
}

}  // namespace

Plda FitPlda(const Matrix& embeddings, const std::vector<int>& speakers) {
  VPR_CHECK(speakers.size() == embeddings.rows);
  const auto dim = static_cast<Index>(embeddings.cols);
  const Eigen::Map<const RowMajor> all = Map(embeddings);
  std::map<int, std::vector<Index>> by_speaker;
  for (std::size_t i = 0; i < speakers.size(); ++i)
    by_speaker[speakers[i]].push_back(static_cast<Index>(i));
  std::erase_if(by_speaker, [](const auto& entry) { return entry.second.size() < 2; });
  if (by_speaker.size() < 2)
    throw Error(
        ErrorCode::kUnusable,
        Format("PLDA needs 2 speakers with 2 utterances each, found %zu", by_speaker.size()));

  const auto count = static_cast<double>(by_speaker.size());
  MatrixXd means(static_cast<Index>(by_speaker.size()), dim);
  MatrixXd within = MatrixXd::Zero(dim, dim);
  double freedom = 0, mean_share = 0;  // mean_share: of the within covariance, in a speaker's mean
  Index row = 0;
  for (const auto& [speaker, own] : by_speaker) {
    const MatrixXd utterances = all(own, Eigen::all).cast<double>();
    means.row(row) = utterances.colwise().mean();
    const MatrixXd residual = utterances.rowwise() - means.row(row);
    within.selfadjointView<Eigen::Lower>().rankUpdate(residual.transpose());
    freedom += static_cast<double>(own.size() - 1);
    mean_share += 1.0 / static_cast<double>(own.size()) / count;
    ++row;
  }
  within = MatrixXd(within.selfadjointView<Eigen::Lower>()) / freedom;
  const Eigen::RowVectorXd mean = means.colwise().mean();
  const MatrixXd residual = means.rowwise() - mean;
  const MatrixXd between = residual.transpose() * residual / count - mean_share * within;
  if (!(within.trace() > 0 && between.trace() > 0))
    throw Error(ErrorCode::kUnusable, "PLDA needs utterances that differ, and speakers that do");

  const Eigen::GeneralizedSelfAdjointEigenSolver<MatrixXd> solver(
      Shrunk(between, kBetweenShrinkage), Shrunk(within, kWithinShrinkage));
  Plda plda;
  plda.mean.resize(embeddings.cols);
  Eigen::Map<Eigen::RowVectorXf>(plda.mean.data(), dim) = mean.cast<float>();
  plda.transform = Matrix(embeddings.cols, embeddings.cols);
  Eigen::Map<RowMajor>(plda.transform.data.data(), dim, dim) =
      solver.eigenvectors().transpose().cast<float>();
  plda.between.resize(embeddings.cols);
  Eigen::Map<Eigen::VectorXf>(plda.between.data(), dim) =
      solver.eigenvalues().cwiseMax(0).cast<float>();
  return plda;
}

PldaScorer::PldaScorer(const Plda& plda) : mean_(plda.mean), whitening_(plda.transform) {
  const std::size_t dim = plda.mean.size();
  if (dim == 0 || whitening_.rows != dim || whitening_.cols != dim || plda.between.size() != dim)
    throw Error(ErrorCode::kIncompatible,
                Format("its PLDA has a mean of %zu, a transform of %zu x %zu and %zu variances",
                       dim, whitening_.rows, whitening_.cols, plda.between.size()));
  for (std::size_t i = 0; i < dim; ++i) {
    const double between = plda.between[i];
    if (!(between >= 0 && std::isfinite(between)))
      throw Error(ErrorCode::kIncompatible, "its PLDA has a variance that is not one");
    // Two utterances of one speaker correlate by this much along the coordinate.
    const double correlation = between / (1 + between);
    const double rest = 1 - correlation * correlation;
    const double scale = 1 / std::sqrt(1 + between);
    for (std::size_t j = 0; j < dim; ++j)
      whitening_(i, j) = static_cast<float>(whitening_(i, j) * scale);
    cross_.push_back(std::sqrt(correlation / rest));
    square_.push_back(-correlation * correlation / (2 * rest));
    constant_ -= 0.5 * std::log(rest);
  }
}

PldaVector PldaScorer::Project(std::span<const float> embedding) const {
  VPR_CHECK(embedding.size() == dim());
  const auto size = static_cast<Index>(dim());
  const Eigen::Map<const Eigen::VectorXf> x(embedding.data(), size), mean(mean_.data(), size);
  PldaVector vector;
  vector.values.resize(dim());
  Eigen::Map<Eigen::VectorXf>(vector.values.data(), size) = Map(whitening_) * (x - mean);
  vector.own = Finish(vector.values.data());
  return vector;
}

std::vector<float> PldaScorer::ProjectRows(Matrix& embeddings) const {
  VPR_CHECK(embeddings.cols == dim());
  Eigen::Map<RowMajor> rows(embeddings.data.data(), static_cast<Index>(embeddings.rows),
                            static_cast<Index>(dim()));
  const Eigen::Map<const Eigen::RowVectorXf> mean(mean_.data(), static_cast<Index>(dim()));
  rows = ((rows.rowwise() - mean) * Map(whitening_).transpose()).eval();
  std::vector<float> own(embeddings.rows);
  for (std::size_t r = 0; r < embeddings.rows; ++r)
    own[r] = static_cast<float>(Finish(embeddings.row(r)));
  return own;
}

double PldaScorer::Finish(float* coordinates) const {
  Eigen::Map<Eigen::VectorXf> values(coordinates, static_cast<Index>(dim()));
  const double length = values.cast<double>().norm();
  if (length > 0) values *= static_cast<float>(std::sqrt(static_cast<double>(dim())) / length);
  double own = 0;
  for (std::size_t i = 0; i < dim(); ++i) {
    const double value = coordinates[i];
    own += square_[i] * value * value;
    coordinates[i] = static_cast<float>(cross_[i] * value);
  }
  return own;
}

double PldaScorer::Llr(const PldaVector& a, const PldaVector& b) const {
  return constant_ + (a.own + b.own) + Product(a.values, b.values);
}

double PldaScorer::Product(std::span<const float> a, std::span<const float> b) {
  VPR_CHECK(a.size() == b.size());
  const auto size = static_cast<Index>(a.size());
  const Eigen::Map<const Eigen::VectorXf> x(a.data(), size), y(b.data(), size);
  return static_cast<double>(x.dot(y));
}

}  // namespace vpr
