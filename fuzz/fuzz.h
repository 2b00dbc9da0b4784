// What the harnesses share. Each gives one reader the bytes of a stranger: it may throw vpr::Error
// with one line, and nothing else may happen.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr::fuzz {

// A file in memory with these bytes.
class InputFile {
 public:
  explicit InputFile(std::string_view bytes) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    if (fd_ < 0) std::abort();
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written <= 0) std::abort();
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  ~InputFile() { ::close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// A folder in memory that is removed at the end, for readers that take several files or go by
// endings.
inline const std::string& ScratchFolder() {
  static const struct Scratch {
    Scratch() {
      const std::filesystem::path memory = "/dev/shm";
      path = ((std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) /
              "vpr-fuzz-XXXXXX")
                 .string();
      if (::mkdtemp(path.data()) == nullptr) std::abort();
    }
    ~Scratch() { std::filesystem::remove_all(path); }
    std::string path;
  } scratch;
  return scratch.path;
}

// A file's bytes with the checksum that tensor files end in made right, or hardly an input would
// get behind it.
inline std::string Sealed(std::string_view bytes) {
  const std::string content(bytes.substr(0, bytes.size() - (bytes.size() < 32 ? 0 : 32)));
  return content + Fingerprint(content);
}

// Runs a reader. Its errors must be as CONTRIBUTING.md wants them, and none may be a fault of ours.
template <typename Reader>
int Try(const Reader& reader) {
  try {
    reader();
  } catch (const Error& error) {
    const std::string_view what = error.what();
    if (error.code() == ErrorCode::kInternal || what.empty() ||
        what.find('\n') != std::string_view::npos || !IsUtf8(what)) {
      std::fprintf(stderr, "ERROR: told so: %s\n", std::string(what).c_str());
      std::abort();
    }
  }
  return 0;
}

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace vpr::fuzz

// FUZZ(bytes) { ... } is the harness of a reader; `bytes` is a std::string_view.
#define FUZZ(bytes)                                                                   \
  static void Read(std::string_view bytes);                                           \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    return vpr::fuzz::Try([&] { Read(vpr::fuzz::AsText(data, size)); });              \
  }                                                                                   \
  static void Read(std::string_view bytes)
