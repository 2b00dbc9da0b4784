// Measuring what a decision depends on beside the embeddings.
#pragma once

#include <span>

#include "vpr/score/conditions.h"

namespace vpr {

// Of speech at 16 kHz, as an embedding is made of it (silence cut out). Powers come from at most
// 128 spectra of 512 samples, spread evenly, so that the cost does not grow with the length: about
// half a millisecond. Without samples, or of silence, everything but the seconds is unknown.
SpeechConditions MeasureConditions(std::span<const float> speech);

}  // namespace vpr
