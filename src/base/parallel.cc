#include "vpr/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace vpr {

int HardwareThreads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::size_t OrderedParallelFor(std::size_t count, int threads, std::size_t window,
                               const std::function<void(std::size_t)>& produce,
                               const std::function<void(std::size_t)>& consume,
                               const std::function<bool()>& stop) {
  window = std::max<std::size_t>(window, 1);
  std::mutex mutex;
  std::condition_variable may_produce, may_consume;
  std::vector<char> ready(window, 0);  // slot of item i: i % window
  std::size_t next = 0, consumed = 0;
  bool ending = false;
  std::exception_ptr failure;

  auto work = [&] {
    for (;;) {
      std::size_t item;
      {
        std::unique_lock lock(mutex);
        may_produce.wait(lock, [&] { return ending || next >= count || next < consumed + window; });
        if (ending || next >= count) return;
        item = next++;
      }
      try {
        produce(item);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        ending = true;
        may_produce.notify_all();
        may_consume.notify_all();
        return;
      }
      std::lock_guard lock(mutex);
      ready[item % window] = 1;
      may_consume.notify_one();
    }
  };

  std::vector<std::thread> pool;
  std::size_t size = std::min<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)), count);
  try {
    for (std::size_t i = 0; i < size; ++i) pool.emplace_back(work);
  } catch (const std::system_error&) {
    if (pool.empty()) throw;  // the system gives no more: it takes longer
  }
  try {
    while (consumed < count) {
      if (stop && stop()) break;
      std::unique_lock lock(mutex);
      may_consume.wait(lock, [&] { return ending || ready[consumed % window]; });
      if (ending) break;
      lock.unlock();
      consume(consumed);
      lock.lock();
      ready[consumed % window] = 0;
      ++consumed;
      may_produce.notify_all();
    }
  } catch (...) {
    std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
  }
  {
    std::lock_guard lock(mutex);
    ending = true;
    may_produce.notify_all();
  }
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
  return consumed;
}

void ParallelFor(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  OrderedParallelFor(count, threads, count, work, [](std::size_t) {});
}

}  // namespace vpr
