// Labels of what is seen and heard just now, in words and as JSON (docs/json.md).
#pragma once

#include <string>
#include <vector>

#include "vpr/live/label_live.h"

namespace vpr {

// A line: when, the likeliest label, and what it rests on.
std::string ToText(const std::vector<std::string>& labels, const LiveLabel& label);
std::string ToJson(const std::vector<std::string>& labels, const LiveLabel& label);

}  // namespace vpr
