// What the library may do to the process that it is in.
#pragma once

#include "vpr/base/api.h"

namespace vpr {

// Without this call: nothing that others in the process could notice. A program that owns its
// process may allow more: large blocks and freed weights go back to the system at once (mallopt,
// malloc_trim), which saves memory, and stderr leads nowhere while the sound libraries below
// PortAudio look for devices, of which they complain there.
VPR_API void OwnProcess();
VPR_API bool ProcessIsOwned();

}  // namespace vpr
