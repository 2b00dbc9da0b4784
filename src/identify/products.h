// Many scalar products at once, and what a search makes of them. Uses what SIMD the processor has;
// Eigen would use that of the compiler's target, which is 4 floats wide.
#pragma once

#include <cstddef>

namespace vpr {

// out[p * count + r] = scalar product of row r of `rows` [count, dim] and row p of `probes`
// [num_probes, dim], summed in single precision in any order.
void ScalarProducts(const float* rows, std::size_t count, const float* probes,
                    std::size_t num_probes, std::size_t dim, float* out);

// One side of Scorer::Value, for any of the other.
struct RoughTerms {
  float constant, inverse_deviation, scaled_mean;
};

// For rows r < count with products[r], own[r], inverse_deviations[r], scaled_means[r]: changes
// products[r] to 1/2 [(products + own + constant) (inverse_deviations + inverse_deviation) -
// scaled_means - scaled_mean], and gives in highest[i] the highest of rows kGroup i to kGroup (i +
// 1) - 1.
inline constexpr std::size_t kGroup = 64;
void RoughScores(float* products, const float* own, const float* inverse_deviations,
                 const float* scaled_means, std::size_t count, const RoughTerms& terms,
                 float* highest);

}  // namespace vpr
