#include "vpr/eval/evaluation.h"

#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr Rate kOfScores[] = {kEer, kMinDcf01, kMinDcf05, kFmr, kFnmr};
constexpr Rate kOfLlrs[] = {kActDcf01, kActDcf05, kCllr, kMinCllr};

}  // namespace

Evaluation Evaluate(const ScoredList& scored, double decision_threshold, bool intervals) {
  Evaluation evaluation;
  evaluation.decision_threshold = decision_threshold;
  evaluation.rates.assign(kNumRates, kNoRate);
  evaluation.intervals.assign(kNumRates, {kNoRate, kNoRate});
  for (const ScoredTrial& trial : scored.scores)
    ++(trial.target ? evaluation.targets : evaluation.nontargets);

  auto of_scores = [&](const std::vector<ScoreBin>& bins) -> std::vector<double> {
    const std::vector<DetPoint> det = ComputeDet(bins);
    const DetPoint errors = std::isnan(decision_threshold) ? DetPoint{kNoRate, kNoRate, kNoRate}
                                                           : ErrorsAt(bins, decision_threshold);
    return {ComputeEer(det).eer, ComputeMinDcf(det, 0.01), ComputeMinDcf(det, 0.05), errors.p_fa,
            errors.p_miss};
  };
  auto of_llrs = [&](const std::vector<ScoreBin>& bins) -> std::vector<double> {
    return {ComputeDcf(ErrorsAt(bins, BayesThreshold(0.01)), 0.01),
            ComputeDcf(ErrorsAt(bins, BayesThreshold(0.05)), 0.05), ComputeCllr(bins),
            ComputeMinCllr(bins)};
  };
  auto fill = [&](const std::vector<ScoredTrial>& trials, auto names,
                  const Statistics& statistics) {
    const std::vector<double> values = statistics(BinScores(trials));
    for (std::size_t k = 0; k < values.size(); ++k) evaluation.rates[names[k]] = values[k];
    if (!intervals) return;
    const std::vector<ConfidenceInterval> found =
        BootstrapIntervals(trials, scored.speakers, statistics);
    for (std::size_t k = 0; k < found.size(); ++k) evaluation.intervals[names[k]] = found[k];
  };
  evaluation.eer_threshold = ComputeEer(ComputeDet(scored.scores)).threshold;
  fill(scored.scores, kOfScores, of_scores);
  if (!scored.llrs.empty()) fill(scored.llrs, kOfLlrs, of_llrs);
  return evaluation;
}

ScoredList Select(const ScoredList& scored, const std::vector<bool>& keep) {
  VPR_CHECK(keep.size() == scored.scores.size());
  ScoredList selected;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    selected.scores.push_back(scored.scores[i]);
    if (!scored.llrs.empty()) selected.llrs.push_back(scored.llrs[i]);
    if (!scored.speakers.empty()) selected.speakers.push_back(scored.speakers[i]);
  }
  return selected;
}

}  // namespace vpr
