#include "vpr/base/large_vector.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace vpr {
namespace {

TEST(LargeVector, HoldsWhatIsPutIn) {
  for (std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{3000000}}) {
    LargeVector<std::int32_t> values;
    for (std::size_t i = 0; i < size; ++i) values.push_back(static_cast<std::int32_t>(i));
    values.resize(2 * size, 7);
    const LargeVector<std::int32_t> copy = values;
    const LargeVector<std::int32_t> moved = std::move(values);
    EXPECT_EQ(copy, moved);
    ASSERT_EQ(moved.size(), 2 * size);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(moved[i], static_cast<std::int32_t>(i));
      ASSERT_EQ(moved[size + i], 7);
    }
  }
}

}  // namespace
}  // namespace vpr
