#include "vpr/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::vector<DetPoint> ComputeDet(const std::vector<ScoredTrial>& trials) {
  std::size_t targets = 0;
  for (const ScoredTrial& trial : trials) {
    if (std::isnan(trial.score)) {
      throw Error(ErrorCode::kInvalidArgument, "a score is NaN: error rates need numbers");
    }
    targets += trial.target ? 1 : 0;
  }
  const std::size_t nontargets = trials.size() - targets;
  if (targets == 0 || nontargets == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("error rates need at least one target and one nontarget trial: found %zu "
                       "and %zu",
                       targets, nontargets));
  }
  std::vector<ScoredTrial> sorted = trials;
  std::sort(sorted.begin(), sorted.end(),
            [](const ScoredTrial& a, const ScoredTrial& b) { return a.score < b.score; });

  std::vector<DetPoint> det;
  std::size_t missed = 0, rejected = 0;  // targets and nontargets below the threshold
  auto add = [&](double threshold) {
    det.push_back({threshold, static_cast<double>(missed) / static_cast<double>(targets),
                   static_cast<double>(nontargets - rejected) / static_cast<double>(nontargets)});
  };
  for (std::size_t i = 0; i < sorted.size();) {
    const double score = sorted[i].score;
    add(score);
    for (; i < sorted.size() && sorted[i].score == score; ++i)
      ++(sorted[i].target ? missed : rejected);
  }
  add(std::nextafter(sorted.back().score, std::numeric_limits<double>::infinity()));
  return det;
}

Eer ComputeEer(const std::vector<DetPoint>& det) {
  VPR_CHECK(det.size() >= 2);
  // P_miss - P_fa rises from -1 at the first point to 1 at the last.
  std::size_t i = 1;
  while (det[i].p_miss < det[i].p_fa) ++i;
  const DetPoint& low = det[i - 1];
  const DetPoint& high = det[i];
  const double below = low.p_fa - low.p_miss, above = high.p_miss - high.p_fa;
  if (above == 0) return {high.p_miss, high.threshold};
  const double t = below / (below + above);
  return {low.p_miss + t * (high.p_miss - low.p_miss),
          low.threshold + t * (high.threshold - low.threshold)};
}

double ComputeMinDcf(const std::vector<DetPoint>& det, double p_target) {
  if (!(p_target > 0 && p_target < 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the target prior of a DCF is %g, it must be between 0 and 1", p_target));
  }
  double best = std::numeric_limits<double>::infinity();
  for (const DetPoint& point : det) {
    best = std::min(best, p_target * point.p_miss + (1 - p_target) * point.p_fa);
  }
  return best / std::min(p_target, 1 - p_target);
}

DetPoint ErrorsAt(const std::vector<ScoredTrial>& trials, double threshold) {
  std::size_t targets = 0, missed = 0, accepted = 0;
  for (const ScoredTrial& trial : trials) {
    const bool accept = trial.score >= threshold;
    targets += trial.target ? 1 : 0;
    missed += trial.target && !accept ? 1 : 0;
    accepted += !trial.target && accept ? 1 : 0;
  }
  const std::size_t nontargets = trials.size() - targets;
  if (targets == 0 || nontargets == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("error rates need at least one target and one nontarget trial: found %zu "
                       "and %zu",
                       targets, nontargets));
  }
  return {threshold, static_cast<double>(missed) / static_cast<double>(targets),
          static_cast<double>(accepted) / static_cast<double>(nontargets)};
}

double ThresholdForFmr(const std::vector<DetPoint>& det, double fmr) {
  if (!(fmr >= 0 && fmr <= 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("a false match rate of %g was asked for, it must be between 0 and 1", fmr));
  }
  for (const DetPoint& point : det) {
    if (point.p_fa <= fmr) return point.threshold;
  }
  throw Error(ErrorCode::kInternal, "internal error, please report it: an incomplete DET curve");
}

}  // namespace vpr
