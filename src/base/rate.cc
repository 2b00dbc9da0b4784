#include "vpr/base/rate.h"

#include <charconv>

namespace vpr {

std::optional<double> ParseRate(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) rate /= 100;
  return rate > 0 && rate < 1 ? std::optional(rate) : std::nullopt;
}

}  // namespace vpr
