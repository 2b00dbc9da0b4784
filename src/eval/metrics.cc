#include "vpr/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

struct Totals {
  double targets = 0, nontargets = 0;
};

Totals Total(const std::vector<ScoreBin>& bins) {
  Totals totals;
  for (const ScoreBin& bin : bins) {
    totals.targets += bin.targets;
    totals.nontargets += bin.nontargets;
  }
  if (!(totals.targets > 0 && totals.nontargets > 0)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("error rates need at least one target and one nontarget trial: found %.9g "
                       "and %.9g",
                       totals.targets, totals.nontargets));
  }
  return totals;
}

void CheckPrior(double p_target) {
  if (!(p_target > 0 && p_target < 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the target prior of a DCF is %g, it must be between 0 and 1", p_target));
  }
}

// log2(1 + e^x) without overflow.
double SoftPlus2(double x) {
  return (x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x))) / std::log(2.0);
}

}  // namespace

std::vector<ScoreBin> BinScores(std::vector<ScoredTrial> trials) {
  for (const ScoredTrial& trial : trials) {
    if (std::isnan(trial.score))
      throw Error(ErrorCode::kInvalidArgument, "a score is NaN: error rates need numbers");
  }
  std::sort(trials.begin(), trials.end(),
            [](const ScoredTrial& a, const ScoredTrial& b) { return a.score < b.score; });
  std::size_t different = 0;
  for (std::size_t i = 0; i < trials.size(); ++i)
    different += i == 0 || trials[i].score != trials[i - 1].score ? 1 : 0;
  std::vector<ScoreBin> bins;
  bins.reserve(different);
  for (const ScoredTrial& trial : trials) {
    if (bins.empty() || bins.back().score != trial.score) bins.push_back({trial.score, 0, 0});
    ++(trial.target ? bins.back().targets : bins.back().nontargets);
  }
  Total(bins);
  return bins;
}

std::vector<DetPoint> ComputeDet(const std::vector<ScoreBin>& bins) {
  const Totals totals = Total(bins);
  std::vector<DetPoint> det;
  det.reserve(bins.size() + 1);
  double missed = 0, rejected = 0;  // targets and nontargets below the threshold
  auto add = [&](double threshold) {
    det.push_back(
        {threshold, missed / totals.targets, (totals.nontargets - rejected) / totals.nontargets});
  };
  for (const ScoreBin& bin : bins) {
    add(bin.score);
    missed += bin.targets;
    rejected += bin.nontargets;
  }
  add(std::nextafter(bins.back().score, std::numeric_limits<double>::infinity()));
  return det;
}

std::vector<DetPoint> ComputeDet(std::vector<ScoredTrial> trials) {
  return ComputeDet(BinScores(std::move(trials)));
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

double ComputeDcf(const DetPoint& errors, double p_target) {
  CheckPrior(p_target);
  return (p_target * errors.p_miss + (1 - p_target) * errors.p_fa) /
         std::min(p_target, 1 - p_target);
}

double ComputeMinDcf(const std::vector<DetPoint>& det, double p_target) {
  CheckPrior(p_target);
  double best = std::numeric_limits<double>::infinity();
  for (const DetPoint& point : det) best = std::min(best, ComputeDcf(point, p_target));
  return best;
}

DetPoint ErrorsAt(const std::vector<ScoreBin>& bins, double threshold) {
  const Totals totals = Total(bins);
  double missed = 0, accepted = 0;
  for (const ScoreBin& bin : bins) {
    if (bin.score >= threshold) {
      accepted += bin.nontargets;
    } else {
      missed += bin.targets;
    }
  }
  return {threshold, missed / totals.targets, accepted / totals.nontargets};
}

DetPoint ErrorsAt(const std::vector<ScoredTrial>& trials, double threshold) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<ScoreBin> sides = {{-kInfinity, 0, 0}, {kInfinity, 0, 0}};
  for (const ScoredTrial& trial : trials) {
    ScoreBin& side = sides[trial.score >= threshold ? 1 : 0];
    ++(trial.target ? side.targets : side.nontargets);
  }
  return ErrorsAt(sides, threshold);
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

double BayesThreshold(double p_target) {
  CheckPrior(p_target);
  return std::log((1 - p_target) / p_target);
}

double ComputeCllr(const std::vector<ScoreBin>& bins) {
  const Totals totals = Total(bins);
  double targets = 0, nontargets = 0;
  for (const ScoreBin& bin : bins) {
    if (bin.targets > 0) targets += bin.targets * SoftPlus2(-bin.score);
    if (bin.nontargets > 0) nontargets += bin.nontargets * SoftPlus2(bin.score);
  }
  return (targets / totals.targets + nontargets / totals.nontargets) / 2;
}

double ComputeMinCllr(const std::vector<ScoreBin>& bins) {
  const Totals totals = Total(bins);
  // Pools of neighbouring bins in which the share of targets does not fall.
  std::vector<ScoreBin> pools;
  for (const ScoreBin& bin : bins) {
    pools.push_back(bin);
    while (pools.size() > 1) {
      ScoreBin& low = pools[pools.size() - 2];
      const ScoreBin& high = pools.back();
      if (low.targets * high.nontargets < high.targets * low.nontargets) break;
      low.targets += high.targets;
      low.nontargets += high.nontargets;
      pools.pop_back();
    }
  }
  std::vector<ScoreBin> calibrated;
  for (ScoreBin pool : pools) {
    pool.score =
        std::log(pool.targets / totals.targets) - std::log(pool.nontargets / totals.nontargets);
    calibrated.push_back(pool);
  }
  return ComputeCllr(calibrated);
}

}  // namespace vpr
