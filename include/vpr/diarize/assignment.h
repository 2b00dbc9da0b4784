// One-to-one assignment.
#pragma once

#include <cstddef>
#include <vector>

namespace vpr {

inline constexpr std::size_t kUnassigned = static_cast<std::size_t>(-1);

// For every row the column that it gets, each column at most once, so that the sum of the weights
// is the greatest (Hungarian method with potentials, O(n^2 m)). As many pairs as the smaller side
// has.
std::vector<std::size_t> AssignMost(const std::vector<std::vector<double>>& weights);

}  // namespace vpr
