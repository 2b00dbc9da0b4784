// Files that are built into the program: the page and the schemas (cmake/EmbedFiles.cmake).
#pragma once

#include <span>
#include <string_view>

namespace vpr {

struct PageFile {
  std::string_view name, content;
};
std::span<const PageFile> PageFiles();
std::span<const PageFile> SchemaFiles();  // "identification", "service/problem"

}  // namespace vpr
