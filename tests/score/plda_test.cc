#include "vpr/score/plda.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kDim = 4;

// The covariances that the utterances below are drawn from.
MatrixXd TrueWithin() {
  MatrixXd mix = MatrixXd::Identity(kDim, kDim);
  mix(0, 1) = 0.6;
  mix(2, 3) = -0.4;
  return 0.5 * mix * mix.transpose();
}

MatrixXd TrueBetween() {
  VectorXd variances(kDim);
  variances << 4, 1, 0.5, 0.1;
  return variances.asDiagonal();
}

VectorXd Draw(const MatrixXd& covariance, Rng& rng) {
  VectorXd normal(kDim);
  for (double& x : normal) x = rng.Normal();
  return covariance.llt().matrixL() * normal;
}

struct Utterances {
  Matrix embeddings;
  std::vector<int> speakers;
};

Utterances DrawUtterances(int speakers, int each) {
  Rng rng(5);
  Utterances drawn = {Matrix(static_cast<std::size_t>(speakers * each), kDim), {}};
  for (int s = 0; s < speakers; ++s) {
    const VectorXd voice = Draw(TrueBetween(), rng);
    for (int u = 0; u < each; ++u) {
      const VectorXd x = voice + Draw(TrueWithin(), rng);
      for (Index d = 0; d < kDim; ++d)
        drawn.embeddings(drawn.speakers.size(), static_cast<std::size_t>(d)) =
            static_cast<float>(x[d] + 3);
      drawn.speakers.push_back(7 * s);
    }
  }
  return drawn;
}

MatrixXd Shrunk(const MatrixXd& covariance, double share) {
  return (1 - share) * covariance +
         share * covariance.trace() / kDim * MatrixXd::Identity(kDim, kDim);
}

// What `plda` says the two covariances are: transform * W * transform' = 1, likewise B = between.
MatrixXd CovarianceOf(const Plda& plda, const VectorXd& diagonal) {
  MatrixXd transform(kDim, kDim);
  for (Index r = 0; r < kDim; ++r) {
    for (Index c = 0; c < kDim; ++c)
      transform(r, c) = plda.transform(static_cast<std::size_t>(r), static_cast<std::size_t>(c));
  }
  const MatrixXd inverse = transform.inverse();
  return inverse * diagonal.asDiagonal() * inverse.transpose();
}

VectorXd Between(const Plda& plda) {
  return Eigen::Map<const Eigen::VectorXf>(plda.between.data(), kDim).cast<double>();
}

TEST(FitPlda, FindsTheCovariancesThatTheUtterancesAreDrawnFrom) {
  const Utterances drawn = DrawUtterances(4000, 5);
  const Plda plda = FitPlda(drawn.embeddings, drawn.speakers);
  for (float mean : plda.mean) EXPECT_NEAR(mean, 3, 0.1);
  EXPECT_LT((CovarianceOf(plda, VectorXd::Ones(kDim)) - Shrunk(TrueWithin(), 0.2)).norm(), 0.03);
  EXPECT_LT((CovarianceOf(plda, Between(plda)) - Shrunk(TrueBetween(), 0.1)).norm(), 0.25);
}

TEST(FitPlda, LeavesOutSpeakersWithOneUtterance) {
  Utterances drawn = DrawUtterances(50, 3);
  const Plda before = FitPlda(drawn.embeddings, drawn.speakers);
  drawn.embeddings.rows += 1;
  drawn.embeddings.data.insert(drawn.embeddings.data.end(), kDim, 100.0f);
  drawn.speakers.push_back(-1);
  const Plda after = FitPlda(drawn.embeddings, drawn.speakers);
  EXPECT_EQ(after.mean, before.mean);
  EXPECT_EQ(after.between, before.between);
}

TEST(FitPlda, RefusesWhatSaysNothing) {
  const Utterances drawn = DrawUtterances(3, 1);
  EXPECT_THROW(FitPlda(drawn.embeddings, drawn.speakers), Error);
  EXPECT_THROW(FitPlda(Matrix(4, kDim), {1, 1, 2, 2}), Error);
}

// log N(x; 0, covariance)
double LogNormal(const VectorXd& x, const MatrixXd& covariance) {
  return -0.5 * (static_cast<double>(x.size()) * std::log(2 * M_PI) +
                 std::log(covariance.determinant()) + x.dot(covariance.inverse() * x));
}

