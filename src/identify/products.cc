#include "identify/products.h"

#include <algorithm>
#include <cstring>

// The compiler makes a function for each of these and the loader takes the best one.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VPR_FOR_EVERY_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VPR_FOR_EVERY_PROCESSOR
#endif

namespace vpr {
namespace {

constexpr std::size_t kLanes = 16;
using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;

// A tile of products keeps its sums in registers: each value loaded is used several times.
template <std::size_t kRows, std::size_t kProbes>
[[gnu::always_inline]] inline void Tile(const float* rows, const float* probes, std::size_t dim,
                                        float* out, std::size_t stride) {
  Lanes sums[kRows][kProbes] = {};
  std::size_t d = 0;
  for (; d + kLanes <= dim; d += kLanes) {
    Lanes x[kRows];
    for (std::size_t r = 0; r < kRows; ++r) std::memcpy(&x[r], rows + r * dim + d, sizeof(Lanes));
    for (std::size_t p = 0; p < kProbes; ++p) {
      Lanes y;
      std::memcpy(&y, probes + p * dim + d, sizeof(Lanes));
      for (std::size_t r = 0; r < kRows; ++r) sums[r][p] += x[r] * y;
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t p = 0; p < kProbes; ++p) {
      float sum = 0;
      for (std::size_t lane = 0; lane < kLanes; ++lane) sum += sums[r][p][lane];
      for (std::size_t rest = d; rest < dim; ++rest)
        sum += rows[r * dim + rest] * probes[p * dim + rest];
      out[p * stride + r] = sum;
    }
  }
}

}  // namespace

VPR_FOR_EVERY_PROCESSOR
void ScalarProducts(const float* rows, std::size_t count, const float* probes,
                    std::size_t num_probes, std::size_t dim, float* out) {
  constexpr std::size_t kRows = 4, kProbes = 4;
  // Rows that stay in the second-level cache while all probes pass over them.
  const std::size_t block = std::max<std::size_t>(kRows, 32768 / std::max<std::size_t>(dim, 1));
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t end = std::min(begin + block, count);
    std::size_t p = 0;
    for (; p + kProbes <= num_probes; p += kProbes) {
      std::size_t r = begin;
      for (; r + kRows <= end; r += kRows)
        Tile<kRows, kProbes>(rows + r * dim, probes + p * dim, dim, out + p * count + r, count);
      for (; r < end; ++r)
        Tile<1, kProbes>(rows + r * dim, probes + p * dim, dim, out + p * count + r, count);
    }
    for (; p < num_probes; ++p) {
      std::size_t r = begin;
      for (; r + kRows <= end; r += kRows)
        Tile<kRows, 1>(rows + r * dim, probes + p * dim, dim, out + p * count + r, count);
      for (; r < end; ++r)
        Tile<1, 1>(rows + r * dim, probes + p * dim, dim, out + p * count + r, count);
    }
  }
}

}  // namespace vpr
