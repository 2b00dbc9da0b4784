#include "audio/container_check.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "vpr/base/text.h"

namespace vpr {
namespace {

using Bytes = std::span<const std::uint8_t>;
using State = ContainerReport::State;

std::uint64_t Number(Bytes bytes, std::size_t offset, std::size_t width, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value = value << 8 | bytes[offset + (big_endian ? i : width - 1 - i)];
  return value;
}

std::string Word(std::uint64_t value, bool big_endian) {
  std::string word;
  for (int i = 0; i < 4; ++i)
    word += static_cast<char>(value >> 8 * (big_endian ? 3 - i : i) & 0xFF);
  return word;
}

bool Has(Bytes bytes, std::size_t offset, std::string_view tag) {
  return offset <= bytes.size() && bytes.size() - offset >= tag.size() &&
         std::memcmp(bytes.data() + offset, tag.data(), tag.size()) == 0;
}

ContainerReport Problem(State state, std::string detail) {
  ContainerReport report;
  report.state = state;
  report.detail = std::move(detail);
  return report;
}

ContainerReport HeaderOnly() {
  return Problem(State::kHeaderOnly, "it ends before its audio begins");
}

ContainerReport Compare(std::uint64_t announced, std::uint64_t found) {
  if (announced > found)
    return Problem(
        State::kTruncated,
        Format("its header announces %llu bytes of audio, the file holds %llu",
               static_cast<unsigned long long>(announced), static_cast<unsigned long long>(found)));
  return Problem(announced == 0 ? State::kEmpty : State::kSound, {});
}

// A file made of chunks: identifier, length, content, padding.
struct ChunkLayout {
  std::size_t first;       // where the first chunk begins
  std::size_t id_width;    // bytes of an identifier
  std::size_t size_width;  // bytes of a length
  bool big_endian;
  bool size_counts_header;
  std::size_t alignment;  // of chunks
};

struct Chunk {
  std::size_t begin = 0;    // of its content
  std::uint64_t size = 0;   // as announced, header not counted
  std::size_t present = 0;  // bytes from `begin` to the end of the file
};

// Calls visit(offset, chunk) for every chunk until it returns true, the chunks end, or one of them
// lies partly outside of the file.
template <typename Visit>
void FindChunk(Bytes bytes, const ChunkLayout& layout, Visit visit) {
  std::size_t header = layout.id_width + layout.size_width;
  for (std::size_t offset = layout.first;
       offset <= bytes.size() && bytes.size() - offset >= header;) {
    Chunk chunk;
    chunk.begin = offset + header;
    chunk.present = bytes.size() - chunk.begin;
    chunk.size = Number(bytes, offset + layout.id_width, layout.size_width, layout.big_endian);
    if (layout.size_counts_header) {
      if (chunk.size < header) return;
      chunk.size -= header;
    }
    if (visit(offset, chunk)) return;
    if (chunk.size > chunk.present) return;
    std::size_t end = chunk.begin + static_cast<std::size_t>(chunk.size);
    offset = (end + layout.alignment - 1) / layout.alignment * layout.alignment;
  }
}

// The audio is the content of the chunk `id` but for its first `head` bytes.
ContainerReport CheckChunked(Bytes bytes, const ChunkLayout& layout, std::string_view id,
                             std::size_t head) {
  ContainerReport report = HeaderOnly();
  FindChunk(bytes, layout, [&](std::size_t offset, const Chunk& chunk) {
    if (!Has(bytes, offset, id)) return false;
    // CAF: a length of -1 means up to the end.
    bool unknown = layout.size_width == 8 && chunk.size == ~std::uint64_t{0};
    std::uint64_t size = unknown ? chunk.present : chunk.size;
    report = Compare(size - std::min<std::uint64_t>(size, head),
                     chunk.present - std::min(chunk.present, head));
    return true;
  });
  return report;
}

// True if the rest of a WAV from `offset` on is nothing, or chunks that end with the file.
bool IsChunkList(Bytes bytes, std::size_t offset, bool big_endian) {
  std::size_t end = offset;
  ChunkLayout layout{offset, 4, 4, big_endian, false, 2};
  FindChunk(bytes, layout, [&](std::size_t at, const Chunk& chunk) {
    for (std::size_t i = 0; i < 4; ++i)
      if (bytes[at + i] < 0x20 || bytes[at + i] > 0x7E) return true;
    if (chunk.size > chunk.present) return true;
    end = chunk.begin + static_cast<std::size_t>(chunk.size);
    return false;
  });
  return bytes.size() - end <= 1;  // padding
}

// EBU Tech 3285 (WAV) and 3306 (RF64: 64-bit lengths in the chunk ds64).
ContainerReport CheckWav(Bytes bytes, bool streamed) {
  // Writers that cannot seek back leave a length of 0 or near the 31- or 32-bit maximum.
  constexpr std::uint64_t kUnknownLength = 0x7FFFF000;
  bool big_endian = Has(bytes, 0, "RIFX");
  bool rf64 = Has(bytes, 0, "RF64");
  std::uint64_t long_size = 0;
  std::string kept;  // chunks
  ContainerReport report = HeaderOnly();
  ChunkLayout layout{12, 4, 4, big_endian, false, 2};
  FindChunk(bytes, layout, [&](std::size_t offset, const Chunk& chunk) {
    if (rf64 && Has(bytes, offset, "ds64") && chunk.present >= 16)
      long_size = Number(bytes, chunk.begin + 8, 8, false);
    if (Has(bytes, offset, "fmt ") || Has(bytes, offset, "fact"))
      if (chunk.size <= chunk.present)
        kept.append(reinterpret_cast<const char*>(bytes.data()) + offset,
                    8 + static_cast<std::size_t>(chunk.size))
            .append(chunk.size & 1, '\0');
    if (!Has(bytes, offset, "data")) return false;
    std::uint64_t size = rf64 && chunk.size == 0xFFFFFFFF ? long_size : chunk.size;
    if (streamed && (size == 0 || size >= kUnknownLength)) {
      report = Compare(chunk.present, chunk.present);
      size = chunk.present;
    } else if (size == 0 && !IsChunkList(bytes, chunk.begin, big_endian)) {
      report = Problem(State::kTruncated,
                       Format("its header announces 0 bytes of audio, the file holds %zu: its "
                              "writer did not finish it",
                              chunk.present));
    } else {
      report = Compare(size, chunk.present);
      if (report.state == State::kTruncated && size >= kUnknownLength)
        report.detail += "; if a program wrote it as a stream, pass it through standard input";
    }
    if (report.state == State::kSound && size <= kUnknownLength) {
      report.header = (big_endian ? "RIFX" : "RIFF") + Word(kept.size() + 12 + size, big_endian) +
                      "WAVE" + kept + "data" + Word(size, big_endian);
      report.audio = bytes.subspan(chunk.begin, static_cast<std::size_t>(size));
    }
    return true;
  });
  return report;
}

// Sun/NeXT .au, of either byte order.
ContainerReport CheckAu(Bytes bytes, bool streamed) {
  if (bytes.size() < 24) return HeaderOnly();
  bool big_endian = Has(bytes, 0, ".snd");
  std::uint64_t begin = Number(bytes, 4, 4, big_endian), size = Number(bytes, 8, 4, big_endian);
  std::uint64_t available = bytes.size() - std::min<std::uint64_t>(begin, bytes.size());
  // The format itself defines this length as "unknown".
  if (size == 0xFFFFFFFF || (streamed && size == 0)) return Compare(available, available);
  return Compare(size, available);
}

// NIST SPHERE: a text header with lines "name -type value".
ContainerReport CheckNist(Bytes bytes) {
  constexpr std::size_t kHeader = 1024;
  if (bytes.size() < kHeader) return HeaderOnly();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), kHeader);
  std::uint64_t width = 0, channels = 1, count = 0;
  for (std::string_view line : Lines(text)) {
    std::vector<std::string_view> fields = SplitBlanks(line);
    if (fields.size() != 3) continue;
    std::uint64_t value = 0;
    std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), value);
    if (fields[0] == "sample_n_bytes") width = value;
    if (fields[0] == "channel_count") channels = value;
    if (fields[0] == "sample_count") count = value;
  }
  constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 48;
  if (width == 0 || width > 8 || channels == 0 || channels > 1024 || count == 0 ||
      count > kMaxCount)
    return {};  // libsndfile will judge it
  return Compare(count * width * channels, bytes.size() - kHeader);
}

