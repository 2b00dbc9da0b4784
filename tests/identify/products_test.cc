#include "identify/products.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "vpr/base/rng.h"

namespace vpr {
namespace {

std::vector<float> Random(Rng& rng, std::size_t size) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(rng.Normal());
  return values;
}

// Sizes around every width of registers and tiles.
TEST(ScalarProducts, AreSumsOfProducts) {
  Rng rng(1);
  for (std::size_t dim : {1, 7, 16, 100, 192})
    for (std::size_t probes : {1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 70})
      for (std::size_t count : {1, 3, 4, 5, 6, 11, 12, 13, 40}) {
        const std::vector<float> x = Random(rng, count * dim), y = Random(rng, probes * dim);
        std::vector<float> out(count * probes);
        ScalarProducts(x.data(), count, y.data(), probes, dim, out.data());
        for (std::size_t p = 0; p < probes; ++p)
          for (std::size_t r = 0; r < count; ++r) {
            double sum = 0;
            for (std::size_t d = 0; d < dim; ++d)
              sum += double{x[r * dim + d]} * double{y[p * dim + d]};
            ASSERT_NEAR(double{out[p * count + r]}, sum, 1e-4)
                << dim << " " << probes << " " << count << " " << p << " " << r;
          }
      }
}

TEST(RoughScores, AreTheFormulaAndItsHighest) {
  Rng rng(2);
  for (std::size_t count : {std::size_t{1}, kGroup - 1, kGroup, kGroup + 1, 5 * kGroup + 7}) {
    const std::vector<float> products = Random(rng, count), own = Random(rng, count),
                             inverse = Random(rng, count), mean = Random(rng, count);
    std::vector<float> scores = products, highest((count + kGroup - 1) / kGroup);
    RoughScores(scores.data(), own.data(), inverse.data(), mean.data(), count, {0.5f, 1.5f, -0.25f},
                highest.data());
    std::vector<float> expected(highest.size(), -1e9f);
    for (std::size_t r = 0; r < count; ++r) {
      const double value =
          0.5 * ((double{products[r]} + double{own[r]} + 0.5) * (double{inverse[r]} + 1.5) -
                 double{mean[r]} + 0.25);
      ASSERT_NEAR(double{scores[r]}, value, 1e-4) << count << " " << r;
      expected[r / kGroup] = std::max(expected[r / kGroup], scores[r]);
    }
    EXPECT_EQ(highest, expected) << count;
  }
}

}  // namespace
}  // namespace vpr
