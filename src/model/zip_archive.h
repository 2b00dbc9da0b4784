// ZIP archives as far as PyTorch writes them (PKWARE's APPNOTE 6.3.9): stored and deflated files,
// ZIP64, no encryption, in memory. Written anew, an archive holds exactly what this reader saw, so
// that no other reader can see something else in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vpr {

struct ZipEntry {
  std::string name;
  std::string_view stored;  // in the archive
  bool deflated = false;
  std::uint64_t size = 0;  // of the content
  std::uint32_t crc = 0;
};

// Does the file begin as one?
bool LooksLikeZip(std::string_view archive);

// The entries that the central directory names. Views into `archive`. Throws kCorrupt for what is
// cut off, overlaps, is encrypted or has a name twice.
std::vector<ZipEntry> ReadZip(std::string_view archive);

// The content of an entry. Throws kCorrupt for more than `most` bytes, and if it has not the size
// and the CRC-32 that the directory says.
std::string ZipContent(const ZipEntry& entry, std::uint64_t most);

class ZipWriter {
 public:
  // Stored, without compression. Throws kUnusable beyond 4 GiB.
  void Add(const std::string& name, std::string_view content, std::uint32_t crc);
  void Add(const std::string& name, std::string_view content);
  std::string Finish();  // the archive

 private:
  std::string content_, directory_;
  std::uint16_t count_ = 0;
};

}  // namespace vpr
