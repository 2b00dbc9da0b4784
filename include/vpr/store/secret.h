// Passphrases and keys: bytes that are kept out of swap files and core dumps as far as the system
// allows, and overwritten when they go.
#pragma once

#include <cstddef>
#include <string_view>

namespace vpr {

// Its memory is locked and guarded (libsodium's sodium_malloc). Throws std::bad_alloc.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);                            // zeros
  Secret(std::string_view bytes);                               // NOLINT: as a string
  Secret(const char* text) : Secret(std::string_view(text)) {}  // NOLINT
  ~Secret();
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  char* data() { return data_; }
  const char* data() const { return data_; }
  std::string_view view() const { return {data_, size_}; }
  friend bool operator==(const Secret& a, const Secret& b) { return a.view() == b.view(); }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace vpr
