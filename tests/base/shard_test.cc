#include "vpr/base/shard.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vpr {
namespace {

TEST(Shard, PartsFollowOneAnotherAndAreAll) {
  for (std::size_t size : {0u, 1u, 2u, 7u, 100u, 101u}) {
    for (std::size_t count : {1u, 2u, 3u, 7u, 150u}) {
      std::size_t end = 0, shortest = size, longest = 0;
      for (std::size_t index = 1; index <= count; ++index) {
        const auto [first, last] = Shard{index, count}.Range(size);
        EXPECT_EQ(first, end);
        ASSERT_LE(first, last);
        shortest = std::min(shortest, last - first);
        longest = std::max(longest, last - first);
        end = last;
      }
      EXPECT_EQ(end, size);
      EXPECT_LE(longest, shortest + 1);
    }
  }
}

TEST(Shard, Parse) {
  const auto shard = ParseShard("3/12");
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->index, 3u);
  EXPECT_EQ(shard->count, 12u);
  EXPECT_FALSE(shard->whole());
  EXPECT_TRUE(ParseShard("1/1")->whole());
  for (const char* bad :
       {"", "1", "/", "1/", "/2", "0/2", "3/2", "0/0", "-1/2", "+1/2", "1/2/3", " 1/2", "1/2 ",
        "1.5/2", "a/b", "1/1000000001", "1/99999999999999999999999", "99999999999999999999999/1"})
    EXPECT_FALSE(ParseShard(bad)) << bad;
}

}  // namespace
}  // namespace vpr
