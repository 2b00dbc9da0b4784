#include "audio/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kSpooled = 32 << 20;  // bytes of a pipe that stay in memory
constexpr std::size_t kBlock = 1 << 20;

std::string Reason(int error) { return std::strerror(error); }

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  std::size_t ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset >= bytes_.size()) return 0;
    return bytes_.copy(reinterpret_cast<char*>(out.data()), out.size(),
                       static_cast<std::size_t>(offset));
  }

 private:
  std::string bytes_;
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class FileSource final : public ByteSource {
 public:
  FileSource(Descriptor file, std::string name, std::uint64_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  std::size_t ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset >= size_) return 0;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
    std::size_t done = 0;
    while (done < wanted) {
      const ssize_t got =
          ::pread(file_.get(), out.data() + done, wanted - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw Error(ErrorCode::kIo, "cannot read '" + Printable(name_) + "': " + Reason(errno));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  Descriptor file_;
  std::string name_;
  std::uint64_t size_;
};

// A file that nobody else can open and that is gone with its descriptor.
Descriptor TemporaryFile(const std::string& name) {
  std::vector<std::string> folders;
  if (const char* folder = std::getenv("TMPDIR"); folder != nullptr && *folder != '\0')
    folders.emplace_back(folder);
  folders.insert(folders.end(), {"/var/tmp", "/tmp"});
  int error = 0;
  for (const std::string& folder : folders) {
    int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd < 0) {  // not every file system has files without a name
      std::string path = folder + "/vpr.XXXXXX";
      fd = ::mkostemp(path.data(), O_CLOEXEC);
      if (fd >= 0) ::unlink(path.c_str());
    }
    if (fd >= 0) return Descriptor(fd);
    error = errno;
  }
  throw Error(ErrorCode::kIo, "cannot keep '" + Printable(name) +
                                  "' in a temporary file: " + Reason(error) +
                                  "; set TMPDIR to a folder with room, or read it from a file");
}

std::unique_ptr<ByteSource> ReadPipe(int fd, const std::string& name, std::uint64_t most) {
  std::string memory;
  std::vector<char> block(kBlock);
  std::uint64_t size = 0;
  auto write = [&](const Descriptor& file, const char* data, std::size_t count) {
    for (std::size_t done = 0; done < count;) {
      const ssize_t wrote = ::write(file.get(), data + done, count - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0)
        throw Error(ErrorCode::kIo,
                    "cannot keep '" + Printable(name) + "' in a temporary file: " + Reason(errno) +
                        "; set TMPDIR to a folder with room, or read it from a file");
      done += static_cast<std::size_t>(wrote);
    }
  };
  std::optional<Descriptor> file;
  for (;;) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(ErrorCode::kIo, "cannot read '" + Printable(name) + "': " + Reason(errno));
    if (got == 0) break;
    const auto count = static_cast<std::size_t>(got);
    size += count;
    if (size > most)
      throw Error(ErrorCode::kUnusable,
                  Format("cannot use '%s': it goes on after %llu bytes, more than the longest "
                         "recording allowed has; raise the limit with --max-hours, or cut it",
                         Printable(name).c_str(), static_cast<unsigned long long>(most)));
    if (!file && size > kSpooled) {
      file.emplace(TemporaryFile(name));
      write(*file, memory.data(), memory.size());
      memory = {};
    }
    if (!file) {
      memory.append(block.data(), count);
    } else {
      write(*file, block.data(), count);
    }
  }
  if (!file) return BytesInMemory(std::move(memory));
  return std::make_unique<FileSource>(std::move(*file), name, size);
}

}  // namespace

std::unique_ptr<ByteSource> BytesInMemory(std::string bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

std::unique_ptr<ByteSource> OpenBytes(const std::string& path, std::uint64_t most_of_pipe,
                                      bool* streamed) {
  *streamed = true;
  if (path == "-") return ReadPipe(STDIN_FILENO, "standard input", most_of_pipe);
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    const ErrorCode code =
        errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
    throw Error(code, "cannot open '" + Printable(path) + "': " + Reason(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw Error(ErrorCode::kIo, "cannot read '" + Printable(path) + "': " + Reason(errno));
  if (S_ISDIR(status.st_mode))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot read '" + Printable(path) + "': it is a directory, expected a file");
  struct stat null {};
  const bool is_null = ::stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev;
  // /dev/zero goes on until the disk is full.
  if (S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && !is_null && ::isatty(file.get()) == 0))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot read '" + Printable(path) + "': it is a device, expected a file");
  if (!S_ISREG(status.st_mode)) return ReadPipe(file.get(), path, most_of_pipe);
  *streamed = false;
  return std::make_unique<FileSource>(std::move(file), path,
                                      static_cast<std::uint64_t>(status.st_size));
}

JoinedSource::JoinedSource(std::string header, std::vector<ByteRange> ranges,
                           const ByteSource& source)
    : header_(std::move(header)),
      ranges_(std::move(ranges)),
      source_(source),
      size_(header_.size()) {
  for (const ByteRange& range : ranges_) {
    starts_.push_back(size_);
    size_ += range.size;
  }
}

std::size_t JoinedSource::ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) const {
  std::size_t done = 0;
  if (offset < header_.size())
    done = header_.copy(reinterpret_cast<char*>(out.data()), out.size(),
                        static_cast<std::size_t>(offset));
  while (done < out.size() && offset + done < size_) {
    const std::uint64_t at = offset + done;
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), at);
    VPR_CHECK(next != starts_.begin());
    const auto i = static_cast<std::size_t>(next - starts_.begin() - 1);
    const std::uint64_t inside = at - starts_[i];
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(out.size() - done, ranges_[i].size - inside));
    const std::size_t got = source_.ReadAt(ranges_[i].begin + inside, out.subspan(done, wanted));
    done += got;
    if (got < wanted) break;
  }
  return done;
}

