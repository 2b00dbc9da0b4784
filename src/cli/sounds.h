// Noises and impulse responses, which commands take as folders of recordings.
#pragma once

#include <string>
#include <vector>

#include "vpr/base/progress.h"

namespace vpr::cli {

// All recordings below a folder, sorted by name. `what`, for the progress: "noises". Throws
// kNotFound if there are none.
std::vector<std::vector<float>> ReadSounds(const std::string& folder, const char* what,
                                           Progress& progress, const StopRequested& stop);

}  // namespace vpr::cli
