#include "model/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <set>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::string_view kLocal = "PK\x03\x04", kCentral = "PK\x01\x02", kEnd = "PK\x05\x06",
                           kEnd64 = "PK\x06\x06", kLocator64 = "PK\x06\x07";
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56,
                      kLocatorSize = 20;
constexpr std::uint64_t kMax32 = 0xFFFFFFFF;
constexpr std::uint64_t kMostEntries = 65535;

Error Damaged(const std::string& what) {
  return Error(ErrorCode::kCorrupt, "its ZIP archive is damaged: " + what);
}

std::uint64_t Number(std::string_view bytes, std::size_t at, std::size_t size) {
  if (bytes.size() < size || at > bytes.size() - size) throw Damaged("it is cut off");
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

std::string_view Part(std::string_view bytes, std::uint64_t at, std::uint64_t size) {
  if (at > bytes.size() || size > bytes.size() - at) throw Damaged("it is cut off");
  return bytes.substr(at, size);
}

std::string Bytes(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

std::uint32_t Crc(std::string_view content) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(content.data()), content.size()));
}

struct Directory {
  std::uint64_t entries, offset, size;
};

Directory FindDirectory(std::string_view archive) {
  // The end record, without a comment: nothing may follow it.
  if (archive.size() < kEndSize) throw Damaged("it is cut off");
  const std::size_t end = archive.size() - kEndSize;
  if (!archive.substr(end).starts_with(kEnd)) throw Damaged("it does not end as one");
  Directory directory{Number(archive, end + 10, 2), Number(archive, end + 16, 4),
                      Number(archive, end + 12, 4)};
  if (end >= kLocatorSize && archive.substr(end - kLocatorSize).starts_with(kLocator64)) {
    const std::uint64_t at = Number(archive, end - kLocatorSize + 8, 8);
    const std::string_view record = Part(archive, at, kEnd64Size);
    if (!record.starts_with(kEnd64)) throw Damaged("its ZIP64 record is missing");
    directory = {Number(record, 32, 8), Number(record, 48, 8), Number(record, 40, 8)};
  }
  if (directory.entries > kMostEntries) throw Damaged("it has too many files");
  return directory;
}

// Replaces what the 32 bit fields cannot hold by the numbers of the ZIP64 extra field.
void Widen(std::string_view extra, std::vector<std::uint64_t*> fields) {
  std::erase_if(fields, [](const std::uint64_t* field) { return *field != kMax32; });
  for (std::size_t at = 0; !fields.empty();) {
    const std::uint64_t id = Number(extra, at, 2), size = Number(extra, at + 2, 2);
    const std::string_view data = Part(extra, at + 4, size);
    at += 4 + size;
    if (id != 1) continue;
    for (std::size_t i = 0; i < fields.size(); ++i) *fields[i] = Number(data, 8 * i, 8);
    return;
  }
}

}  // namespace

bool LooksLikeZip(std::string_view archive) { return archive.starts_with(kLocal); }

std::vector<ZipEntry> ReadZip(std::string_view archive) {
  const Directory directory = FindDirectory(archive);
  std::string_view rest = Part(archive, directory.offset, directory.size);
  std::vector<ZipEntry> entries;
  std::set<std::string> names;  // in lower case: some readers do not tell them apart
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    if (!rest.starts_with(kCentral)) throw Damaged("its directory is not as expected");
    const std::uint64_t flags = Number(rest, 8, 2), method = Number(rest, 10, 2);
    const std::uint64_t name_size = Number(rest, 28, 2), extra_size = Number(rest, 30, 2),
                        comment_size = Number(rest, 32, 2);
    ZipEntry entry;
    entry.crc = static_cast<std::uint32_t>(Number(rest, 16, 4));
    std::uint64_t stored = Number(rest, 20, 4), offset = Number(rest, 42, 4);
    entry.size = Number(rest, 24, 4);
    entry.name = Part(rest, kCentralSize, name_size);
    Widen(Part(rest, kCentralSize + name_size, extra_size), {&entry.size, &stored, &offset});
    const std::string shown = "'" + Printable(entry.name) + "'";
    if ((flags & 1) != 0 || (method != 0 && method != 8))
      throw Damaged(shown + " is encrypted or compressed in an unknown way");
    entry.deflated = method == 8;
    const std::string_view local = Part(archive, offset, kLocalSize);
    if (!local.starts_with(kLocal)) throw Damaged(shown + " is not where the directory says");
    entry.stored =
        Part(archive, offset + kLocalSize + Number(local, 26, 2) + Number(local, 28, 2), stored);
    if (!entry.deflated && stored != entry.size) throw Damaged(shown + " has two sizes");
    bytes += stored;
    if (bytes > archive.size()) throw Damaged("its files overlap");
    std::string lower = entry.name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (!names.insert(lower).second) throw Damaged(shown + " is in it twice");
    entries.push_back(std::move(entry));
    rest = Part(rest, kCentralSize + name_size + extra_size + comment_size,
                rest.size() - std::min<std::uint64_t>(rest.size(), kCentralSize + name_size +
                                                                       extra_size + comment_size));
  }
  return entries;
}

