// Evaluations of trial lists, and harder copies of them, in words and as JSON (docs/json.md).
#pragma once

#include <string>
#include <vector>

#include "vpr/evaluate/degrade_trials.h"
#include "vpr/evaluate/list_report.h"

namespace vpr {

// Two tables, of errors and of costs, and a line a list on the searches.
std::string ToTable(const std::vector<ListReport>& reports);
std::string ToJson(const ListReport& report);

// `output`: the folder that they are in. The JSON is one object on a line of its own.
std::string ToText(const std::string& output, const DegradedTrials& degraded);
std::string ToJson(const std::string& output, const DegradedTrials& degraded);

}  // namespace vpr