TEST(PldaScorer, IsTheLogLikelihoodRatioOfTheModel) {
  const Utterances drawn = DrawUtterances(200, 4);
  const Plda plda = FitPlda(drawn.embeddings, drawn.speakers);
  const PldaScorer scorer(plda);
  ASSERT_EQ(scorer.dim(), static_cast<std::size_t>(kDim));
  const VectorXd between = Between(plda);
  const VectorXd total = between.array() + 1;
  // Normalised coordinates: total variance 1 along each, length sqrt(dim).
  auto normalized = [&](const float* embedding) {
    VectorXd y(kDim);
    for (Index r = 0; r < kDim; ++r) {
      y[r] = 0;
      for (Index c = 0; c < kDim; ++c) {
        const auto i = static_cast<std::size_t>(r), j = static_cast<std::size_t>(c);
        y[r] += static_cast<double>(plda.transform(i, j)) *
                (static_cast<double>(embedding[c]) - static_cast<double>(plda.mean[j]));
      }
      y[r] /= std::sqrt(total[r]);
    }
    return VectorXd(y / y.norm() * std::sqrt(double{kDim}));
  };
  MatrixXd same = MatrixXd::Identity(2 * kDim, 2 * kDim);
  for (Index d = 0; d < kDim; ++d) same(d, kDim + d) = same(kDim + d, d) = between[d] / total[d];
  for (std::size_t i = 0; i < 40; ++i) {
    const float *a = drawn.embeddings.row(i), *b = drawn.embeddings.row(i * 7 % 40);
    VectorXd pair(2 * kDim);
    pair << normalized(a), normalized(b);
    const double oracle =
        LogNormal(pair, same) - LogNormal(pair, MatrixXd::Identity(2 * kDim, 2 * kDim));
    const PldaVector x = scorer.Project({a, kDim}), y = scorer.Project({b, kDim});
    EXPECT_NEAR(scorer.Llr(x, y), oracle, 1e-4);
    EXPECT_EQ(scorer.Llr(x, y), scorer.Llr(y, x));
  }
}

TEST(PldaScorer, ProjectsRowsAsItProjectsOne) {
  const Utterances drawn = DrawUtterances(20, 3);
  const PldaScorer scorer(FitPlda(drawn.embeddings, drawn.speakers));
  Matrix rows = drawn.embeddings;
  const std::vector<float> own = scorer.ProjectRows(rows);
  ASSERT_EQ(own.size(), rows.rows);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    const PldaVector one = scorer.Project({drawn.embeddings.row(r), kDim});
    EXPECT_NEAR(own[r], one.own, 1e-5);
    for (std::size_t d = 0; d < static_cast<std::size_t>(kDim); ++d)
      EXPECT_NEAR(rows(r, d), one.values[d], 1e-5);
  }
}

TEST(PldaScorer, FindsTheRightOneOfTwoVoices) {
  const Utterances drawn = DrawUtterances(200, 2);
  const PldaScorer scorer(FitPlda(drawn.embeddings, drawn.speakers));
  int right = 0;
  for (std::size_t s = 0; s + 1 < 200; ++s) {
    const PldaVector a = scorer.Project({drawn.embeddings.row(2 * s), kDim}),
                     b = scorer.Project({drawn.embeddings.row(2 * s + 1), kDim}),
                     other = scorer.Project({drawn.embeddings.row(2 * s + 2), kDim});
    right += scorer.Llr(a, b) > scorer.Llr(a, other) ? 1 : 0;
  }
  EXPECT_GT(right, 150);
}

TEST(PldaScorer, RefusesPartsThatDoNotFit) {
  const Utterances drawn = DrawUtterances(20, 2);
  const Plda good = FitPlda(drawn.embeddings, drawn.speakers);
  Plda bad = good;
  bad.between.pop_back();
  EXPECT_THROW(PldaScorer{bad}, Error);
  bad = good;
  bad.transform = Matrix(kDim, kDim + 1);
  EXPECT_THROW(PldaScorer{bad}, Error);
  bad = good;
  bad.between[0] = -1;
  EXPECT_THROW(PldaScorer{bad}, Error);
  EXPECT_THROW(PldaScorer{Plda{}}, Error);
}

}  // namespace
}  // namespace vpr
