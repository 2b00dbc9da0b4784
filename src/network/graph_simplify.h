// A graph made shorter: what nobody needs is left out, and what comes after a convolution becomes
// part of it.
#pragma once

#include <string>
#include <vector>

#include "vpr/network/graph.h"

namespace vpr {

// Whether an affine node changes nothing before its activation.
bool IsIdentity(const Node& node);

// Leaves what node `last` needs, which becomes the last. `names`: one a node, kept beside it.
// `frames` of the input: for telling values with frames from those without.
void Simplify(Graph& graph, std::vector<std::string>& names, std::size_t last, std::size_t frames);

}  // namespace vpr
