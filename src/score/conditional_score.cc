#include "vpr/score/conditional_score.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr double kPull = 1e-6;  // on the squares of the weights
constexpr double kFewestLlr = 5;

// Bounded, and 0 for what is not known.
double Bounded(double value, double low, double high) {
  return std::isnan(value) ? 0 : std::clamp(value, low, high);
}

double Dot(const ConditionTerms& a, const ConditionTerms& b) {
  double sum = 0;
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) sum += a[k] * b[k];
  return sum;
}

// ln(1 + e^x)
double SoftPlus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

ConditionTerms MakeConditionTerms(const SpeechConditions& conditions, double cohort_cosine,
                                  double channel_cosine) {
  const double seconds = Bounded(conditions.seconds, 0.5, 16);
  return {1,
          std::log(std::max(seconds, 0.5) / 4),
          Bounded((-30 - conditions.high_band_db) / 15, 0, 1),
          Bounded((conditions.dynamics_db - 30) / 10, -1.5, 1.5),
          Bounded((std::log10(conditions.clipped) + 3) / 2, 0, 1),
          Bounded(cohort_cosine, -0.25, 0.75),
          Bounded(channel_cosine, -0.25, 0.75)};
}

double ConditionalScore::Scale(const ConditionTerms& terms) const {
  return std::max(kSmallestScale, Dot(scale, terms));
}

double ConditionalScore::Offset(const ConditionTerms& terms) const { return Dot(offset, terms); }

void FitConditionalScore(const std::vector<ConditionalTrial>& trials, ConditionalScore& score,
                         const std::vector<double>& group_weights, double prior) {
  if (!(prior > 0 && prior < 1))
    throw Error(ErrorCode::kInvalidArgument, "the prior of a calibration must be between 0 and 1");
  constexpr Eigen::Index kWeights = 2 * kNumConditionTerms;
  using Vector = Eigen::Matrix<double, kWeights, 1>;
  using Square = Eigen::Matrix<double, kWeights, kWeights>;
  std::size_t num_groups = 0;
  for (const ConditionalTrial& trial : trials) num_groups = std::max(num_groups, trial.group + 1);
  std::vector<double> targets(num_groups), nontargets(num_groups);
  for (const ConditionalTrial& trial : trials) ++(trial.target ? targets : nontargets)[trial.group];
  VPR_CHECK(group_weights.empty() || group_weights.size() >= num_groups);
  auto weight_of = [&](std::size_t group) {
    return group_weights.empty() ? 1.0 : group_weights[group];
  };
  double groups_with_targets = 0, groups_with_nontargets = 0, all_nontargets = 0;
  for (std::size_t g = 0; g < num_groups; ++g) {
    groups_with_targets += targets[g] > 0 ? weight_of(g) : 0;
    groups_with_nontargets += nontargets[g] > 0 ? weight_of(g) : 0;
    all_nontargets += nontargets[g];
  }
  if (groups_with_targets == 0 || groups_with_nontargets == 0)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a score needs target and nontarget trials: found %.0f and %.0f",
                       static_cast<double>(trials.size()) - all_nontargets, all_nontargets));
  for (const ConditionalTrial& trial : trials) {
    if (!std::isfinite(trial.cosine))
      throw Error(ErrorCode::kUnusable, "a score of the trials is not a number");
  }

  // Inputs: the terms of both sides together, alone and times the cosine.
  auto inputs = [](const ConditionalTrial& trial) {
    Vector x;
    for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
      const double both = trial.a[k] + trial.b[k];
      x[static_cast<Eigen::Index>(k)] = trial.cosine * both;
      x[static_cast<Eigen::Index>(kNumConditionTerms + k)] = both;
    }
    return x;
  };
  const double log_odds = std::log(prior / (1 - prior));
  Vector pull = Vector::Constant(kPull);
  pull[kNumConditionTerms] = 0;  // the offset itself
  pull[0] = kPull / 10;          // and the scale: without it separable trials would have none
  auto cost_at = [&](const Vector& w, Vector* gradient, Square* curvature) {
    double cost = (pull.array() * w.array().square()).sum() / 2;
    if (gradient != nullptr) {
      *gradient = pull.cwiseProduct(w);
      *curvature = pull.asDiagonal();
    }
    for (const ConditionalTrial& trial : trials) {
      const double weight =
          weight_of(trial.group) *
          (trial.target ? prior / groups_with_targets / targets[trial.group]
                        : (1 - prior) / groups_with_nontargets / nontargets[trial.group]);
      const Vector x = inputs(trial);
      const double z = w.dot(x) + log_odds;
      cost += weight * SoftPlus(trial.target ? -z : z);
      if (gradient == nullptr) continue;
      const double said = 1 / (1 + std::exp(-z));
      *gradient += weight * (trial.target ? said - 1 : said) * x;
      curvature->selfadjointView<Eigen::Lower>().rankUpdate(x, weight * said * (1 - said));
    }
    if (curvature != nullptr) *curvature = Square(curvature->selfadjointView<Eigen::Lower>());
    return cost;
  };
  Vector w = Vector::Zero();
  w[0] = 1;
  for (int step = 0; step < 200; ++step) {
    Vector gradient;
    Square curvature;
    const double cost = cost_at(w, &gradient, &curvature);
    curvature.diagonal().array() += 1e-12;
    const Vector direction = curvature.ldlt().solve(gradient);
    double length = 1;
    while (length > 1e-9 && !(cost_at(w - length * direction, nullptr, nullptr) <= cost))
      length /= 2;
    w -= length * direction;
    if (direction.cwiseAbs().maxCoeff() * length < 1e-8) break;
  }
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
    score.scale[k] = w[static_cast<Eigen::Index>(k)];
    score.offset[k] = w[static_cast<Eigen::Index>(kNumConditionTerms + k)];
  }
  // Strangers, group by group.
  std::vector<double> sums(num_groups);
  for (const ConditionalTrial& trial : trials) {
    if (!trial.target)
      sums[trial.group] += (score.Scale(trial.a) + score.Scale(trial.b)) * trial.cosine +
                           score.Offset(trial.a) + score.Offset(trial.b);
  }
  double sum = 0, squares = 0;
  for (std::size_t g = 0; g < num_groups; ++g) {
    if (nontargets[g] == 0) continue;
    const double mean = sums[g] / nontargets[g];
    sum += weight_of(g) * mean;
    squares += weight_of(g) * mean * mean;
  }
  score.stranger_mean = sum / groups_with_nontargets;
  score.stranger_deviation = std::sqrt(
      std::max(0.0, squares / groups_with_nontargets - score.stranger_mean * score.stranger_mean));
  score.most_llr = std::max(kFewestLlr, std::log(std::max(all_nontargets, 1.0)));
  if (!(score.scale[0] > 0) || !w.allFinite())
    throw Error(ErrorCode::kUnusable,
                "a higher cosine does not mean the same speaker in these trials: check their "
                "labels");
}

}  // namespace vpr
