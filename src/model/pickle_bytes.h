// What every reader of Python's pickles reads them by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vpr/base/error.h"

namespace vpr {

// Throws kCorrupt where the pickle ends too early.
class PickleBytes {
 public:
  explicit PickleBytes(std::string_view pickle) : pickle_(pickle) {}

  static Error Damaged(const std::string& what) {
    return Error(ErrorCode::kCorrupt, "a pickle in it is damaged: " + what);
  }

  std::string_view Take(std::uint64_t size) {
    if (size > pickle_.size() - at_) throw Damaged("it is cut off");
    const std::string_view bytes = pickle_.substr(at_, size);
    at_ += size;
    return bytes;
  }

  // Little-endian, of so many bytes.
  std::uint64_t Number(std::uint64_t size) {
    const std::string_view bytes = Take(size);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  }

  // Without its end.
  std::string_view Line() {
    const std::size_t end = pickle_.find('\n', at_);
    if (end == std::string_view::npos) throw Damaged("it is cut off");
    const std::string_view line = Take(end - at_);
    Take(1);
    return line;
  }

  std::size_t at() const { return at_; }
  // From byte `begin` to where it has been read.
  std::string_view Since(std::size_t begin) const { return pickle_.substr(begin, at_ - begin); }

 private:
  std::string_view pickle_;
  std::size_t at_ = 0;
};

}  // namespace vpr
