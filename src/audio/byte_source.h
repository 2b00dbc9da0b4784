// Where the bytes of a recording come from. Nothing here holds a whole file in memory, and a file
// that shrinks while it is read gives a short read, where a mapping would end the program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/audio/decoder.h"

namespace vpr {

// Bytes in memory, which are its own.
std::unique_ptr<ByteSource> BytesInMemory(std::string bytes);

// A regular file, a pipe, or standard input ("-"). A pipe is read to its end; what exceeds some
// megabytes goes into a temporary file without a name ($TMPDIR, /var/tmp or /tmp, readable for its
// owner alone), since a recording is read more than once. `*streamed` tells that it was a pipe.
// Throws kNotFound, kIo, kInvalidArgument for a folder, kUnusable for a pipe with more than
// `most_of_pipe` bytes.
std::unique_ptr<ByteSource> OpenBytes(const std::string& path, std::uint64_t most_of_pipe,
                                      bool* streamed);

struct ByteRange {
  std::uint64_t begin = 0, size = 0;
};

// What a decoder is to see: some bytes of ours, then ranges of another source, which must outlive
// it.
class JoinedSource final : public ByteSource {
 public:
  JoinedSource(std::string header, std::vector<ByteRange> ranges, const ByteSource& source);
  std::uint64_t size() const override { return size_; }
  std::size_t ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) const override;

 private:
  std::string header_;
  std::vector<ByteRange> ranges_;
  std::vector<std::uint64_t> starts_;  // of the ranges, in what the decoder sees
  const ByteSource& source_;
  std::uint64_t size_;
};

// Looks at single bytes and numbers of a source, a page at a time. Beyond the end there are zeros.
class ByteView {
 public:
  explicit ByteView(const ByteSource& source) : source_(source), size_(source.size()) {}
  std::uint64_t size() const { return size_; }
  std::uint64_t Left(std::uint64_t offset) const { return size_ - std::min(offset, size_); }
  std::uint8_t At(std::uint64_t offset);
  // Some bytes from there on, at least one but at the end; until anything else is asked for.
  std::span<const std::uint8_t> From(std::uint64_t offset);
  std::uint64_t Number(std::uint64_t offset, std::size_t width, bool big_endian);
  bool Has(std::uint64_t offset, std::string_view tag);
  std::string Text(std::uint64_t offset, std::size_t length);  // shorter at the end
  // The first place from `offset` on, before `end`, where `tag` stands; `end` if there is none.
  std::uint64_t Find(std::uint64_t offset, std::uint64_t end, std::string_view tag);

 private:
  static constexpr std::size_t kPage = 1 << 16;
  const ByteSource& source_;
  std::uint64_t size_;
  struct Page {
    std::uint64_t begin = 0;
    std::vector<std::uint8_t> bytes;
    bool Holds(std::uint64_t offset) const {
      return offset >= begin && offset - begin < bytes.size();
    }
  };
  Page page_, other_;  // the one used last, and the one before: looking ahead goes back and forth
};

// A place in a source, for decoders written in C: never throws, but remembers what went wrong.
class ByteCursor {
 public:
  explicit ByteCursor(const ByteSource& source) : source_(source), size_(source.size()) {}
  std::uint64_t size() const { return size_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t Seek(std::int64_t offset, int whence) noexcept;  // the new position
  std::size_t Read(void* out, std::size_t size) noexcept;
  const std::string& failure() const { return failure_; }

 private:
  static constexpr std::size_t kBuffer = 1 << 16;
  const ByteSource& source_;
  std::uint64_t size_;
  std::uint64_t position_ = 0, buffer_begin_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::string failure_;
};

}  // namespace vpr
