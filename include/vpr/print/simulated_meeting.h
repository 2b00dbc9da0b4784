// Simulated meetings as words and as JSON (docs/json.md).
#pragma once

#include <string>

#include "vpr/diarize/simulate.h"

namespace vpr {

// One line: file, people, turns.
std::string ToRow(const WrittenMeeting& meeting);
std::string ToJson(const WrittenMeeting& meeting);

}  // namespace vpr
