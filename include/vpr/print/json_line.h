// JSON as every command prints it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace vpr {

// One line, or with an `indent` many, with a line end; what is not UTF-8 becomes U+FFFD, and
// characters that nothing shows of are escaped.
std::string JsonLine(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace vpr
