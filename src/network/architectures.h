// Every architecture there is; each is defined in the file of its name.
#pragma once

#include "vpr/network/architecture.h"

namespace vpr {

extern const Architecture kResNet;
extern const Architecture kEcapa;
extern const Architecture kDwNet;
extern const Architecture kCampPlus;
extern const Architecture kCnn;
extern const Architecture kGe2e;
extern const Architecture kEfficientNetB0;
extern const Architecture kEfficientNetSmall;

}  // namespace vpr
