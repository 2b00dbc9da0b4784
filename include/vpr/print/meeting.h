// The JSON of who speaks when; docs/json.md describes it.
#pragma once

#include <optional>
#include <string>

#include "vpr/diarize/diarizer.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {

// One JSON object on a line of its own. `basis`: what the names were decided by; nothing: nobody
// was enrolled.
std::string ToJson(const Diarization& diarization, const std::optional<SearchBasis>& basis);

}  // namespace vpr
