// Files to work on: named, listed, and of these one of several machines' part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/file_io.h"
#include "vpr/base/shard.h"
#include "vpr/base/text.h"

namespace vpr {

// Files that were named, then those of a list: its lines but empty ones. A list that is a file is
// mapped, not read: an entry takes eight bytes of memory.
class FileList {
 public:
  // `list` "-": from standard input; empty: none. Of all the files together only the shard. Throws
  // what ReadFile throws, kUnusable if there are none.
  FileList(std::vector<std::string> named, const std::string& list, const Shard& shard);

  std::size_t size() const { return named_.size() + begins_.size(); }
  std::string operator[](std::size_t i) const;
  std::vector<std::string> all() const;

 private:
  std::string_view text() const {
    return WithoutByteOrderMark(mapped_ ? mapped_->text() : std::string_view(read_));
  }

  std::vector<std::string> named_;
  std::optional<MappedFile> mapped_;
  std::string read_;                   // a list that cannot be mapped
  std::vector<std::uint64_t> begins_;  // of the entries' lines in the text
};

}  // namespace vpr
