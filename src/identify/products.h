// Many scalar products at once.
#pragma once

#include <cstddef>

namespace vpr {

// out[p * count + r] = scalar product of row r of `rows` [count, dim] and row p of `probes`
// [num_probes, dim], summed in single precision. Uses what SIMD the processor has; Eigen would use
// that of the compiler's target, which is 4 floats wide.
void ScalarProducts(const float* rows, std::size_t count, const float* probes,
                    std::size_t num_probes, std::size_t dim, float* out);

}  // namespace vpr
