// Whether lips and sound are in step, in words and as JSON (docs/json.md).
#pragma once

#include <string>

#include "vpr/face/lip_sync.h"

namespace vpr {

std::string ToText(const ClipSync& sync);
std::string ToJson(const ClipSync& sync);

}  // namespace vpr