std::uint8_t ByteView::At(std::uint64_t offset) {
  if (offset >= size_) return 0;
  if (!page_.Holds(offset)) {
    std::swap(page_, other_);
    if (!page_.Holds(offset)) {
      page_.begin = offset / kPage * kPage;
      page_.bytes.resize(kPage);
      page_.bytes.resize(source_.ReadAt(page_.begin, page_.bytes));
      // A file that became shorter since.
      if (!page_.Holds(offset)) return 0;
    }
  }
  return page_.bytes[static_cast<std::size_t>(offset - page_.begin)];
}

std::span<const std::uint8_t> ByteView::From(std::uint64_t offset) {
  At(offset);
  if (!page_.Holds(offset)) return {};
  return std::span(page_.bytes).subspan(static_cast<std::size_t>(offset - page_.begin));
}

std::uint64_t ByteView::Number(std::uint64_t offset, std::size_t width, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value = value << 8 | At(offset + (big_endian ? i : width - 1 - i));
  return value;
}

bool ByteView::Has(std::uint64_t offset, std::string_view tag) {
  if (Left(offset) < tag.size()) return false;
  for (std::size_t i = 0; i < tag.size(); ++i)
    if (At(offset + i) != static_cast<std::uint8_t>(tag[i])) return false;
  return true;
}

std::string ByteView::Text(std::uint64_t offset, std::size_t length) {
  std::string text;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(length, Left(offset)); ++i)
    text += static_cast<char>(At(offset + i));
  return text;
}

std::uint64_t ByteView::Find(std::uint64_t offset, std::uint64_t end, std::string_view tag) {
  end = std::min(end, size_);
  std::vector<std::uint8_t> block(kBlock);
  while (offset < end && end - offset >= tag.size()) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, end - offset));
    const std::size_t got = source_.ReadAt(offset, std::span(block).first(wanted));
    const auto stop = block.begin() + static_cast<std::ptrdiff_t>(got);
    const auto found =
        std::search(block.begin(), stop, tag.begin(), tag.end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
    if (found != stop) return offset + static_cast<std::uint64_t>(found - block.begin());
    if (got < wanted || got == end - offset) break;
    offset += got - (tag.size() - 1);
  }
  return end;
}

std::uint64_t ByteCursor::Seek(std::int64_t offset, int whence) noexcept {
  const auto size = static_cast<std::int64_t>(size_);
  const std::int64_t base = whence == SEEK_SET   ? 0
                            : whence == SEEK_CUR ? static_cast<std::int64_t>(position_)
                                                 : size;
  // Both lie within +-2^62, or the sum is beyond the file anyway.
  std::int64_t sum = 0;
  if (__builtin_add_overflow(base, offset, &sum)) sum = offset < 0 ? 0 : size;
  position_ = static_cast<std::uint64_t>(std::clamp<std::int64_t>(sum, 0, size));
  return position_;
}

std::size_t ByteCursor::Read(void* out, std::size_t size) noexcept {
  auto* to = static_cast<std::uint8_t*>(out);
  std::size_t done = 0;
  while (done < size && position_ < size_ && failure_.empty()) {
    if (position_ < buffer_begin_ || position_ - buffer_begin_ >= buffer_.size()) {
      try {
        buffer_.resize(kBuffer);
        buffer_begin_ = position_;
        buffer_.resize(source_.ReadAt(position_, buffer_));
      } catch (const std::exception& error) {
        buffer_.clear();
        failure_ = error.what();
        break;
      }
      if (buffer_.empty()) break;
    }
    const auto inside = static_cast<std::size_t>(position_ - buffer_begin_);
    const std::size_t count = std::min(size - done, buffer_.size() - inside);
    std::memcpy(to + done, buffer_.data() + inside, count);
    done += count;
    position_ += count;
  }
  return done;
}

}  // namespace vpr
