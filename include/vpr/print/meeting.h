// Who speaks when as words and as JSON (docs/json.md).
#pragma once

#include <optional>
#include <string>

#include "vpr/diarize/diarizer.h"
#include "vpr/diarize/turn_formats.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {

// WriteTurns, with the recording's RecordingName.
std::string ToText(const Diarization& diarization, TurnFormat format);
// One of several on a terminal: below its file, with an empty line after it, but for the last.
std::string Titled(const Diarization& diarization, const std::string& text, bool last);

// One JSON object on a line of its own. `basis`: what the names were decided by; nothing: nobody
// was enrolled.
std::string ToJson(const Diarization& diarization, const std::optional<SearchBasis>& basis);

}  // namespace vpr