std::string ZipContent(const ZipEntry& entry, std::uint64_t most) {
  const std::string shown = "'" + Printable(entry.name) + "'";
  if (entry.size > most)
    throw Error(
        ErrorCode::kCorrupt,
        Format("%s has %llu bytes, at most %llu are expected", shown.c_str(),
               static_cast<unsigned long long>(entry.size), static_cast<unsigned long long>(most)));
  std::string content;
  if (entry.deflated) {
    // Deflate makes 1032 bytes of one at most: what the directory says is not believed.
    if (entry.size / 1032 > entry.stored.size()) throw Damaged(shown + " has a wrong size");
    content.resize(entry.size + 1);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
      throw Error(ErrorCode::kInternal, "zlib does not start");
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(entry.stored.data()));
    stream.avail_in = static_cast<uInt>(
        std::min<std::size_t>(entry.stored.size(), std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_out =
        static_cast<uInt>(std::min<std::size_t>(content.size(), std::numeric_limits<uInt>::max()));
    const int result = inflate(&stream, Z_FINISH);
    const std::size_t made = stream.total_out;
    inflateEnd(&stream);
    if (result != Z_STREAM_END || made != entry.size)
      throw Damaged(shown + " cannot be decompressed");
    content.resize(made);
  } else {
    content = entry.stored;
  }
  if (Crc(content) != entry.crc) throw Damaged(shown + " has a wrong checksum");
  return content;
}

void ZipWriter::Add(const std::string& name, std::string_view content) {
  Add(name, content, Crc(content));
}

void ZipWriter::Add(const std::string& name, std::string_view content, std::uint32_t crc) {
  const std::uint64_t offset = content_.size();
  if (offset + content.size() + kLocalSize + name.size() > kMax32 - (64 << 20) ||
      count_ == kMostEntries)
    throw Error(ErrorCode::kUnusable, "it is larger than 4 GiB");
  // From "version needed" to the lengths of name and extra field, as both headers have it.
  const std::string common = Bytes(20, 2) + Bytes(0, 2) + Bytes(0, 2) + Bytes(0, 2) +
                             Bytes(0x21, 2) + Bytes(crc, 4) + Bytes(content.size(), 4) +
                             Bytes(content.size(), 4) + Bytes(name.size(), 2) + Bytes(0, 2);
  content_ += kLocal;
  content_ += common + name;
  content_ += content;
  directory_ += kCentral;
  directory_ += Bytes(20, 2) + common + Bytes(0, 2) + Bytes(0, 2) + Bytes(0, 2) + Bytes(0, 4) +
                Bytes(offset, 4) + name;
  ++count_;
}

std::string ZipWriter::Finish() {
  const std::uint64_t offset = content_.size();
  content_ += directory_;
  content_ += kEnd;
  content_ += Bytes(0, 4) + Bytes(count_, 2) + Bytes(count_, 2) + Bytes(directory_.size(), 4) +
              Bytes(offset, 4) + Bytes(0, 2);
  return std::move(content_);
}

}  // namespace vpr
