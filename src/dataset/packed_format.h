// What the reader and the writer of packed data sets share. docs/formats.md describes the bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "vpr/base/file_io.h"

namespace vpr::packed {

static_assert(std::endian::native == std::endian::little, "payloads are mapped as they are");

inline constexpr char kFormatName[] = "vpr packed data set";
inline constexpr int kFormatVersion = 1;

inline std::uint32_t ReadU32(const std::uint8_t* bytes) {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The fingerprint of a data set: each field with its length before it, so that no two sets of
// different fields give the same stream.
inline void BeginField(FingerprintStream& stream, std::uint32_t size) {
  stream.Add(&size, sizeof size);
}
inline void AddField(FingerprintStream& stream, const void* data, std::uint32_t size) {
  BeginField(stream, size);
  stream.Add(data, size);
}
inline void AddField(FingerprintStream& stream, std::string_view text) {
  AddField(stream, text.data(), static_cast<std::uint32_t>(text.size()));
}

// Holds the folder of a data set while its files are opened (shared) or take their names
// (exclusive). Where a file system has no locks it does nothing.
class FolderLock {
 public:
  FolderLock(const std::string& prefix, bool exclusive);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  void Sync();  // the folder's entries

 private:
  int fd_;
};

}  // namespace vpr::packed
