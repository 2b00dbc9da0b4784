// Forms with files in them (RFC 7578).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vpr {

struct FormPart {
  std::string field;
  std::optional<std::string> file;  // its name; nothing: a value
  std::string bytes;
};

// The boundary of "multipart/form-data; boundary=..."; nothing for another type.
std::optional<std::string> FormBoundary(std::string_view content_type);

// Throws kInvalidArgument with what is wrong with it, for more than `most` parts too.
std::vector<FormPart> ParseForm(std::string_view body, const std::string& boundary,
                                std::size_t most);

}  // namespace vpr
