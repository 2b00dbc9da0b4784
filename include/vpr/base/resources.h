// Where the library finds its engines and its models.
#pragma once

#include <string>

#include "vpr/base/api.h"

namespace vpr {

// An installation's folder: it holds lib/vpr (engines) and share/vpr/models. From now on these are
// looked for only there; empty: where they are looked for otherwise. For all threads.
VPR_API void SetResourceFolder(const std::string& folder);

// The path of a part of the installation, "share/vpr/models/default.vpr" or "lib/vpr/vpr_torch.so":
// in the folder set, else in $VPR_HOME if that is not empty, else in the folder of the library or
// program that this code is in or, if it is not there, in one of the two above it. Where there is
// no such file, the path of the likeliest place, for a message: the caller looks.
VPR_API std::string ResourcePath(const std::string& relative);

}  // namespace vpr
