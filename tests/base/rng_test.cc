#include "vpr/base/rng.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace vpr {
namespace {

TEST(Rng, ReferenceValues) {
  // Vigna's splitmix64.c (prng.di.unimi.it), x = 1234567 and x = 0.
  Rng rng(1234567);
  for (std::uint64_t expected :
       {6457827717110365317ull, 3203168211198807973ull, 9817491932198370423ull,
        4593380528125082431ull, 16408922859458223821ull})
    EXPECT_EQ(rng.Next(), expected);
  EXPECT_EQ(Rng(0).Next(), 0xe220a8397b1dcdafull);
}

TEST(Rng, UniformIsInRange) {
  Rng rng(1);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    double value = rng.Uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
  for (int i = 0; i < 1000; ++i) {
    double value = rng.Uniform(-3, 5);
    ASSERT_GE(value, -3);
    ASSERT_LT(value, 5);
  }
}

TEST(Rng, BelowHitsEveryNumberEqually) {
  Rng rng(2);
  std::vector<int> hits(7);
  for (int i = 0; i < 70000; ++i) ++hits.at(rng.Below(7));
  for (int count : hits) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(rng.Below(1), 0u);
}

TEST(Rng, NormalHasItsMoments) {
  Rng rng(3);
  double sum = 0, squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    double value = rng.Normal();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.02);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
}

TEST(Rng, ShuffleIsAPermutation) {
  std::vector<int> items(100), sorted(100);
  std::iota(items.begin(), items.end(), 0);
  sorted = items;
  Rng(4).Shuffle(items);
  EXPECT_NE(items, sorted);
  EXPECT_TRUE(std::is_permutation(items.begin(), items.end(), sorted.begin()));
  std::vector<int> again = sorted;
  Rng(4).Shuffle(again);
  EXPECT_EQ(again, items);
}

TEST(Rng, StreamsDiffer) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    for (std::uint64_t epoch = 0; epoch < 10; ++epoch)
      for (int item = 0; item < 10; ++item) firsts.insert(Rng(seed, epoch, item).Next());
  EXPECT_EQ(firsts.size(), 1000u);
  EXPECT_EQ(Rng(5, 6, 7).Next(), Rng(5, 6, 7).Next());
}

}  // namespace
}  // namespace vpr
