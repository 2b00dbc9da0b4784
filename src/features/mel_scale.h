// Slaney's mel scale (Auditory Toolbox, 1998), as librosa has it: linear below 1000 Hz, logarithmic
// above.
#pragma once

#include <cmath>

#include "vpr/base/matrix.h"
#include "vpr/features/mel.h"

namespace vpr {

// As MelFilterbank, also for transforms that are no power of two.
Matrix MelFiltersOfAnySize(const FeatureOptions& options);

inline constexpr double kMelHzPerMel = 200.0 / 3, kMelLogStartHz = 1000.0;
inline constexpr double kMelLogStart = kMelLogStartHz / kMelHzPerMel;
inline double MelLogStep() { return std::log(6.4) / 27.0; }

inline double HzToMel(double hz) {
  return hz >= kMelLogStartHz ? kMelLogStart + std::log(hz / kMelLogStartHz) / MelLogStep()
                              : hz / kMelHzPerMel;
}

inline double MelToHz(double mel) {
  return mel >= kMelLogStart ? kMelLogStartHz * std::exp(MelLogStep() * (mel - kMelLogStart))
                             : mel * kMelHzPerMel;
}

}  // namespace vpr
