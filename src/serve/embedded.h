// Files that are built into the program: the page and the schemas.
#pragma once

#include <span>

#include "vpr/base/embedded_file.h"

namespace vpr {

std::span<const EmbeddedFile> PageFiles();
std::span<const EmbeddedFile> SchemaFiles();  // "identification", "service/problem"

}  // namespace vpr
