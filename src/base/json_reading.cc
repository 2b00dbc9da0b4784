#include "base/json_reading.h"

#include <string_view>

namespace vpr {

std::string JsonReason(const nlohmann::json::exception& error) {
  const std::string_view what = error.what();
  const std::size_t end = what.starts_with("[json.exception.") ? what.find("] ") : what.npos;
  return Printable(end == what.npos ? what : what.substr(end + 2));
}

}  // namespace vpr
