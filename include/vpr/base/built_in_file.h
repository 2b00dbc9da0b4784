// Text files that are built into the program (cmake/EmbedFiles.cmake).
#pragma once

#include <string_view>

namespace vpr {

struct BuiltInFile {
  std::string_view name, content;
};

}  // namespace vpr
