#include "vpr/store/secret.h"

#include <sodium.h>

#include <cstring>
#include <new>
#include <utility>

#include "vpr/base/error.h"

namespace vpr {

Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) return;
  VPR_CHECK(sodium_init() >= 0);
  data_ = static_cast<char*>(sodium_malloc(size));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, size);
}

Secret::Secret(std::string_view bytes) : Secret(bytes.size()) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

Secret::~Secret() { sodium_free(data_); }

Secret::Secret(const Secret& other) : Secret(other.view()) {}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace vpr
