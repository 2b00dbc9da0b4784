// Diarization error rates as words and as JSON (docs/json.md).
#pragma once

#include <string>

#include "vpr/diarize/error_rate.h"

namespace vpr {

// Of several recordings a line each, then all together.
std::string ToText(const ScoredFiles& scored);
// One JSON object on a line of its own.
std::string ToJson(const ScoredFiles& scored);

}  // namespace vpr
