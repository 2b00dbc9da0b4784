#include "vpr/base/utc.h"

#include <ctime>

namespace vpr {

std::int64_t UtcSeconds() { return std::time(nullptr); }

std::string UtcText(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string UtcNow() { return UtcText(UtcSeconds()); }

std::optional<std::int64_t> ParseUtc(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::int64_t seconds = timegm(&parts);
  // The 31st of April is no date.
  return UtcText(seconds) == text ? std::optional(seconds) : std::nullopt;
}

}  // namespace vpr
