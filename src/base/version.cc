#include "vpr/base/version.h"

namespace vpr {

const char* Version() { return VPR_VERSION; }

}  // namespace vpr
