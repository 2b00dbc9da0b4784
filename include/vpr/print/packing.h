// Packed data sets, in words and as JSON (docs/json.md). The JSON is on several lines.
#pragma once

#include <string>
#include <vector>

#include "vpr/dataset/pack.h"

namespace vpr {

// Empty if nothing was packed.
std::string ToText(const PackOptions& options, const PackReport& report);
std::string ToJson(const PackOptions& options, const PackReport& report);

// How recordings may lie in folders and lists, for the help of what packs them.
std::string SourceLayoutsHelp();

// A line a set: whether every byte is what was packed.
std::string ToText(const std::vector<VerifiedSet>& sets);
std::string ToJson(const std::vector<VerifiedSet>& sets);

}  // namespace vpr
