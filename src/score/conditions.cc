#include "vpr/score/conditions.h"

#include <cmath>

namespace vpr {

SpeechConditions JoinConditions(std::span<const SpeechConditions> parts) {
  SpeechConditions joined;
  for (const SpeechConditions& part : parts) joined.seconds += part.seconds;
  for (double SpeechConditions::*value :
       {&SpeechConditions::high_band_db, &SpeechConditions::dynamics_db,
        &SpeechConditions::clipped}) {
    double sum = 0, weight = 0;
    for (const SpeechConditions& part : parts) {
      if (std::isnan(part.*value) || !(part.seconds > 0)) continue;
      sum += part.seconds * part.*value;
      weight += part.seconds;
    }
    if (weight > 0) joined.*value = sum / weight;
  }
  return joined;
}

}  // namespace vpr
