#include "vpr/diarize/assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "vpr/base/rng.h"

namespace vpr {
namespace {

double Sum(const std::vector<std::vector<double>>& weights,
           const std::vector<std::size_t>& assigned) {
  double sum = 0;
  std::set<std::size_t> taken;
  for (std::size_t i = 0; i < assigned.size(); ++i) {
    if (assigned[i] == kUnassigned) continue;
    EXPECT_TRUE(taken.insert(assigned[i]).second);
    sum += weights[i][assigned[i]];
  }
  return sum;
}

// Every order of the columns (and of columns that are none).
double MostByTrying(const std::vector<std::vector<double>>& weights) {
  const std::size_t rows = weights.size(), columns = weights[0].size();
  std::vector<std::size_t> order(std::max(rows, columns));
  std::iota(order.begin(), order.end(), 0u);
  double most = -1e300;
  do {
    double sum = 0;
    for (std::size_t i = 0; i < rows; ++i)
      if (order[i] < columns) sum += weights[i][order[i]];
    most = std::max(most, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return most;
}

TEST(AssignmentTest, EqualsTryingAll) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, 5);
    std::vector<std::vector<double>> weights(1 + rng.Below(6),
                                             std::vector<double>(1 + rng.Below(6)));
    for (std::size_t i = 1; i < weights.size(); ++i) weights[i].resize(weights[0].size());
    for (auto& row : weights)
      for (double& weight : row) weight = rng.Below(3) == 0 ? 0 : rng.Uniform(0, 10);
    EXPECT_NEAR(Sum(weights, AssignMost(weights)), MostByTrying(weights), 1e-9) << seed;
  }
}

TEST(AssignmentTest, Empty) {
  EXPECT_TRUE(AssignMost({}).empty());
  EXPECT_EQ(AssignMost({{}, {}}), (std::vector<std::size_t>{kUnassigned, kUnassigned}));
}

}  // namespace
}  // namespace vpr
