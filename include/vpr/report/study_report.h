// A search for settings as a picture and as TensorBoard reads it.
#pragma once

#include <string>

#include "vpr/tune/study.h"

namespace vpr {

// The value of every trial, the best so far, and every setting: a PNG file's bytes.
std::string DrawStudy(const Study& study);

// A run a trial in a folder of its own below `folder`: TensorBoard's table of runs shows settings
// beside results. Throws kIo.
void WriteStudyEvents(const std::string& folder, const Study& study);

}  // namespace vpr
