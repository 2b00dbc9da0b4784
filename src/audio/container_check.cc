#include "audio/container_check.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

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

bool Has(Bytes bytes, std::size_t offset, std::string_view tag) {
  return offset <= bytes.size() && bytes.size() - offset >= tag.size() &&
         std::memcmp(bytes.data() + offset, tag.data(), tag.size()) == 0;
}

ContainerReport Truncated(std::uint64_t announced, std::uint64_t found) {
  return {State::kTruncated, Format("its header announces %llu bytes of audio, the file holds %llu",
                                    static_cast<unsigned long long>(announced),
                                    static_cast<unsigned long long>(found))};
}

ContainerReport Compare(std::uint64_t announced, std::uint64_t found) {
  if (announced > found) return Truncated(announced, found);
  return {announced == 0 ? State::kEmpty : State::kSound, {}};
}

// True if what begins at `offset` is nothing, or a list of chunks that ends with the file.
bool IsChunkList(Bytes bytes, std::size_t offset, bool big_endian) {
  while (bytes.size() - offset >= 8) {
    for (std::size_t i = 0; i < 4; ++i)
      if (bytes[offset + i] < 0x20 || bytes[offset + i] > 0x7E) return false;
    std::uint64_t size = Number(bytes, offset + 4, 4, big_endian);
    if (size > bytes.size() - offset - 8) return false;
    offset += static_cast<std::size_t>(
        std::min<std::uint64_t>(8 + size + (size & 1), bytes.size() - offset));
  }
  return bytes.size() - offset <= 1;
}

// EBU Tech 3285 (WAV) and 3306 (RF64: 64-bit lengths in the chunk ds64).
ContainerReport CheckWav(Bytes bytes, bool streamed) {
  // Writers that cannot seek back leave a length of 0 or near the 31- or 32-bit maximum.
  constexpr std::uint64_t kUnknownLength = 0x7FFFF000;
  bool big_endian = Has(bytes, 0, "RIFX");
  bool rf64 = Has(bytes, 0, "RF64");
  std::uint64_t long_size = 0;
  for (std::size_t offset = 12; offset <= bytes.size() && bytes.size() - offset >= 8;) {
    std::uint64_t size = Number(bytes, offset + 4, 4, big_endian);
    std::size_t begin = offset + 8, available = bytes.size() - begin;
    if (rf64 && Has(bytes, offset, "ds64") && available >= 16)
      long_size = Number(bytes, begin + 8, 8, false);
    if (Has(bytes, offset, "data")) {
      if (rf64 && size == 0xFFFFFFFF) size = long_size;
      bool unknown = size == 0 || size >= kUnknownLength;
      if (streamed && unknown) return {available == 0 ? State::kEmpty : State::kSound, {}};
      if (size == 0)
        return IsChunkList(bytes, begin, big_endian)
                   ? ContainerReport{State::kEmpty, {}}
                   : ContainerReport{State::kTruncated,
                                     Format("its header announces 0 bytes of audio, the file holds "
                                            "%zu: its writer did not finish it",
                                            available)};
      ContainerReport report = Compare(size, available);
      if (report.state == State::kTruncated && unknown)
        report.detail += "; if a program wrote it as a stream, pass it through standard input";
      return report;
    }
    if (size > available) break;
    offset = begin + static_cast<std::size_t>(size + (size & 1));
  }
  return {State::kTruncated, "it ends before its audio begins"};
}

// Sony Wave64: 16-byte identifiers, 64-bit lengths that include the 24 bytes of the chunk header,
// chunks aligned to 8 bytes.
ContainerReport CheckW64(Bytes bytes) {
  for (std::size_t offset = 40; offset <= bytes.size() && bytes.size() - offset >= 24;) {
    std::uint64_t size = Number(bytes, offset + 16, 8, false);
    if (size < 24) break;
    if (Has(bytes, offset, "data")) return Compare(size - 24, bytes.size() - offset - 24);
    if (size > bytes.size() - offset) break;
    offset += (static_cast<std::size_t>(size) + 7) / 8 * 8;
  }
  return {State::kTruncated, "it ends before its audio begins"};
}

