// Text files that are built into the program (cmake/EmbedFiles.cmake).
#pragma once

#include <string_view>

namespace vpr {

struct EmbeddedFile {
  std::string_view name, content;
};

}  // namespace vpr
