// Every architecture there is; each is defined in the file of its name.
#pragma once

#include "torch/registry.h"

namespace vpr {

extern const Architecture kCnn;
extern const Architecture kResNet;

}  // namespace vpr
