#include "vpr/base/file_io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kBufferSize = 1 << 20;

std::string Reason(int error) { return std::strerror(error); }

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) {
      ErrorCode code = errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
      throw Error(code, "cannot open '" + Printable(path) + "': " + Reason(errno));
    }
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

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

// Brings the names in an open folder to the disk; `path` is of what was written there.
void SyncFolder(int folder, const std::string& path) {
  const Descriptor opened(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 && errno == EACCES) return;  // one that we may write to but not list
  // Some file systems know no sync of folders.
  if (opened.get() < 0 || (::fsync(opened.get()) != 0 && errno != EINVAL && errno != EROFS))
    throw Error(
        ErrorCode::kIo,
        "'" + Printable(path) +
            "' was written, but its folder cannot be brought to the disk: " + Reason(errno));
}

// /dev/zero goes on until the memory is full. /dev/null ends, and is an empty file to many.
bool EndlessDevice(int fd, const struct stat& status) {
  if (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode)) return false;
  struct stat null {};
  const bool is_null = ::stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev;
  return !is_null && ::isatty(fd) == 0;
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
  if (known && EndlessDevice(file.get(), status))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot read '" + Printable(path) + "': it is a device, expected a file");
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

namespace {

Error CannotWrite(const std::string& path, const std::string& why) {
  return Error(ErrorCode::kIo, "cannot write '" + Printable(path) + "': " + why);
}

void WriteAll(int fd, const std::string& path, std::string_view text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw CannotWrite(path, Reason(errno));
    done += static_cast<std::size_t>(wrote);
  }
}

// Where a write to a path goes.
struct Place {
  Descriptor folder;                 // open with O_PATH
  std::string name;                  // in it; no link
  std::optional<struct stat> found;  // what has the name now
  struct stat folder_status {};      //
  std::string path;                  // of both, for people
  int open = -1;                     // instead: a descriptor that the path stands for
};

// Whether a link may lead a write elsewhere: only ours and the administrator's, so that nobody
// chooses what we overwrite. On the way to the last folder also that of who owns the folder it lies
// in, unless everybody may put links there (what Linux calls protected_symlinks); never to root.
bool MayFollow(const struct stat& link, const struct stat& folder, bool last) {
  const uid_t us = ::geteuid();
  if (link.st_uid == us || link.st_uid == 0) return true;
  return !last && us != 0 && link.st_uid == folder.st_uid && (folder.st_mode & S_IWOTH) == 0;
}

// Takes the path folder by folder, each opened in the one before, so that what was looked at is
// what is written to, whoever renames things meanwhile.
Place FindPlace(const std::string& path) {
  constexpr int kMostLinks = 40;
  constexpr int kFolder = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const auto failed = [&](int error) { return CannotWrite(path, Reason(error)); };
  Place place;
  std::string rest = path, before;
  place.folder = Descriptor(::open(".", kFolder));
  for (int links = 0;;) {
    place.open = OpenDescriptor(before + rest);
    if (place.open >= 0) {
      place.path = path;
      return place;
    }
    if (rest.starts_with('/')) {
      place.folder = Descriptor(::open("/", kFolder));
      before = "/";
      rest.erase(0, rest.find_first_not_of('/'));
    }
    if (place.folder.get() < 0 || ::fstat(place.folder.get(), &place.folder_status) != 0)
      throw failed(errno);
    const std::size_t slash = rest.find('/');
    const bool last = slash == std::string::npos;
    place.name = rest.substr(0, slash);
    rest.erase(0, rest.find_first_not_of('/', std::min(slash, rest.size())));
    if (place.name.empty() || (last && (place.name == "." || place.name == "..")) ||
        (!last && rest.empty()))
      throw failed(place.name.empty() && path.empty() ? ENOENT : EISDIR);
    struct stat status {};
    if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT || !last) throw failed(errno);
    } else if (S_ISLNK(status.st_mode)) {
      if (!MayFollow(status, place.folder_status, last))
        throw CannotWrite(
            path, Format("'%s' is a link of another user (%ld); name the place that "
                         "it leads to, if that is meant",
                         Printable(before + place.name).c_str(), static_cast<long>(status.st_uid)));
      char target[4096];
      const ssize_t size =
          ::readlinkat(place.folder.get(), place.name.c_str(), target, sizeof target);
      if (size < 0) throw failed(errno);
      if (++links > kMostLinks) throw failed(ELOOP);
      rest = std::string(target, static_cast<std::size_t>(size)) + (last ? "" : "/" + rest);
      continue;
    } else if (last) {
      place.found = status;
    }
    if (last) {
      place.path = before + place.name;
      return place;
    }
    place.folder = Descriptor(::openat(place.folder.get(), place.name.c_str(), kFolder));
    if (place.folder.get() < 0) throw failed(errno);
    before += place.name + "/";
  }
}