// The Xing or Info tag in the first frame of an MP3, which counts the bytes from that frame on.
ContainerReport CheckMp3(Bytes bytes) {
  std::size_t offset = Id3Size(bytes);
  if (offset > bytes.size()) return HeaderOnly();
  if (bytes.size() - offset < 4 || bytes[offset] != 0xFF || bytes[offset + 1] < 0xE0) return {};
  // Where it lies depends on version and channels; 38 bytes at most.
  for (std::size_t at = offset + 4; at <= offset + 38; ++at) {
    if (!Has(bytes, at, "Xing") && !Has(bytes, at, "Info")) continue;
    if (bytes.size() - at < 16) return HeaderOnly();
    std::uint64_t flags = Number(bytes, at + 4, 4, true);
    if ((flags & 2) == 0) return {};
    return Compare(Number(bytes, at + ((flags & 1) != 0 ? 12 : 8), 4, true), bytes.size() - offset);
  }
  return {};
}

// RFC 3533. The last page must carry the end-of-stream flag and lie within the file.
ContainerReport CheckOgg(Bytes bytes) {
  bool ended = false;
  for (std::size_t offset = 0; offset < bytes.size();) {
    if (!Has(bytes, offset, "OggS")) {
      // Not a page: something foreign, such as a tag at the end. Look for a next page.
      static constexpr std::string_view kTag = "OggS";
      auto next = std::search(bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.end(),
                              kTag.begin(), kTag.end());
      if (next == bytes.end()) break;
      offset = static_cast<std::size_t>(next - bytes.begin());
    }
    std::size_t available = bytes.size() - offset;
    std::size_t segments = available >= 27 ? bytes[offset + 26] : 0;
    if (available < 27 + segments)
      return Problem(State::kTruncated, "it ends inside its last Ogg page");
    std::size_t size = 27 + segments;
    for (std::size_t i = 0; i < segments; ++i) size += bytes[offset + 27 + i];
    if (available < size) return Problem(State::kTruncated, "it ends inside its last Ogg page");
    ended = (bytes[offset + 5] & 4) != 0;
    offset += size;
  }
  if (!ended)
    return Problem(State::kTruncated, "its last Ogg page does not carry the end-of-stream flag");
  return {};
}

}  // namespace

