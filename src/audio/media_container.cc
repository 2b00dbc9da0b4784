#include "audio/media_container.h"

#include <algorithm>
#include <string_view>

#include "vpr/base/text.h"

namespace vpr {
namespace {

using namespace std::string_view_literals;
using State = AudioPart::State;

// Boxes, chunks and the like that are looked at of one file; a recording of days has fewer.
constexpr int kMostPieces = 200000;

AudioPart Part(State state = State::kWhole, std::string detail = {}) {
  AudioPart part;
  part.state = state;
  part.detail = std::move(detail);
  return part;
}

AudioPart Truncated(const std::string& what, std::uint64_t announced, std::uint64_t found) {
  return Part(State::kTruncated, Format("%s announces %llu bytes, the file holds %llu",
                                        what.c_str(), static_cast<unsigned long long>(announced),
                                        static_cast<unsigned long long>(found)));
}

AudioPart HeaderOnly() { return Part(State::kHeaderOnly, "it ends before its audio begins"); }

// ISO/IEC 14496-12, 4.2: boxes, each with its length and its kind. What follows a kind that is not
// among these is left to the decoder.
bool IsBox(ByteView& bytes, std::uint64_t at) {
  static constexpr std::string_view kKinds[] = {"ftyp", "styp", "moov", "mdat", "moof", "mfra",
                                                "free", "skip", "wide", "uuid", "udta", "meta",
                                                "sidx", "ssix", "pdin", "emsg", "prft", "pnot"};
  return std::any_of(std::begin(kKinds), std::end(kKinds),
                     [&](std::string_view kind) { return bytes.Has(at + 4, kind); });
}

AudioPart CheckMpeg4(ByteView& bytes, std::vector<std::string>& warnings) {
  bool index = false, fragments = false;
  std::uint64_t at = 0;
  for (int i = 0; bytes.Left(at) > 0; ++i) {
    if (i == kMostPieces || (bytes.Left(at) >= 8 && !IsBox(bytes, at))) return Part();
    fragments = fragments || bytes.Has(at + 4, "moof");
    index = index || bytes.Has(at + 4, "moov");
    std::uint64_t size = bytes.Number(at, 4, true), header = 8;
    if (size == 1) {
      size = bytes.Number(at + 8, 8, true);
      header = 16;
    }
    if (bytes.Left(at) < header || (size != 0 && size > bytes.Left(at))) {
      if (!fragments)
        return bytes.Left(at) < header
                   ? Part(State::kTruncated, "it ends within the header of a box")
                   : Truncated("its box '" + Printable(bytes.Text(at + 4, 4)) + "'", size,
                               bytes.Left(at));
      warnings.emplace_back("it is cut off within its last fragment: what comes before was read");
      return Part();
    }
    if (size == 0) break;  // up to the end
    if (size < header) return Part();
    at += size;
  }
  if (!index)
    return Part(State::kTruncated, "it has no index (box 'moov'): its writer did not finish it");
  return Part();
}

// RFC 8794: identifiers and lengths of 1 to 8 bytes, whose leading zeros say how many.
struct VariableNumber {
  std::uint64_t value = 0, width = 0;
  bool unknown = false;  // all ones
};
VariableNumber ReadVariable(ByteView& bytes, std::uint64_t at) {
  VariableNumber number;
  const unsigned first = bytes.At(at);
  number.width = 1;
  while (number.width <= 8 && (first & (0x80u >> (number.width - 1))) == 0) ++number.width;
  if (number.width > 8) return {};
  const std::uint64_t mask = (std::uint64_t{1} << (7 * number.width)) - 1;
  number.value = bytes.Number(at, number.width, true) & mask;
  number.unknown = number.value == mask;
  return number;
}

AudioPart CheckMatroska(ByteView& bytes) {
  const VariableNumber head = ReadVariable(bytes, 4);
  const std::uint64_t segment = 4 + head.width + head.value;
  if (head.width == 0 || bytes.Left(segment) < 12) return HeaderOnly();
  if (!bytes.Has(segment, "\x18\x53\x80\x67"sv)) return Part();
  const VariableNumber size = ReadVariable(bytes, segment + 4);
  const std::uint64_t begin = segment + 4 + size.width;
  if (size.width > 0 && !size.unknown && size.value > bytes.Left(begin))
    return Truncated("its segment", size.value, bytes.Left(begin));
  return Part();
}

// Advanced Systems Format: objects, each with an identifier of 16 bytes and its length.
AudioPart CheckAsf(ByteView& bytes) {
  const std::uint64_t header = bytes.Number(16, 8, false);
  if (header > bytes.size() || bytes.Left(header) < 24) return HeaderOnly();
  bool live = false;  // its lengths are not set
  std::uint64_t at = 30;
  for (int i = 0; i < kMostPieces && at + 24 <= header; ++i) {
    if (bytes.Has(at, "\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11"sv)) live = (bytes.At(at + 88) & 1) != 0;
    const std::uint64_t size = bytes.Number(at + 16, 8, false);
    if (size < 24 || size > header - at) break;
    at += size;
  }
  const std::uint64_t size = bytes.Number(header + 16, 8, false);
  if (!live && bytes.Has(header, "\x36\x26\xB2\x75\x8E\x66\xCF\x11"sv) && size > bytes.Left(header))
    return Truncated("its data object", size, bytes.Left(header));
  return Part();
}

// RIFF of kind "AVI ", and "AVIX" behind it beyond a gigabyte.
AudioPart CheckAvi(ByteView& bytes) {
  std::uint64_t at = 0;
  for (int i = 0; i < kMostPieces && bytes.Has(at, "RIFF") && bytes.Has(at + 8, "AVI"); ++i) {
    const std::uint64_t size = bytes.Number(at + 4, 4, false);
    if (size < 4) return Part();  // as a writer leaves it that could not finish it
    if (size > bytes.Left(at + 8)) return Truncated("its header", size, bytes.Left(at + 8));
    at += 8 + size + (size & 1);
  }
  return Part();
}

}  // namespace

std::optional<AudioPart> CheckMediaContainer(ByteView& bytes, std::vector<std::string>& warnings) {
  std::optional<AudioPart> part;
  if (bytes.Has(4, "ftyp") || bytes.Has(4, "moov") || bytes.Has(4, "mdat") ||
      (bytes.Has(4, "wide") && bytes.Has(12, "mdat")))
    part = CheckMpeg4(bytes, warnings);
  if (bytes.Has(0, "\x1A\x45\xDF\xA3"sv)) part = CheckMatroska(bytes);
  if (bytes.Has(0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv)) part = CheckAsf(bytes);
  if (bytes.Has(0, "RIFF") && bytes.Has(8, "AVI ")) part = CheckAvi(bytes);
  if (part) part->ranges = {{0, bytes.size()}};
  return part;
}

}  // namespace vpr