// 16 hexadecimal digits that nobody can guess.
std::string RandomName() {
  std::uint64_t number = 0;
  auto* bytes = reinterpret_cast<char*>(&number);
  for (std::size_t done = 0; done < sizeof number;) {
    const ssize_t got = ::getrandom(bytes + done, sizeof number - done, 0);
    if (got < 0 && errno != EINTR)
      throw Error(ErrorCode::kIo, "no random numbers: " + Reason(errno));
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return Format("%016llx", static_cast<unsigned long long>(number));
}

// The list of temporary files that a signal's handler can read at any moment: its nodes are never
// freed, only used again.
struct TemporaryFile {
  std::atomic<bool> taken{true}, there{false};
  int folder = -1;
  char name[NAME_MAX + 1] = {};
  TemporaryFile* next = nullptr;
};
std::atomic<TemporaryFile*> temporary_files{nullptr};
std::atomic<bool> ending{false};
static_assert(std::atomic<bool>::is_always_lock_free &&
                  std::atomic<TemporaryFile*>::is_always_lock_free,
              "read in a signal handler");

TemporaryFile* Remember(int folder, const std::string& name) {
  VPR_CHECK(name.size() <= NAME_MAX);
  TemporaryFile* file = temporary_files.load();
  for (bool free = false; file != nullptr; file = file->next) {
    if (file->taken.compare_exchange_strong(free, true)) break;
    free = false;
  }
  const bool fresh = file == nullptr;
  if (fresh) file = new TemporaryFile;
  file->folder = folder;
  std::memcpy(file->name, name.c_str(), name.size() + 1);
  file->there = true;
  if (fresh) {
    file->next = temporary_files.load();
    while (!temporary_files.compare_exchange_weak(file->next, file)) {
    }
  }
  return file;
}

void Forget(TemporaryFile* file) {
  file->there = false;
  file->taken = false;
}

}  // namespace

void RemoveTemporaryFiles() noexcept {
  ending = true;
  for (TemporaryFile* file = temporary_files.load(); file != nullptr; file = file->next)
    if (file->there) ::unlinkat(file->folder, file->name, 0);
}

std::string PlaceOfWriting(const std::string& path) { return FindPlace(path).path; }

void MakeFolders(const std::string& path, unsigned mode) {
  const auto failed = [&](const std::string& why) {
    return Error(ErrorCode::kIo, "cannot make folder '" + Printable(path) + "': " + why);
  };
  std::filesystem::path folder;
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    folder /= part;
    if (part.empty() || part == "." || part == ".." || part == "/") continue;
    const Place place = FindPlace(folder.string());
    if (place.found && S_ISDIR(place.found->st_mode)) continue;
    if (place.found || place.open >= 0) throw failed("there is a file of this name");
    // Another process may have been first.
    if (::mkdirat(place.folder.get(), place.name.c_str(), mode) != 0 && errno != EEXIST)
      throw failed(Reason(errno));
  }
}

namespace {

// The folder of a file to write, if it is missing.
void MakeFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == path.size()) return;
  const std::string folder = path.substr(0, slash);
  if (::access(folder.c_str(), F_OK) != 0 && errno == ENOENT) MakeFolders(folder);
}

}  // namespace

struct AtomicFile::Impl {
  ~Impl() {
    if (fd >= 0) ::close(fd);
    RemoveTemporary();
  }
  // The path, if need be after a file of a new name in its folder is there.
  void Open(const std::string& path, unsigned mode);
  void OpenDirectly(const std::string& path);
  void RemoveTemporary() {
    if (remembered == nullptr) return;
    ::unlinkat(place.folder.get(), remembered->name, 0);
    Forget(std::exchange(remembered, nullptr));
  }

  Place place;
  int fd = -1;
  TemporaryFile* remembered = nullptr;  // its name in place.folder; none: written to directly
};