// AIFF and AIFF-C: the chunk SSND begins with 8 bytes of offset and block size.
ContainerReport CheckAiff(Bytes bytes) {
  for (std::size_t offset = 12; offset <= bytes.size() && bytes.size() - offset >= 8;) {
    std::uint64_t size = Number(bytes, offset + 4, 4, true);
    std::size_t begin = offset + 8, available = bytes.size() - begin;
    if (Has(bytes, offset, "SSND")) {
      std::uint64_t head = std::min<std::uint64_t>(size, 8);
      return Compare(size - head, available - std::min<std::size_t>(available, 8));
    }
    if (size > available) break;
    offset = begin + static_cast<std::size_t>(size + (size & 1));
  }
  // A file without sound has no SSND chunk.
  return Has(bytes, 12, "COMM") || Has(bytes, 12, "FVER")
             ? ContainerReport{State::kSound, {}}
             : ContainerReport{State::kTruncated, "it ends before its audio begins"};
}

// Sun/NeXT .au, of either byte order.
ContainerReport CheckAu(Bytes bytes, bool streamed) {
  if (bytes.size() < 24) return {State::kTruncated, "it ends before its audio begins"};
  bool big_endian = Has(bytes, 0, ".snd");
  std::uint64_t begin = Number(bytes, 4, 4, big_endian), size = Number(bytes, 8, 4, big_endian);
  std::uint64_t available = bytes.size() - std::min<std::uint64_t>(begin, bytes.size());
  // The format itself defines this length as "unknown".
  if (size == 0xFFFFFFFF || (streamed && size == 0))
    return {available == 0 ? State::kEmpty : State::kSound, {}};
  return Compare(size, available);
}

// NIST SPHERE: a text header with lines "name -type value".
ContainerReport CheckNist(Bytes bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                        std::min<std::size_t>(bytes.size(), 1024));
  auto value = [&](std::string_view name) -> std::uint64_t {
    std::size_t at = text.find(std::string(name) + " -i ");
    if (at == std::string_view::npos) return 0;
    std::uint64_t number = 0;
    for (at += name.size() + 4; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
      if (number > 1ull << 40) break;
    }
    return number;
  };
  std::uint64_t width = value("sample_n_bytes"),
                channels = std::max<std::uint64_t>(value("channel_count"), 1);
  std::uint64_t count = value("sample_count");
  if (bytes.size() < 1024) return {State::kTruncated, "it ends before its audio begins"};
  // Shortened (compressed) files hold fewer bytes; libsndfile does not read them.
  if (width == 0 || width > 8 || channels > 1024 || count == 0) return {};
  return Compare(count * width * channels, bytes.size() - 1024);
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
    if (available < 27 + segments) return {State::kTruncated, "it ends inside its last Ogg page"};
    std::size_t size = 27 + segments;
    for (std::size_t i = 0; i < segments; ++i) size += bytes[offset + 27 + i];
    if (available < size) return {State::kTruncated, "it ends inside its last Ogg page"};
    ended = (bytes[offset + 5] & 4) != 0;
    offset += size;
  }
  if (!ended) return {State::kTruncated, "its last Ogg page does not carry the end-of-stream flag"};
  return {};
}

}  // namespace

ContainerReport CheckContainer(Bytes bytes, bool streamed) {
  bool riff = Has(bytes, 0, "RIFF") || Has(bytes, 0, "RIFX") || Has(bytes, 0, "RF64");
  if (riff && (bytes.size() < 12 || Has(bytes, 8, "WAVE"))) return CheckWav(bytes, streamed);
  if (Has(bytes, 0, "riff\x2E\x91\xCF\x11")) return CheckW64(bytes);
  if (Has(bytes, 0, "FORM") &&
      (bytes.size() < 12 || Has(bytes, 8, "AIFF") || Has(bytes, 8, "AIFC")))
    return CheckAiff(bytes);
  if (Has(bytes, 0, ".snd") || Has(bytes, 0, "dns.")) return CheckAu(bytes, streamed);
  if (Has(bytes, 0, "NIST_1A\n")) return CheckNist(bytes);
  if (Has(bytes, 0, "OggS")) return CheckOgg(bytes);
  return {};
}

}  // namespace vpr
