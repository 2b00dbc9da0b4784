// Threads that work off a queue of limited length.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vpr {

class WorkQueue {
 public:
  // `most`: jobs that may wait.
  WorkQueue(int threads, std::size_t most);
  ~WorkQueue();  // finishes what was taken
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False if too many wait already. The job must not throw.
  bool Post(std::function<void()> job);
  bool full() const;
  std::size_t waiting() const;
  std::size_t running() const;

 private:
  void Work();

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t running_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace vpr
