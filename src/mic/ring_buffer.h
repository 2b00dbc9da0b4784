// From a thread that must never wait to one that may.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace vpr {

// One writer, one reader, no locks, no allocation after construction. What does not fit is dropped
// and counted.
template <typename Value>
class RingBuffer {
 public:
  explicit RingBuffer(std::size_t capacity) : values_(capacity) {}

  void Write(const Value* values, std::size_t count) {
    const std::uint64_t written = written_.load(std::memory_order_relaxed);
    const std::uint64_t room = values_.size() - (written - read_.load(std::memory_order_acquire));
    const std::size_t kept = std::min<std::uint64_t>(count, room);
    for (std::size_t i = 0; i < kept; ++i) values_[(written + i) % values_.size()] = values[i];
    written_.store(written + kept, std::memory_order_release);
    if (kept < count) CountLost(count - kept);
  }

  // That never came here.
  void CountLost(std::uint64_t count) { lost_.fetch_add(count, std::memory_order_relaxed); }

  // Appends all there is; returns how much.
  std::size_t Read(std::vector<Value>& values) {
    const std::uint64_t read = read_.load(std::memory_order_relaxed);
    const std::uint64_t written = written_.load(std::memory_order_acquire);
    for (std::uint64_t i = read; i < written; ++i) values.push_back(values_[i % values_.size()]);
    read_.store(written, std::memory_order_release);
    return written - read;
  }

  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  std::vector<Value> values_;
  std::atomic<std::uint64_t> written_{0}, read_{0}, lost_{0};
};

}  // namespace vpr
