// Everything that is said about one list of scored trials.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "vpr/eval/bootstrap.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/trials.h"

namespace vpr {

// Scores, and LLRs (empty if there are none), of the same trials.
struct ScoredList {
  std::vector<ScoredTrial> scores, llrs;
  std::vector<TrialSpeakers> speakers;  // empty: unknown
};

// The rates, by their names in JSON.
enum Rate {
  kEer,
  kMinDcf01,  // target prior 0.01
  kMinDcf05,
  kActDcf01,  // of LLRs, as the next two
  kActDcf05,
  kCllr,
  kMinCllr,
  kFmr,  // at the decision threshold
  kFnmr,
  kNumRates
};
inline constexpr const char* kRateNames[kNumRates] = {
    "eer",  "min_dcf_0.01", "min_dcf_0.05", "act_dcf_0.01", "act_dcf_0.05",
    "cllr", "min_cllr",     "fmr",          "fnmr"};

inline constexpr double kNoRate = std::numeric_limits<double>::quiet_NaN();

struct Evaluation {
  std::size_t targets = 0, nontargets = 0;
  std::vector<double> rates;                  // [kNumRates], NaN where there is none
  std::vector<ConfidenceInterval> intervals;  // likewise
  double eer_threshold = 0;
  double decision_threshold = kNoRate;
};

// `decision_threshold` NaN: no FMR and FNMR. Throws kInvalidArgument without a target and a
// nontarget.
Evaluation Evaluate(const ScoredList& scored, double decision_threshold, bool intervals);

// The trials for which keep(i) is true.
ScoredList Select(const ScoredList& scored, const std::vector<bool>& keep);

}  // namespace vpr
