#include "vpr/base/file_io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kBufferSize = 1 << 20;

std::string Reason(int error) { return std::strerror(error); }

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) {
      ErrorCode code = errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
      throw Error(code, "cannot open '" + Printable(path) + "': " + Reason(errno));
    }
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Of a path that stands for one, as /dev/stdout leads to /proc/self/fd/1; else -1.
int OpenDescriptor(std::string_view path) {
  for (std::string_view folder : {"/proc/self/fd/", "/dev/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view number = path.substr(folder.size());
    int descriptor = -1;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), descriptor);
    return error == std::errc() && end == number.data() + number.size() ? descriptor : -1;
  }
  return -1;
}

// `expected`: bytes, as far as known.
std::string ReadAll(int fd, const std::string& name, std::size_t most,
                    std::size_t expected = kBufferSize) {
  std::string content(expected + 1, '\0');  // one more, to meet the end without growing
  std::size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(content.size() * 2 + kBufferSize);
    ssize_t got = ::read(fd, content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(ErrorCode::kIo, "cannot read '" + Printable(name) + "': " + Reason(errno));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > most)
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("cannot use '%s': it holds more than %zu bytes", Printable(name).c_str(), most));
  }
  content.resize(used);
  return content;
}

}  // namespace

std::string ReadFile(const std::string& path, std::size_t most) {
  if (path == "-") return ReadAll(STDIN_FILENO, "standard input", most);
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  const bool known = ::fstat(file.get(), &status) == 0;
  if (known && S_ISDIR(status.st_mode))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot read '" + Printable(path) + "': it is a directory, expected a file");
  return known && S_ISREG(status.st_mode)
             ? ReadAll(file.get(), path, most, static_cast<std::size_t>(status.st_size))
             : ReadAll(file.get(), path, most);
}

bool IsRegularFile(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), R_OK) == 0;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw Error(ErrorCode::kIo, "cannot read '" + Printable(path) + "': " + Reason(errno));
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot read '" + Printable(path) + "': it is not a regular file");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED)
    throw Error(ErrorCode::kIo, "cannot map '" + Printable(path) + "': " + Reason(errno));
  data_ = static_cast<const std::uint8_t*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AtomicFile::AtomicFile(const std::string& path, unsigned mode) : path_(path) {
  static std::atomic<unsigned> counter{0};
  int open = OpenDescriptor(path_);
  std::error_code error;
  for (int links = 0; open < 0 && std::filesystem::is_symlink(path_, error); ++links) {
    if (links == 40)
      throw Error(ErrorCode::kIo, "cannot write '" + Printable(path) + "': " + Reason(ELOOP));
    path_ =
        (std::filesystem::path(path_).parent_path() / std::filesystem::read_symlink(path_, error))
            .string();
    open = OpenDescriptor(path_);
  }
  struct stat status {};
  if (open >= 0) {
    direct_ = true;
    temporary_path_ = path;
    fd_ = ::fcntl(open, F_DUPFD_CLOEXEC, 3);
  } else if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    direct_ = true;
    temporary_path_ = path_;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);  // of a folder: an error
  } else {
    temporary_path_ =
        path_ + Format(".tmp.%ld.%u", static_cast<long>(::getpid()), counter.fetch_add(1));
    fd_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  }
  if (fd_ < 0)
    throw Error(ErrorCode::kIo, "cannot write '" + Printable(path) + "': " + Reason(errno));
  buffer_.reserve(kBufferSize);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!direct_ && !temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

void AtomicFile::Write(const void* data, std::size_t size) {
  VPR_CHECK(fd_ >= 0);
  size_ += size;
  if (buffer_.size() + size > kBufferSize) Flush();
  buffer_.append(static_cast<const char*>(data), size);
  if (buffer_.size() > kBufferSize) Flush();
}

void AtomicFile::Flush() {
  for (std::size_t done = 0; done < buffer_.size();) {
    ssize_t wrote = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0)
      throw Error(ErrorCode::kIo, "cannot write '" + Printable(path_) + "': " + Reason(errno));
    done += static_cast<std::size_t>(wrote);
  }
  buffer_.clear();
}

void AtomicFile::Sync() {
  if (fd_ < 0) return;
  Flush();
  // Pipes and some file systems know no sync; that is not a failure to write.
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS)
    throw Error(ErrorCode::kIo, "cannot write '" + Printable(path_) + "': " + Reason(errno));
  int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0)
    throw Error(ErrorCode::kIo, "cannot write '" + Printable(path_) + "': " + Reason(errno));
}

void AtomicFile::Rename() {
  VPR_CHECK(fd_ < 0 && !temporary_path_.empty());
  if (direct_) return;
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0)
    throw Error(ErrorCode::kIo, "cannot write '" + Printable(path_) + "': " + Reason(errno));
  temporary_path_.clear();
  std::string folder = std::filesystem::path(path_).parent_path().string();
  int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
}

void WriteFileAtomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.Write(content);
  file.Commit();
}

namespace {

std::string Hexadecimal(const XXH128_hash_t& hash) {
  return Format("%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
}

}  // namespace

std::string Fingerprint(const void* data, std::size_t size) {
  return Hexadecimal(XXH3_128bits(data, size));
}

struct FingerprintStream::Impl {
  Impl() : state(XXH3_createState()) {
    VPR_CHECK(state != nullptr && XXH3_128bits_reset(state) == XXH_OK);
  }
  ~Impl() { XXH3_freeState(state); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  XXH3_state_t* state;
};

FingerprintStream::FingerprintStream() : impl_(std::make_unique<Impl>()) {}
FingerprintStream::~FingerprintStream() = default;
FingerprintStream::FingerprintStream(FingerprintStream&&) noexcept = default;
FingerprintStream& FingerprintStream::operator=(FingerprintStream&&) noexcept = default;

void FingerprintStream::Add(const void* data, std::size_t size) {
  if (size > 0) VPR_CHECK(XXH3_128bits_update(impl_->state, data, size) == XXH_OK);
}

std::string FingerprintStream::Digest() const {
  return Hexadecimal(XXH3_128bits_digest(impl_->state));
}

std::string ExecutableFolder() {
  std::error_code error;
  std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw Error(ErrorCode::kIo, "cannot find the running program: " + error.message());
  return path.parent_path().string();
}

}  // namespace vpr
