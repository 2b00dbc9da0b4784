#include "identify/products.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#if defined(__x86_64__) && !defined(VPR_SANITIZED)
#define VPR_CHOOSE_BY_PROCESSOR
#endif

namespace vpr {
namespace {

template <std::size_t kLanes>
struct Simd {
  using Type [[gnu::vector_size(kLanes * sizeof(float))]] = float;
};

// The widths are those of the registers: sums that do not fit into them are kept in memory.
template <std::size_t kLanes>
struct Kernels {
  using Lanes = typename Simd<kLanes>::Type;

  // By reference, since how such vectors are passed depends on the target.
  [[gnu::always_inline]] static inline void Load(const float* from, Lanes& lanes) {
    std::memcpy(&lanes, from, sizeof(lanes));
  }

  [[gnu::always_inline]] static inline float Sum(const Lanes& lanes) {
    float values[kLanes];
    std::memcpy(values, &lanes, sizeof(lanes));
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i) values[i] += values[i + half];
    return values[0];
  }

  // One probe: bound by memory.
  template <std::size_t kRows>
  [[gnu::always_inline]] static inline void Rows(const float* rows, const float* probe,
                                                 std::size_t dim, float* out) {
    Lanes sums[kRows] = {};
    std::size_t d = 0;
    for (; d + kLanes <= dim; d += kLanes) {
      Lanes x, y;
      Load(probe + d, y);
      for (std::size_t r = 0; r < kRows; ++r) {
        Load(rows + r * dim + d, x);
        sums[r] += x * y;
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      float sum = Sum(sums[r]);
      for (std::size_t rest = d; rest < dim; ++rest) sum += rows[r * dim + rest] * probe[rest];
      out[r] = sum;
    }
  }

  // Many probes: those of a panel lie side by side, so that a sum is a lane and a value of a row
  // serves all of them.
  static constexpr std::size_t kPanel = 2 * kLanes;
  template <std::size_t kRows>
  [[gnu::always_inline]] static inline void Tile(const float* rows, const float* panel,
                                                 std::size_t dim, std::size_t probes, float* out,
                                                 std::size_t stride) {
    Lanes left[kRows] = {}, right[kRows] = {};
    for (std::size_t d = 0; d < dim; ++d) {
      Lanes a, b;
      Load(panel + d * kPanel, a);
      Load(panel + d * kPanel + kLanes, b);
      for (std::size_t r = 0; r < kRows; ++r) {
        const float x = rows[r * dim + d];
        left[r] += x * a;
        right[r] += x * b;
      }
    }
    float sums[kRows][kPanel];
    for (std::size_t r = 0; r < kRows; ++r) {
      std::memcpy(sums[r], &left[r], sizeof(Lanes));
      std::memcpy(sums[r] + kLanes, &right[r], sizeof(Lanes));
    }
    for (std::size_t p = 0; p < probes; ++p)
      for (std::size_t r = 0; r < kRows; ++r) out[p * stride + r] = sums[r][p];
  }

  template <std::size_t kRows>
  [[gnu::always_inline]] static inline void Products(const float* rows, std::size_t count,
                                                     const float* probes, std::size_t num_probes,
                                                     std::size_t dim, float* out,
                                                     std::vector<float>& panel) {
    std::size_t p = 0;
    for (; num_probes - p >= kLanes / 2; p += std::min(kPanel, num_probes - p)) {
      const std::size_t width = std::min(kPanel, num_probes - p);
      panel.assign(dim * kPanel, 0);
      for (std::size_t i = 0; i < width; ++i)
        for (std::size_t d = 0; d < dim; ++d) panel[d * kPanel + i] = probes[(p + i) * dim + d];
      std::size_t r = 0;
      for (; r + kRows <= count; r += kRows)
        Tile<kRows>(rows + r * dim, panel.data(), dim, width, out + p * count + r, count);
      for (; r < count; ++r)
        Tile<1>(rows + r * dim, panel.data(), dim, width, out + p * count + r, count);
    }
    for (; p < num_probes; ++p) {
      std::size_t r = 0;
      for (; r + 4 <= count; r += 4)
        Rows<4>(rows + r * dim, probes + p * dim, dim, out + p * count + r);
      for (; r < count; ++r) Rows<1>(rows + r * dim, probes + p * dim, dim, out + p * count + r);
    }
  }

  [[gnu::always_inline]] static inline void Scores(float* products, const float* own,
                                                   const float* inverse_deviations,
                                                   const float* scaled_means, std::size_t count,
                                                   const RoughTerms& terms, float* highest) {
    for (std::size_t begin = 0; begin < count; begin += kGroup) {
      const std::size_t end = std::min(begin + kGroup, count);
      float most = -std::numeric_limits<float>::infinity();
      std::size_t r = begin;
      if (end - begin == kGroup) {
        Lanes best = most - Lanes{};
        for (; r < end; r += kLanes) {
          Lanes product, own_term, inverse, mean;
          Load(products + r, product);
          Load(own + r, own_term);
          Load(inverse_deviations + r, inverse);
          Load(scaled_means + r, mean);
          const Lanes score =
              0.5f * ((product + own_term + terms.constant) * (inverse + terms.inverse_deviation) -
                      mean - terms.scaled_mean);
          std::memcpy(products + r, &score, sizeof(score));
          best = score > best ? score : best;
        }
        for (std::size_t lane = 0; lane < kLanes; ++lane) most = std::max(most, best[lane]);
      }
      for (; r < end; ++r) {
        products[r] = 0.5f * ((products[r] + own[r] + terms.constant) *
                                  (inverse_deviations[r] + terms.inverse_deviation) -
                              scaled_means[r] - terms.scaled_mean);
        most = std::max(most, products[r]);
      }
      highest[begin / kGroup] = most;
    }
  }
};

// For a kind of processor: its lanes, and how many rows' sums fit into its registers.
#define VPR_KERNELS(NAME, TARGET, LANES, ROWS)                                                    \
  TARGET void Products##NAME(const float* rows, std::size_t count, const float* probes,           \
                             std::size_t num_probes, std::size_t dim, float* out,                 \
                             std::vector<float>& panel) {                                         \
    Kernels<LANES>::Products<ROWS>(rows, count, probes, num_probes, dim, out, panel);             \
  }                                                                                               \
  TARGET void Scores##NAME(float* products, const float* own, const float* inverse_deviations,    \
                           const float* scaled_means, std::size_t count, const RoughTerms& terms, \
                           float* highest) {                                                      \
    Kernels<LANES>::Scores(products, own, inverse_deviations, scaled_means, count, terms,         \
                           highest);                                                              \
  }

