// Files: whole reads, read-only mappings, and writes that are either complete or absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace vpr {

// Whole content of a regular file, a pipe, or standard input ("-").
// Throws kNotFound, kIo, and kInvalidArgument for a directory and for more than `most` bytes.
std::string ReadFile(const std::string& path,
                     std::size_t most = std::numeric_limits<std::size_t>::max());

// True for a regular file that can be opened.
bool IsRegularFile(const std::string& path);

// A read-only mapping of a whole file. An empty file maps to an empty span.
class MappedFile {
 public:
  // Throws kNotFound, kIo, kInvalidArgument for what is not a regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Writes to "PATH.tmp.PID.RANDOM" in the same folder. Commit() syncs and renames it over PATH, then
// syncs the folder; without Commit() the destructor removes it, so PATH is the old file or the new
// one, whole. A symbolic link stays one: what it leads to is replaced; but a link of another user
// than us and root is refused, so that nobody else chooses what is overwritten. What is no file (a
// pipe, a terminal, /dev/null) and what is open already (/dev/stdout) is written to directly. Every
// member throws kIo with the path and the system's reason.
class AtomicFile {
 public:
  static constexpr unsigned kPublic = 0666;   // as the umask says; what is replaced keeps its own
  static constexpr unsigned kPrivate = 0600;  // whatever the umask
  explicit AtomicFile(const std::string& path, unsigned mode = kPublic);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(const void* data, std::size_t size);  // buffered
  void Write(std::string_view text) { Write(text.data(), text.size()); }
  std::uint64_t size() const { return size_; }       // bytes written so far
  const std::string& path() const { return path_; }  // that will be replaced: behind all links

  void Sync();    // flushes and syncs, but keeps the temporary name
  void Rename();  // after Sync(): takes the final name; for writers of several files
  void Commit() {
    Sync();
    Rename();
  }

 private:
  struct Impl;
  void Flush();
  std::unique_ptr<Impl> impl_;
  std::string path_, buffer_;
  bool renamed_ = false;
  std::uint64_t size_ = 0;
};

// A file that grows while something goes on, each text there as soon as it is written. One that is
// there already, a link too, is refused. Every member throws kIo.
class LogFile {
 public:
  explicit LogFile(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  void Write(std::string_view text);

 private:
  std::string path_;
  int fd_ = -1;
};

// Removes what AtomicFiles have not finished. For the handler of a signal that ends the program: it
// may be called at any moment, and the program must end after it.
void RemoveTemporaryFiles() noexcept;

// The path that AtomicFile(path) would replace: behind the links that it follows. Throws kIo, for
// another user's link too.
std::string PlaceOfWriting(const std::string& path);

// Makes a folder and those above it that are missing, with these permissions as far as the umask
// lets them be. Throws kIo.
void MakeFolders(const std::string& path, unsigned mode = 0777);

// AtomicFile in one call.
void WriteFileAtomically(const std::string& path, std::string_view content);

// XXH3, 128 bits, as 32 lower-case hexadecimal digits (library xxhash). A fingerprint against
// accidents and for telling files apart, not against an adversary.
std::string Fingerprint(const void* data, std::size_t size);
inline std::string Fingerprint(std::string_view bytes) {
  return Fingerprint(bytes.data(), bytes.size());
}

// The same of data that comes in pieces.
class FingerprintStream {
 public:
  FingerprintStream();
  ~FingerprintStream();
  FingerprintStream(FingerprintStream&&) noexcept;
  FingerprintStream& operator=(FingerprintStream&&) noexcept;

  void Add(const void* data, std::size_t size);
  void Add(std::string_view bytes) { Add(bytes.data(), bytes.size()); }
  std::string Digest() const;  // of all added so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The folder of the running executable, without a trailing slash.
std::string ExecutableFolder();

}  // namespace vpr
