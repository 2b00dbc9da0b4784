// Evaluations of trial lists as a table and as JSON (docs/json.md).
#pragma once

#include <string>
#include <vector>

#include "vpr/evaluate/list_report.h"

namespace vpr {

// Two tables, of errors and of costs, and a line a list on the searches.
std::string ToTable(const std::vector<ListReport>& reports);
std::string ToJson(const ListReport& report);

}  // namespace vpr
