// JSON from strangers: what nests deeply or holds very many values costs stack and memory far
// beyond its bytes, and nothing that is asked for here does.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

inline constexpr int kDeepestJson = 32;
inline constexpr std::size_t kMostJsonValues = 10000;

// Throws kInvalidArgument, for what is beyond the limits and for what is no JSON.
inline nlohmann::ordered_json ParseBounded(std::string_view text) try {
  using Json = nlohmann::ordered_json;
  std::size_t values = 0;
  return Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) {
    if (event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end)
      return true;
    if (depth > kDeepestJson)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the JSON nests deeper than %d", kDeepestJson));
    if (++values > kMostJsonValues)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the JSON holds more than %zu values", kMostJsonValues));
    return true;
  });
} catch (const nlohmann::json::parse_error& error) {
  throw Error(ErrorCode::kInvalidArgument, Format("this is no JSON, at byte %zu", error.byte));
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorCode::kInvalidArgument, "the JSON holds a number that is too large");
}

}  // namespace vpr
