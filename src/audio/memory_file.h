// Sound files in memory, for libsndfile.
#pragma once

#include <sndfile.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace vpr {

struct MemoryFile {
  std::vector<char> bytes;
  sf_count_t at = 0;

  static MemoryFile& Of(void* self) { return *static_cast<MemoryFile*>(self); }
  static sf_count_t Size(void* self) { return static_cast<sf_count_t>(Of(self).bytes.size()); }
  static sf_count_t Seek(sf_count_t offset, int whence, void* self) {
    MemoryFile& memory = Of(self);
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : Size(self);
    return memory.at = std::max<sf_count_t>(from + offset, 0);
  }
  static sf_count_t Tell(void* self) { return Of(self).at; }
  static sf_count_t Read(void* to, sf_count_t count, void* self) {
    MemoryFile& memory = Of(self);
    count = std::clamp<sf_count_t>(Size(self) - memory.at, 0, count);
    if (count > 0)
      std::memcpy(to, memory.bytes.data() + memory.at, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  }
  static sf_count_t Write(const void* from, sf_count_t count, void* self) {
    MemoryFile& memory = Of(self);
    const auto end = static_cast<std::size_t>(memory.at + count);
    if (memory.bytes.size() < end) memory.bytes.resize(end);
    if (count > 0)
      std::memcpy(memory.bytes.data() + memory.at, from, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  }

  static SF_VIRTUAL_IO Io() { return {Size, Seek, Read, Write, Tell}; }
};

struct CloseSndfile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SndfileHandle = std::unique_ptr<SNDFILE, CloseSndfile>;

}  // namespace vpr
