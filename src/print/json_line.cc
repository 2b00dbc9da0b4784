#include "vpr/print/json_line.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"

namespace vpr {

std::string JsonLine(const nlohmann::ordered_json& json, int indent) {
  // Invisible characters can only be in strings, where JSON writes them as Printable does.
  return PrintableText(
             json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) +
         "\n";
}

}  // namespace vpr
