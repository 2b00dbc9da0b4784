// Confidence intervals by resampling speakers.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "vpr/eval/metrics.h"
#include "vpr/eval/trials.h"

namespace vpr {

struct ConfidenceInterval {
  double low, high;
};

// From the 2.5th to the 97.5th percentile, interpolated linearly, NaN left out; NaN if nothing is
// left.
ConfidenceInterval PercentileInterval(std::vector<double> values);

// Numbers computed from the error counts, NaN where one has no value.
using Statistics = std::function<std::vector<double>(const std::vector<ScoreBin>&)>;

// 95 % percentile intervals of each statistic. As many speakers as there are, are drawn with
// replacement; a target trial counts as often as its speaker was drawn, a nontarget trial the
// product of both counts (trials share speakers, so resampling trials would make the intervals too
// narrow; Poh and Bengio, "Estimating the confidence interval of expected performance curve in
// biometric authentication using joint bootstrap", ICASSP 2007). With `speakers` empty the trials
// themselves are resampled. Scores are put into at most 8192 bins first. 1000 draws, fewer (at
// least 100) from 200,000 trials. The same seed gives the same result on any number of threads.
std::vector<ConfidenceInterval> BootstrapIntervals(const std::vector<ScoredTrial>& trials,
                                                   const std::vector<TrialSpeakers>& speakers,
                                                   const Statistics& statistics,
                                                   std::uint64_t seed = 1);

}  // namespace vpr
