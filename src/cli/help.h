// The texts of src/cli/help, one a command: what stands below the options in its help.
#pragma once

#include <span>

#include "vpr/base/built_in_file.h"

namespace vpr {

std::span<const BuiltInFile> HelpTexts();  // "compare", "speakers/remove"

}  // namespace vpr
