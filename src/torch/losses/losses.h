// Every loss there is.
#pragma once

#include "torch/registry.h"

namespace vpr {

extern const LossKind kSoftmax;  // softmax.cc
extern const LossKind kAm;       // angular_margin.cc
extern const LossKind kAam;      // angular_margin.cc

}  // namespace vpr
