#pragma once

namespace vpr {

// A fingerprint of the public headers and the compiler that this was built with. What was built
// with others cannot be trusted to lay out our types alike.
const char* BuildId();

}  // namespace vpr
