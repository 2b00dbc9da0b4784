#include "vpr/print/json_line.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"

namespace vpr {

std::string JsonLine(const nlohmann::ordered_json& json, int indent) {
  std::string text =
      json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  // DEL stands in JSON as it is, and Printable writes it as JSON does not.
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;)
    text.replace(at, 1, "\\u007f");
  // Other invisible characters can only be in strings, where JSON writes them as Printable does.
  return PrintableText(text) + "\n";
}

}  // namespace vpr
