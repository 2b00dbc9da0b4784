#include "vpr/eval/thresholds.h"

#include "vpr/base/error.h"
#include "vpr/eval/metrics.h"

namespace vpr {

ScoreThresholds FindThresholds(const std::vector<CalibrationTrial>& trials,
                               const std::string& basis) {
  std::vector<ScoredTrial> scored;
  scored.reserve(trials.size());
  double nontargets = 0;
  for (const CalibrationTrial& trial : trials) {
    scored.push_back({trial.score, trial.target});
    nontargets += trial.target ? 0 : 1;
  }
  const std::vector<ScoreBin> bins = BinScores(scored);
  const std::vector<DetPoint> det = ComputeDet(bins);
  ScoreThresholds found;
  const DetPoint at_eer = ErrorsAt(bins, ComputeEer(det).threshold);
  found.decision = {at_eer.threshold, at_eer.p_fa, at_eer.p_miss, "equal error rate over " + basis};
  for (double wanted : kWantedFmrs) {
    const DetPoint errors = ErrorsAt(bins, ThresholdForFmr(det, wanted));
    found.fmr_thresholds.push_back(
        {wanted, errors.threshold, errors.p_fa, errors.p_miss, nontargets * wanted >= 3});
  }
  try {
    found.calibration = FitCalibration(trials);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnusable) throw;
  }
  return found;
}

}  // namespace vpr
