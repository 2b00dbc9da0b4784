// The enrolled, and what was done to them, as words and as JSON (docs/json.md).
#pragma once

#include <string>

#include "vpr/store/voice_store.h"

namespace vpr {

// One line: name, utterances, seconds, when enrolled, note, when forgotten.
std::string ToRow(const EnrolledSpeaker& speaker);
std::string SummaryJson(const EnrolledSpeaker& speaker);
// With every utterance.
std::string ToText(const EnrolledSpeaker& speaker);
std::string ToJson(const EnrolledSpeaker& speaker);

}  // namespace vpr
