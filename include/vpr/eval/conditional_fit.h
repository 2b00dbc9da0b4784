// A conditional score and its thresholds, from trials of several corpora, each left out once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/score/calibration.h"
#include "vpr/score/conditional_score.h"

namespace vpr {

// Trials of one corpus in one form of its recordings ("as recorded", "telephone"); the groups of
// the trials are not looked at.
struct TrialCell {
  std::size_t corpus = 0;  // which, from 0
  std::string form;
  std::vector<ConditionalTrial> trials;
};

// Errors on a cell by a score and thresholds that its corpus took no part in finding. By wanted
// false match rate, as FmrThreshold; NaN without such trials.
struct LeftOutRates {
  std::size_t corpus = 0;
  std::string form;
  std::size_t targets = 0, nontargets = 0;
  std::vector<double> fmr, fnmr;
};

struct ConditionalFit {
  ConditionalScore score;              // fitted to all; centre empty
  ScoreThresholds thresholds;          // calibration empty: the score is a calibrated LLR
  std::vector<LeftOutRates> left_out;  // cell by cell; empty of a single corpus
};

// Corpora count alike, and within one its cells. The score: FitConditionalScore of all of them.
// Thresholds: every corpus is scored as fitted to the others alone (if there are others). The
// threshold for a false match rate is the lowest at which no corpus has more than that rate, in the
// mean over its cells; the decision's is that of the equal error rate over the first cells of the
// corpora, their recordings as they are: over all, degraded forms would make it a low one, at which
// usual recordings match falsely. Rates told with them are means over the corpora. `left_out`: each
// corpus by a score and thresholds found in that same way from the others, if there are three
// corpora or more. Throws what FitConditionalScore throws; kInvalidArgument without cells. `basis`:
// as for FindThresholds.
ConditionalFit FitConditional(const std::vector<TrialCell>& cells, const std::string& basis);

}  // namespace vpr
