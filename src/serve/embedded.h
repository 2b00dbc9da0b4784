// Files that are built into the program: the page and the schemas.
#pragma once

#include <span>

#include "vpr/base/built_in_file.h"

namespace vpr {

std::span<const BuiltInFile> PageFiles();
std::span<const BuiltInFile> SchemaFiles();  // "identification", "service/problem"

}  // namespace vpr
