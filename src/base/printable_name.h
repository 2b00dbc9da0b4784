// Names in files of others, for messages.
#pragma once

#include <string>
#include <string_view>

#include "vpr/base/text.h"

namespace vpr {

// Printable; of a name over 100 bytes the beginning and "...".
inline std::string PrintableName(std::string_view name) {
  constexpr std::size_t kMost = 100;
  if (name.size() <= kMost) return Printable(name);
  std::size_t end = kMost;
  // Not within a character.
  while (end > kMost - 4 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return Printable(name.substr(0, end)) + "...";
}

}  // namespace vpr
