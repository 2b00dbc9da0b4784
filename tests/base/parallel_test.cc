#include "vpr/base/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vpr {
namespace {

TEST(OrderedParallelFor, EachOnceAndInOrder) {
  for (int threads : {1, 2, 7, 100}) {
    for (std::size_t window : {0u, 1u, 3u, 64u}) {
      constexpr std::size_t kCount = 500;
      std::size_t slots = std::max<std::size_t>(window, 1);
      std::vector<std::size_t> results(slots);
      std::vector<std::atomic<int>> calls(kCount);
      std::vector<std::size_t> order;
      const std::thread::id caller = std::this_thread::get_id();
      std::size_t done = OrderedParallelFor(
          kCount, threads, window,
          [&](std::size_t i) {
            ++calls[i];
            results[i % slots] = i * i;
          },
          [&](std::size_t i) {
            EXPECT_EQ(std::this_thread::get_id(), caller);
            EXPECT_EQ(results[i % slots], i * i);
            order.push_back(i);
          });
      EXPECT_EQ(done, kCount);
      std::vector<std::size_t> expected(kCount);
      std::iota(expected.begin(), expected.end(), 0u);
      EXPECT_EQ(order, expected);
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(OrderedParallelFor, NothingToDo) {
  EXPECT_EQ(OrderedParallelFor(
                0, 4, 4, [](std::size_t) { FAIL(); }, [](std::size_t) { FAIL(); }),
            0u);
}

TEST(OrderedParallelFor, WindowBoundsWhatIsUnderWay) {
  constexpr std::size_t kWindow = 5;
  std::atomic<std::size_t> consumed{0};
  std::atomic<std::size_t> widest{0};
  OrderedParallelFor(
      300, 4, kWindow,
      [&](std::size_t i) {
        // `consumed` counts a finished consume() slightly early or exactly, never late.
        std::size_t ahead = i + 1 - std::min(i + 1, consumed.load());
        std::size_t seen = widest.load();
        while (ahead > seen && !widest.compare_exchange_weak(seen, ahead)) {
        }
      },
      [&](std::size_t i) { consumed = i + 1; });
  EXPECT_LE(widest.load(), kWindow);
  EXPECT_GE(widest.load(), 1u);
}

TEST(OrderedParallelFor, RunsOnSeveralThreads) {
  // Two calls that wait for each other can only end on two threads.
  std::atomic<int> arrived{0};
  OrderedParallelFor(
      2, 2, 2,
      [&](std::size_t) {
        ++arrived;
        while (arrived < 2) std::this_thread::yield();
      },
      [](std::size_t) {});
  EXPECT_EQ(arrived, 2);
}

TEST(OrderedParallelFor, ExceptionOfProduce) {
  std::vector<std::size_t> consumed;
  EXPECT_THROW(OrderedParallelFor(
                   1000, 3, 8,
                   [](std::size_t i) {
                     if (i == 100) throw std::runtime_error("produce");
                   },
                   [&](std::size_t i) { consumed.push_back(i); }),
               std::runtime_error);
  EXPECT_LE(consumed.size(), 100u);
  for (std::size_t i = 0; i < consumed.size(); ++i) EXPECT_EQ(consumed[i], i);
}

TEST(OrderedParallelFor, ExceptionOfConsume) {
  std::atomic<std::size_t> produced{0};
  EXPECT_THROW(OrderedParallelFor(
                   1000, 3, 8, [&](std::size_t) { ++produced; },
                   [](std::size_t i) {
                     if (i == 10) throw std::logic_error("consume");
                   }),
               std::logic_error);
  EXPECT_LE(produced, 10u + 8u);
}

TEST(OrderedParallelFor, Stop) {
  std::size_t count = 0;
  std::size_t done = OrderedParallelFor(
      1000, 3, 8, [](std::size_t) {}, [&](std::size_t) { ++count; }, [&] { return count == 42; });
  EXPECT_EQ(done, 42u);
  EXPECT_EQ(count, 42u);
}

TEST(HardwareThreadsTest, AtLeastOne) { EXPECT_GE(HardwareThreads(), 1); }

}  // namespace
}  // namespace vpr
