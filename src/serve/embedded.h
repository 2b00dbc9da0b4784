// Files that are built into the program: the page and the schemas (cmake/EmbedFiles.cmake).
#pragma once

#include <span>
#include <string_view>

namespace vpr {

struct EmbeddedFile {
  std::string_view name, content;
};
std::span<const EmbeddedFile> PageFiles();
std::span<const EmbeddedFile> SchemaFiles();  // "identification", "service/problem"

}  // namespace vpr
