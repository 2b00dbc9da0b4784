#include "vpr/score/calibration.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Vector = Eigen::Vector4d;

constexpr double kDurationPull = 1e-4;  // on the squares of the durations' weights

double DurationTerm(double seconds) { return std::log(std::clamp(seconds, 0.5, 16.0) / 4); }

Vector Inputs(double score, double seconds) {
  const double d = DurationTerm(seconds);
  return {score, 1, d * score, d};
}

// ln(1 + e^x)
double SoftPlus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

double Calibration::Llr(double score, double seconds) const {
  const double d = DurationTerm(seconds);
  return (scale + duration_scale * d) * score + offset + duration_offset * d;
}

Calibration FitCalibration(const std::vector<CalibrationTrial>& trials, double prior) {
  const auto targets = static_cast<double>(
      std::count_if(trials.begin(), trials.end(), [](const auto& trial) { return trial.target; }));
  const double nontargets = static_cast<double>(trials.size()) - targets;
  if (targets == 0 || nontargets == 0)
    throw Error(ErrorCode::kInvalidArgument,
                Format("calibration needs target and nontarget trials: found %.0f and %.0f",
                       targets, nontargets));
  if (targets + nontargets < 3)
    throw Error(ErrorCode::kUnusable,
                "one target and one nontarget trial are too few for a calibration");
  if (!(prior > 0 && prior < 1))
    throw Error(ErrorCode::kInvalidArgument, "the prior of a calibration must be between 0 and 1");
  const double log_odds = std::log(prior / (1 - prior));
  // Standardized scores keep the Newton steps well conditioned.
  double mean = 0, square = 0;
  for (const CalibrationTrial& trial : trials) mean += trial.score;
  mean /= static_cast<double>(trials.size());
  for (const CalibrationTrial& trial : trials) square += std::pow(trial.score - mean, 2);
  const double deviation = std::sqrt(square / static_cast<double>(trials.size()));
  if (!(deviation > 0) || !std::isfinite(deviation))
    throw Error(ErrorCode::kUnusable,
                "all scores are the same (or not numbers): nothing to calibrate");

  const Vector pull(1e-8, 0, kDurationPull, kDurationPull);
  auto cost_at = [&](const Vector& w, Vector* gradient, Eigen::Matrix4d* curvature) {
    double cost = (pull.array() * w.array().square()).sum() / 2;
    if (gradient != nullptr) {
      *gradient = pull.cwiseProduct(w);
      *curvature = pull.asDiagonal();
    }
    for (const CalibrationTrial& trial : trials) {
      const double as_target = prior / targets / (trial.target ? 1 : nontargets);
      const double as_nontarget = (1 - prior) / nontargets / (trial.target ? targets : 1);
      const Vector x = Inputs((trial.score - mean) / deviation, trial.seconds);
      const double z = w.dot(x) + log_odds;
      cost += as_target * SoftPlus(-z) + as_nontarget * SoftPlus(z);
      if (gradient == nullptr) continue;
      const double said = 1 / (1 + std::exp(-z));
      *gradient += (as_nontarget * said - as_target * (1 - said)) * x;
      *curvature += (as_target + as_nontarget) * said * (1 - said) * x * x.transpose();
    }
    return cost;
  };
  Vector w(1, 0, 0, 0);
  for (int step = 0; step < 100; ++step) {
    Vector gradient;
    Eigen::Matrix4d curvature;
    const double cost = cost_at(w, &gradient, &curvature);
    curvature.diagonal().array() += 1e-10;
    const Vector direction = curvature.ldlt().solve(gradient);
    double length = 1;
    while (length > 1e-6 && !(cost_at(w - length * direction, nullptr, nullptr) <= cost))
      length /= 2;
    w -= length * direction;
    if (direction.cwiseAbs().maxCoeff() * length < 1e-8) break;
  }
  // Back to the scores' own scale: (s - mean) / deviation.
  Calibration calibration;
  calibration.scale = w[0] / deviation;
  calibration.offset = w[1] - w[0] * mean / deviation;
  calibration.duration_scale = w[2] / deviation;
  calibration.duration_offset = w[3] - w[2] * mean / deviation;
  if (!(calibration.scale > 0))
    throw Error(ErrorCode::kUnusable,
                "higher scores do not mean the same speaker in these trials: check their labels");
  for (double number : {calibration.scale, calibration.offset, calibration.duration_scale,
                        calibration.duration_offset}) {
    if (!(std::abs(number) <= kMostScore))
      throw Error(ErrorCode::kUnusable,
                  Format("the scores lie within %g of one another, too close to be calibrated",
                         6 * deviation));
  }
  return calibration;
}

}  // namespace vpr
