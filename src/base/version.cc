#include "vpr/base/version.h"

#include "vpr/base/api.h"

namespace vpr {

VPR_API const char* Version() { return VPR_VERSION; }

}  // namespace vpr
