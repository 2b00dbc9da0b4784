// Rates as people write them.
#pragma once

#include <optional>
#include <string_view>

namespace vpr {

// "0.1%", "0.1 %" or "0.001" as 0.001; nothing for what is no share between 0 and 1.
std::optional<double> ParseRate(std::string_view text);

}  // namespace vpr
