// The texts of src/cli/help, one a command: what stands below the options in its help.
#pragma once

#include <span>

#include "vpr/base/embedded_file.h"

namespace vpr {

std::span<const EmbeddedFile> HelpTexts();  // "compare", "speakers/remove"

}  // namespace vpr
