// Calibration and decision thresholds from scored trials.
#pragma once

#include <string>
#include <vector>

#include "vpr/score/calibration.h"

namespace vpr {

// The false match rates that thresholds are found for: 1 %, 0.1 %, 0.01 %.
inline constexpr double kWantedFmrs[] = {0.01, 0.001, 0.0001};

// `basis` says what was measured on: "all pairs of 1974 held-out utterances of 120 speakers". A
// calibration that cannot be fitted (higher scores do not mean targets) is left empty. Throws
// kInvalidArgument without a target and a nontarget.
ScoreThresholds FindThresholds(const std::vector<CalibrationTrial>& trials,
                               const std::string& basis);

}  // namespace vpr
