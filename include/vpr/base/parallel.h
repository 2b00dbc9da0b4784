// Work on all cores with results in order and bounded memory.
#pragma once

#include <cstddef>
#include <functional>

namespace vpr {

// The number of processors this process may use (at least 1).
int HardwareThreads();

// Calls produce(i) for i = 0 .. count-1 on `threads` threads, and consume(i) on the calling thread
// in strictly rising order of i, each after its produce(i). At most `window` items are produced and
// not yet consumed. produce() stores its result where consume(i) finds it (for instance in slot i %
// window). The first exception of either ends the work, after running calls finish, and is thrown
// here; `stop`, asked before each consume, ends it without one. Returns the number of items
// consumed.
std::size_t OrderedParallelFor(std::size_t count, int threads, std::size_t window,
                               const std::function<void(std::size_t)>& produce,
                               const std::function<void(std::size_t)>& consume,
                               const std::function<bool()>& stop = {});

// Calls work(i) for i = 0 .. count-1 on `threads` threads, in any order; exceptions as above.
void ParallelFor(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace vpr
