// Vectors of many megabytes.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace vpr {

// Memory in huge pages where the system has them, since with small ones it is the page faults that
// take the time when hundreds of megabytes are filled. What resize() adds is not set to zero if T
// has no constructor of its own.
template <class T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) {}  // NOLINT: implicit, as allocators must be

  T* allocate(std::size_t count) {
    if (!IsLarge(count)) return std::allocator<T>().allocate(count);
    void* memory = ::operator new (count * sizeof(T), std::align_val_t{kHugePage});
    ::madvise(memory, count * sizeof(T), MADV_HUGEPAGE);  // if it can be had
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (IsLarge(count))
      ::operator delete (memory, std::align_val_t{kHugePage});
    else
      std::allocator<T>().deallocate(memory, count);
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    if constexpr (sizeof...(Args) == 0)
      ::new (static_cast<void*>(at)) U;
    else
      ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
  bool operator==(const LargeAllocator&) const { return true; }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  static bool IsLarge(std::size_t count) { return count >= 2 * kHugePage / sizeof(T); }
};

template <class T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace vpr
