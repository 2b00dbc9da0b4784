// From the network that is trained to the one that is run.
#pragma once

#include <map>
#include <string>

#include "vpr/network/architecture.h"

namespace vpr {

// The network in evaluation mode: batch normalisation after a convolution becomes part of it, other
// batch normalisation scales and shifts. The tensors are used up. Throws kIncompatible if one is
// missing, left over, or of another shape.
Graph Fold(const Description& description, std::map<std::string, Tensor*> tensors);

}  // namespace vpr
