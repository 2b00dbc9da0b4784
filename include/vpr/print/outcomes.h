// The words and the JSON of what came of a call: vpr's commands print these, and other programs
// may. docs/json.md describes the JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/recognize/outcome.h"

namespace vpr {

// Several lines for a person; ends with a line end, or is empty where there is nothing to be said.
std::string ToText(const Comparison& comparison);
std::string ToText(const EnrollmentOutcome& outcome);
std::string ToText(const VerificationOutcome& outcome);
std::string ToText(const IdentificationOutcome& outcome);
std::string ToText(const ReEmbedOutcome& outcome);

// One line with tabs between: A, B, score, decision.
std::string ToRow(const Comparison& comparison);

// One JSON object on a line of its own.
std::string ToJson(const Comparison& comparison);
std::string ToJson(const EnrollmentOutcome& outcome);
std::string ToJson(const VerificationOutcome& outcome);
std::string ToJson(const IdentificationOutcome& outcome);
std::string ToJson(const ReEmbedOutcome& outcome);

// What a person should be warned of, one line each: what was left out, what is doubtful.
std::vector<std::string> Warnings(const EnrollmentOutcome& outcome);
std::vector<std::string> Warnings(const ReEmbedOutcome& outcome);
// "'a.wav' is doubtful: ..." for each.
std::vector<std::string> DoubtfulLines(const std::string& source,
                                       const std::vector<std::string>& warnings);

// The defaults of compare, verify and identify side by side, for their help.
std::string OperatingPointsHelp();

}  // namespace vpr
