#include "vpr/score/cosine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

Embedding RandomUnit(Rng& rng, std::size_t dim) {
  Embedding vector(dim);
  for (float& x : vector) x = static_cast<float>(rng.Normal());
  Normalize(vector);
  return vector;
}

template <typename Call>
ErrorCode CodeOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

TEST(NormalizeTest, ScalesToLengthOne) {
  Embedding vector = {3, 0, -4};
  Normalize(vector);
  EXPECT_THAT(vector, testing::ElementsAre(0.6f, 0.f, -0.8f));
}

TEST(NormalizeTest, VeryLargeAndVerySmallNumbers) {
  for (float scale : {1e-38f, 1e38f}) {
    Embedding vector = {3 * scale, 0, -2 * scale, 1 * scale};
    Normalize(vector);
    double squares = 0;
    for (float x : vector) squares += static_cast<double>(x) * x;
    EXPECT_NEAR(squares, 1, 1e-6) << scale;
    EXPECT_NEAR(vector[0] / vector[3], 3, 1e-5) << scale;
  }
}

TEST(NormalizeTest, RefusesWhatHasNoDirection) {
  Embedding zero(4, 0.f), empty;
  Embedding nan = {1, std::numeric_limits<float>::quiet_NaN()};
  Embedding infinite = {1, std::numeric_limits<float>::infinity()};
  for (Embedding* vector : {&zero, &empty, &nan, &infinite}) {
    EXPECT_EQ(CodeOf([&] { Normalize(*vector); }), ErrorCode::kUnusable);
  }
}

TEST(CosineScoreTest, ClosedCases) {
  const Embedding x = {1, 0}, y = {0, 1}, minus_x = {-1, 0}, diagonal = {0.6f, 0.8f};
  EXPECT_DOUBLE_EQ(CosineScore(x, x), 1);
  EXPECT_DOUBLE_EQ(CosineScore(x, y), 0);
  EXPECT_DOUBLE_EQ(CosineScore(x, minus_x), -1);
  EXPECT_NEAR(CosineScore(x, diagonal), 0.6, 1e-7);
}

TEST(CosineScoreTest, StaysInRangeAndIsSymmetric) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const Embedding a = RandomUnit(rng, 257), b = RandomUnit(rng, 257);
    EXPECT_LE(CosineScore(a, a), 1);
    EXPECT_NEAR(CosineScore(a, a), 1, 1e-6);
    EXPECT_EQ(CosineScore(a, b), CosineScore(b, a));
    EXPECT_LE(std::abs(CosineScore(a, b)), 1);
  }
}

TEST(CosineScoreTest, RefusesDifferentDimensions) {
  EXPECT_EQ(CodeOf([] { CosineScore(Embedding(3), Embedding(4)); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace vpr
