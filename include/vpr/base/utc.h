// Moments as seconds since 1970 and as texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vpr {

// Seconds since 1970, now and as "2026-11-21T16:40:05Z".
std::int64_t UtcSeconds();
std::string UtcText(std::int64_t seconds);
std::string UtcNow();
// Nothing for what is no such text.
std::optional<std::int64_t> ParseUtc(const std::string& text);

}  // namespace vpr