VPR_KERNELS(Any, , 4, 4)
#ifdef VPR_CHOOSE_BY_PROCESSOR
VPR_KERNELS(Avx2, [[gnu::target("arch=x86-64-v3")]], 8, 6)
VPR_KERNELS(Avx512, [[gnu::target("arch=x86-64-v4")]], 16, 12)
#endif
#undef VPR_KERNELS

struct Chosen {
  decltype(&ProductsAny) products = ProductsAny;
  decltype(&ScoresAny) scores = ScoresAny;
};

const Chosen& Choose() {
  static const Chosen chosen = [] {
#ifdef VPR_CHOOSE_BY_PROCESSOR
    // Feature by feature, since Clang 14 does not know "x86-64-v3"; no processor has these without
    // the level's others.
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    if (v4) return Chosen{ProductsAvx512, ScoresAvx512};
    if (v3) return Chosen{ProductsAvx2, ScoresAvx2};
#endif
    return Chosen{};
  }();
  return chosen;
}

}  // namespace

void ScalarProducts(const float* rows, std::size_t count, const float* probes,
                    std::size_t num_probes, std::size_t dim, float* out) {
  std::vector<float> panel;
  Choose().products(rows, count, probes, num_probes, dim, out, panel);
}

void RoughScores(float* products, const float* own, const float* inverse_deviations,
                 const float* scaled_means, std::size_t count, const RoughTerms& terms,
                 float* highest) {
  Choose().scores(products, own, inverse_deviations, scaled_means, count, terms, highest);
}

}  // namespace vpr