std::size_t Id3Size(Bytes bytes) {
  std::size_t total = 0;
  while (Has(bytes, total, "ID3") && bytes.size() - total >= 10) {
    std::size_t size = 0;  // 7 bits in each of 4 bytes; header and footer are not counted
    for (std::size_t i = 6; i < 10; ++i) size = size << 7 | (bytes[total + i] & 0x7Fu);
    total += 10 + size + ((bytes[total + 5] & 0x10) != 0 ? 10 : 0);
  }
  return total;
}

ContainerReport CheckContainer(Bytes bytes, bool streamed) {
  bool riff = Has(bytes, 0, "RIFF") || Has(bytes, 0, "RIFX") || Has(bytes, 0, "RF64");
  bool form = Has(bytes, 0, "FORM");
  bool short_header = bytes.size() < 12;
  if (riff && (short_header || Has(bytes, 8, "WAVE"))) return CheckWav(bytes, streamed);
  // Sony Wave64: identifiers of 16 bytes, whose first four are those of WAV.
  if (Has(bytes, 0, "riff\x2E\x91\xCF\x11"))
    return CheckChunked(bytes, {40, 16, 8, false, true, 8}, "data", 0);
  // AIFF and AIFF-C: 8 bytes of offset and block size before the audio.
  if (form && (short_header || Has(bytes, 8, "AIFF") || Has(bytes, 8, "AIFC")))
    return CheckChunked(bytes, {12, 4, 4, true, false, 2}, "SSND", 8);
  if (form && (Has(bytes, 8, "8SVX") || Has(bytes, 8, "16SV")))
    return CheckChunked(bytes, {12, 4, 4, true, false, 2}, "BODY", 0);
  // Apple's Core Audio Format: 4 bytes of edit count before the audio.
  if (Has(bytes, 0, "caff")) return CheckChunked(bytes, {8, 4, 8, true, false, 1}, "data", 4);
  if (Has(bytes, 0, ".snd") || Has(bytes, 0, "dns.")) return CheckAu(bytes, streamed);
  if (Has(bytes, 0, "NIST_1A\n")) return CheckNist(bytes);
  if (Has(bytes, 0, "OggS")) return CheckOgg(bytes);
  return CheckMp3(bytes);
}

}  // namespace vpr
