// Recordings sorted by voice as words and as JSON (docs/json.md).
#pragma once

#include <optional>
#include <string>

#include "vpr/recognize/outcome.h"
#include "vpr/recognize/voice_groups.h"

namespace vpr {

// A line on the group, then a line for each of its recordings. `identified`: who of the enrolled it
// may be; nothing: nobody was asked for.
std::string ToText(const VoiceGroups& groups, const VoicesGroup& group,
                   const std::optional<IdentificationOutcome>& identified);
// One JSON object on a line of its own.
std::string ToJson(const VoiceGroups& groups, const VoicesGroup& group,
                   const std::optional<IdentificationOutcome>& identified);

// What was decided, and what was taken back.
std::string ToText(const GroupDecision& decision);
std::string TakenBackText(const GroupDecision& decision);
std::string ToJson(const GroupDecision& decision);

}  // namespace vpr