void AtomicFile::Impl::OpenDirectly(const std::string& path) {
  // Where everybody may make a pipe, somebody may have made it to read along.
  if (S_ISFIFO(place.found->st_mode) && place.found->st_uid != ::geteuid() &&
      place.found->st_uid != 0 && (place.folder_status.st_mode & S_IWOTH) != 0)
    throw CannotWrite(
        path, Format("it is a pipe of another user (%ld)", static_cast<long>(place.found->st_uid)));
  fd = ::openat(place.folder.get(), place.name.c_str(),
                O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);  // of a folder: an error
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) throw CannotWrite(path, Reason(errno));
  if (S_ISREG(status.st_mode) || status.st_ino != place.found->st_ino)
    throw CannotWrite(path, "it was replaced just now");
}

void AtomicFile::Impl::Open(const std::string& path, unsigned mode) {
  place = FindPlace(path);
  if (place.open >= 0) {
    fd = ::fcntl(place.open, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) throw CannotWrite(path, Reason(errno));
    return;
  }
  if (place.found && !S_ISREG(place.found->st_mode)) return OpenDirectly(path);
  // Long names are cut, so that what is added still fits. PackedWriter knows the form.
  constexpr std::size_t kMostOfName = 200;
  for (int attempt = 0; fd < 0; ++attempt) {
    const std::string name = place.name.substr(0, kMostOfName) +
                             Format(".tmp.%ld.", static_cast<long>(::getpid())) + RandomName();
    TemporaryFile* file = Remember(place.folder.get(), name);
    fd = ::openat(place.folder.get(), name.c_str(),
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    const int error = errno;
    if (fd >= 0) {
      remembered = file;
      break;
    }
    Forget(file);
    if (error != EEXIST || attempt == 10) throw CannotWrite(path, Reason(error));
  }
  // A signal that came before the file was there has not removed it.
  if (ending) ::unlinkat(place.folder.get(), remembered->name, 0);
  // Private is private, and can be opened by us, whatever the umask; what is replaced keeps its
  // permissions, if it is ours.
  const bool keep = mode == kPublic && place.found && place.found->st_uid == ::geteuid();
  if (mode == kPublic && !keep) return;
  if (::fchmod(fd, keep ? place.found->st_mode & 0777 : mode) != 0)
    throw CannotWrite(path, "its permissions cannot be set: " + Reason(errno));
}

AtomicFile::AtomicFile(const std::string& path, unsigned mode) : impl_(std::make_unique<Impl>()) {
  buffer_.reserve(kBufferSize);
  MakeFolderOf(path);
  impl_->Open(path, mode);
  path_ = impl_->place.path;
}

AtomicFile::~AtomicFile() = default;

void AtomicFile::Write(const void* data, std::size_t size) {
  VPR_CHECK(impl_->fd >= 0);
  size_ += size;
  if (buffer_.size() + size > kBufferSize) Flush();
  buffer_.append(static_cast<const char*>(data), size);
  if (buffer_.size() > kBufferSize) Flush();
}

void AtomicFile::Flush() {
  WriteAll(impl_->fd, path_, buffer_);
  buffer_.clear();
}

void AtomicFile::Sync() {
  if (impl_->fd < 0) return;
  Flush();
  // Pipes and some file systems know no sync; that is not a failure to write.
  if (::fsync(impl_->fd) != 0 && errno != EINVAL && errno != EROFS)
    throw CannotWrite(path_, Reason(errno));
  if (::close(std::exchange(impl_->fd, -1)) != 0) throw CannotWrite(path_, Reason(errno));
}

void AtomicFile::Rename() {
  VPR_CHECK(impl_->fd < 0 && !renamed_);
  if (impl_->remembered != nullptr) {
    const int folder = impl_->place.folder.get();
    if (::renameat(folder, impl_->remembered->name, folder, impl_->place.name.c_str()) != 0)
      throw CannotWrite(path_, Reason(errno));
    Forget(std::exchange(impl_->remembered, nullptr));
    SyncFolder(folder, path_);
  }
  renamed_ = true;
}

LogFile::LogFile(const std::string& path) : path_(path) {
  const Place place = FindPlace(path);
  if (place.open >= 0 || place.found) throw CannotWrite(path, Reason(EEXIST));
  fd_ = ::openat(place.folder.get(), place.name.c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) throw CannotWrite(path, Reason(errno));
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

void LogFile::Write(std::string_view text) { WriteAll(fd_, path_, text); }

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
