#include "mic/ring_buffer.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace vpr {
namespace {

TEST(RingBuffer, KeepsTheOrderRoundTheEnd) {
  RingBuffer<float> ring(5);
  std::vector<float> out;
  const float values[] = {1, 2, 3, 4, 5, 6, 7};
  ring.Write(values, 4);
  EXPECT_EQ(ring.Read(out), 4u);
  ring.Write(values + 4, 3);
  EXPECT_EQ(ring.Read(out), 3u);
  EXPECT_EQ(out, std::vector<float>(values, values + 7));
  EXPECT_EQ(ring.Read(out), 0u);
  EXPECT_EQ(ring.lost(), 0u);
}

TEST(RingBuffer, DropsAndCountsWhatDoesNotFit) {
  RingBuffer<float> ring(5);
  const float values[] = {1, 2, 3, 4, 5, 6, 7};
  ring.Write(values, 7);
  std::vector<float> out;
  EXPECT_EQ(ring.Read(out), 5u);
  EXPECT_EQ(out, std::vector<float>(values, values + 5));
  EXPECT_EQ(ring.lost(), 2u);
}

TEST(RingBuffer, TwoThreadsLoseNothingThatFits) {
  RingBuffer<float> ring(1000);
  constexpr int kCount = 200000;
  std::thread writer([&] {
    std::vector<float> block(37);
    for (int next = 0; next < kCount;) {
      const int size = std::min<int>(37, kCount - next);
      std::iota(block.begin(), block.end(), static_cast<float>(next));
      const std::uint64_t before = ring.lost();
      ring.Write(block.data(), static_cast<std::size_t>(size));
      // What was dropped is written again: of the block the first part went in.
      next += size - static_cast<int>(ring.lost() - before);
    }
  });
  std::vector<float> out;
  while (out.size() < kCount) ring.Read(out);
  writer.join();
  for (int i = 0; i < kCount; ++i)
    ASSERT_EQ(out[static_cast<std::size_t>(i)], static_cast<float>(i));
}

}  // namespace
}  // namespace vpr
