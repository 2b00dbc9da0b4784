#include "audio/container.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "audio/media_container.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using State = AudioPart::State;

// Writers that cannot seek back leave a length of 0 or near the 31- or 32-bit maximum.
constexpr std::uint64_t kUnknownLength = 0x7FFFF000;
constexpr std::size_t kMostParts = 100000;
// Less than this behind the end of a recording is not said to be left out: padding, old tags.
constexpr std::uint64_t kStray = 512;

unsigned long long Count(std::uint64_t value) { return value; }

std::string Word(std::uint64_t value, bool big_endian, int width = 4) {
  std::string word;
  for (int i = 0; i < width; ++i)
    word += static_cast<char>(value >> 8 * (big_endian ? width - 1 - i : i) & 0xFF);
  return word;
}

// A recording and where it ends.
struct Found {
  AudioPart part;
  std::uint64_t end = 0;
};

AudioPart Problem(State state, std::string detail) {
  AudioPart part;
  part.state = state;
  part.detail = std::move(detail);
  return part;
}

AudioPart HeaderOnly() { return Problem(State::kHeaderOnly, "it ends before its audio begins"); }

AudioPart Compare(std::uint64_t announced, std::uint64_t found) {
  if (announced > found)
    return Problem(State::kTruncated,
                   Format("its header announces %llu bytes of audio, the file holds %llu",
                          Count(announced), Count(found)));
  return Problem(announced == 0 ? State::kEmpty : State::kWhole, {});
}

// A file made of chunks: identifier, length, content, padding.
struct ChunkLayout {
  std::uint64_t first;     // where the first chunk begins
  std::size_t id_width;    // bytes of an identifier
  std::size_t size_width;  // bytes of a length
  bool big_endian;
  bool size_counts_header;
  std::size_t alignment;  // of chunks
};

struct Chunk {
  std::uint64_t begin = 0;    // of its content
  std::uint64_t size = 0;     // as announced, header not counted
  std::uint64_t present = 0;  // bytes from `begin` to the end of the file
};

bool IsPrintable(ByteView& bytes, std::uint64_t offset) {
  for (std::uint64_t i = offset; i < offset + 4; ++i)
    if (bytes.At(i) < 0x20 || bytes.At(i) > 0x7E) return false;
  return true;
}

// Calls visit(offset, chunk) for every chunk until it returns true, the chunks end, or one of them
// lies partly outside of the file. Returns where it stopped.
template <typename Visit>
std::uint64_t FindChunk(ByteView& bytes, const ChunkLayout& layout, Visit visit) {
  const std::size_t header = layout.id_width + layout.size_width;
  std::uint64_t offset = layout.first;
  while (bytes.Left(offset) >= header) {
    Chunk chunk;
    chunk.begin = offset + header;
    chunk.present = bytes.Left(chunk.begin);
    chunk.size = bytes.Number(offset + layout.id_width, layout.size_width, layout.big_endian);
    if (layout.size_counts_header) {
      if (chunk.size < header) return offset;
      chunk.size -= header;
    }
    if (visit(offset, chunk)) return offset;
    if (chunk.size > chunk.present) return offset;
    const std::uint64_t end = chunk.begin + chunk.size;
    offset = (end + layout.alignment - 1) / layout.alignment * layout.alignment;
    // Some writers forget the padding behind a chunk of odd length.
    if (layout.alignment == 2 && offset > end && !IsPrintable(bytes, offset) &&
        IsPrintable(bytes, end))
      offset = end;
    // With the padding taken for part of it, an identifier such as "data" reads "ata\0" and so on,
    // which may be printable by chance.
    if (layout.alignment == 2 && offset > end && layout.id_width == 4)
      for (std::string_view id : {"data", "fmt ", "fact", "LIST", "SSND", "COMM"})
        if (bytes.Has(end, id)) offset = end;
  }
  return offset;
}

bool IsWav(ByteView& bytes, std::uint64_t at) {
  return (bytes.Has(at, "RIFF") || bytes.Has(at, "RIFX") || bytes.Has(at, "RF64")) &&
         bytes.Has(at + 8, "WAVE");
}
bool IsW64(ByteView& bytes, std::uint64_t at) { return bytes.Has(at, "riff\x2E\x91\xCF\x11"); }
bool IsAiff(ByteView& bytes, std::uint64_t at) {
  return bytes.Has(at, "FORM") && (bytes.Has(at + 8, "AIFF") || bytes.Has(at + 8, "AIFC"));
}
bool IsSvx(ByteView& bytes, std::uint64_t at) {
  return bytes.Has(at, "FORM") && (bytes.Has(at + 8, "8SVX") || bytes.Has(at + 8, "16SV"));
}
bool IsAu(ByteView& bytes, std::uint64_t at) {
  return bytes.Has(at, ".snd") || bytes.Has(at, "dns.");
}

// The length of the ID3v2 tags at `offset`, 0 for none; may exceed that of a truncated file. No
// more than a few: this is asked of many places of a file, which may hold millions of empty ones.
std::uint64_t Id3Size(ByteView& bytes, std::uint64_t offset) {
  std::uint64_t total = 0;
  for (int tags = 0; tags < 8; ++tags) {
    if (!bytes.Has(offset + total, "ID3") || bytes.Left(offset + total) < 10) break;
    std::uint64_t size = 0;  // 7 bits in each of 4 bytes; header and footer are not counted
    for (std::uint64_t i = 6; i < 10; ++i) size = size << 7 | (bytes.At(offset + total + i) & 0x7F);
    total += 10 + size + ((bytes.At(offset + total + 5) & 0x10) != 0 ? 10 : 0);
  }
  return total;
}

// The marker and the beginning of the block that every FLAC stream begins with.
bool IsFlac(ByteView& bytes, std::uint64_t at) {
  return bytes.Has(at, "fLaC") && (bytes.At(at + 4) & 0x7F) == 0 &&
         bytes.Number(at + 5, 3, true) == 34;
}

// ISO/IEC 11172-3, 2.4.1.3 and 13818-3: what the 4 bytes before every MPEG audio frame say.
struct MpegFrame {
  int version = 0, layer = 0, rate = 0, channels = 0;
  std::uint64_t size = 0;  // bytes, header included; 0: "free format", not told
};

std::optional<MpegFrame> ParseMpegFrame(ByteView& bytes, std::uint64_t at) {
  if (bytes.Left(at) < 4) return std::nullopt;
  const unsigned a = bytes.At(at), b = bytes.At(at + 1), c = bytes.At(at + 2), d = bytes.At(at + 3);
  const unsigned version = b >> 3 & 3, layer = b >> 1 & 3, bit_rate = c >> 4, rate = c >> 2 & 3;
  // The reserved values are not MPEG audio.
  if (a != 0xFF || (b & 0xE0) != 0xE0 || version == 1 || layer == 0 || bit_rate == 15 || rate == 3)
    return std::nullopt;
  static constexpr std::uint16_t kKilobits[5][15] = {
      {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},  // 1, layer 1
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},     // 1, layer 2
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},      // 1, layer 3
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},     // 2, layer 1
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};         // 2, 2 and 3
  static constexpr int kRates[] = {44100, 48000, 32000};
  MpegFrame frame;
  frame.version = version == 3 ? 1 : 2;
  frame.layer = static_cast<int>(4 - layer);
  frame.rate = kRates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  frame.channels = d >> 6 == 3 ? 1 : 2;
  const std::size_t row = frame.version == 1 ? static_cast<std::size_t>(frame.layer - 1)
                                             : (frame.layer == 1 ? std::size_t{3} : std::size_t{4});
  const std::uint64_t bits = kKilobits[row][bit_rate] * std::uint64_t{1000};
  const std::uint64_t padding = c >> 1 & 1, sampling = static_cast<std::uint64_t>(frame.rate);
  if (bits == 0) return frame;
  if (frame.layer == 1) {
    frame.size = (12 * bits / sampling + padding) * 4;
  } else {
    frame.size = (frame.layer == 3 && frame.version == 2 ? 72 : 144) * bits / sampling + padding;
  }
  return frame;
}

bool SameStream(const MpegFrame& a, const MpegFrame& b) {
  return a.version == b.version && a.layer == b.layer && a.rate == b.rate &&
         a.channels == b.channels;
}

// Where the Xing, Info or VBRI tag of a first frame lies, which says how long the stream is.
std::optional<std::uint64_t> FindMp3Tag(ByteView& bytes, std::uint64_t frame) {
  // It depends on version and channels; 38 bytes at most.
  for (std::uint64_t at = frame + 4; at <= frame + 38; ++at)
    if (bytes.Has(at, "Xing") || bytes.Has(at, "Info") || bytes.Has(at, "VBRI")) return at;
  return std::nullopt;
}

// A frame that another of its kind follows, or nothing at all.
bool IsMpegStream(ByteView& bytes, std::uint64_t at) {
  const std::optional<MpegFrame> frame = ParseMpegFrame(bytes, at);
  if (!frame || frame->size == 0) return false;
  if (bytes.Left(at) <= frame->size) return bytes.Left(at) == frame->size;
  const std::optional<MpegFrame> next = ParseMpegFrame(bytes, at + frame->size);
  return next && SameStream(*frame, *next);
}

// Where a file of its own begins that may stand behind another one.
bool IsBeginning(ByteView& bytes, std::uint64_t at) {
  const std::uint64_t tags = Id3Size(bytes, at);
  return IsWav(bytes, at) || IsW64(bytes, at) || IsAiff(bytes, at) || IsSvx(bytes, at) ||
         (IsAu(bytes, at) && bytes.Left(at) >= 24) || bytes.Has(at, "caff") ||
         bytes.Has(at, "NIST_1A\n") || bytes.Has(at, "OggS") || IsFlac(bytes, at + tags) ||
         IsMpegStream(bytes, at + tags);
}

// The same within bytes that may be anything: so much of it fits that it is no chance.
bool IsCertainBeginning(ByteView& bytes, std::uint64_t at) {
  if (IsWav(bytes, at) || IsW64(bytes, at) || IsAiff(bytes, at) || IsSvx(bytes, at) ||
      bytes.Has(at, "NIST_1A\n"))
    return true;
  if (bytes.Has(at, "caff")) return bytes.Number(at + 4, 4, true) == 0x10000;  // version, flags
  if (bytes.Has(at, "OggS"))  // version 0, a first page, number 0
    return bytes.Number(at + 4, 2, true) == 2 && bytes.Number(at + 18, 4, true) == 0;
  if (IsAu(bytes, at)) {
    const bool big_endian = bytes.Has(at, ".snd");
    const std::uint64_t begin = bytes.Number(at + 4, 4, big_endian),
                        encoding = bytes.Number(at + 12, 4, big_endian),
                        rate = bytes.Number(at + 16, 4, big_endian),
                        channels = bytes.Number(at + 20, 4, big_endian);
    return begin >= 24 && begin < 65536 && encoding >= 1 && encoding <= 27 && rate >= 1000 &&
           rate <= 1000000 && channels >= 1 && channels <= 256;
  }
  const std::uint64_t begin = at + Id3Size(bytes, at);
  if (IsFlac(bytes, begin)) return bytes.Number(begin + 8, 2, true) >= 16;  // samples of a block
  if (!IsMpegStream(bytes, begin)) return false;
  if (FindMp3Tag(bytes, begin)) return true;
  std::uint64_t frame = begin;
  for (int i = 0; i < 5; ++i) {
    const std::optional<MpegFrame> parsed = ParseMpegFrame(bytes, frame);
    if (!parsed || !IsMpegStream(bytes, frame)) return false;
    frame += parsed->size;
  }
  return true;
}

// The first two bytes of such a place; most others are told apart by them.
bool MayBegin(std::uint8_t first, std::uint8_t second) {
  switch (first) {
    case 'R':
      return second == 'I' || second == 'F';
    case 'r':
      return second == 'i';
    case 'F':
      return second == 'O';
    case 'f':
      return second == 'L';
    case 'N':
      return second == 'I';
    case 'c':
      return second == 'a';
    case 'O':
      return second == 'g';
    case '.':
      return second == 's';
    case 'd':
      return second == 'n';
    case 'I':
      return second == 'D';
    case 0xFF:
      return (second & 0xE0) == 0xE0;
    default:
      return false;
  }
}

// The first such place from `at` on; the end if there is none.
std::uint64_t FindBeginning(ByteView& bytes, std::uint64_t at) {
  while (at + 1 < bytes.size()) {
    const std::span<const std::uint8_t> run = bytes.From(at);
    if (run.empty()) break;  // a file that became shorter since
    std::size_t i = 0;
    while (i + 1 < run.size() && !MayBegin(run[i], run[i + 1])) ++i;
    at += i;
    if (MayBegin(bytes.At(at), bytes.At(at + 1)) && IsCertainBeginning(bytes, at)) return at;
    ++at;
  }
  return bytes.size();
}

// The audio is the content of the chunk `id` but for its first `head` bytes. `whole_size`: what the
// file says of its own length, or nothing.
Found CheckChunked(ByteView& bytes, std::uint64_t at, const ChunkLayout& layout,
                   std::string_view id, std::uint64_t head,
                   std::optional<std::uint64_t> whole_size) {
  Found found{HeaderOnly(), bytes.size()};
  FindChunk(bytes, layout, [&](std::uint64_t offset, const Chunk& chunk) {
    if (!bytes.Has(offset, id)) return false;
    // CAF: a length of -1 means up to the end.
    const bool unknown = layout.size_width == 8 && chunk.size == ~std::uint64_t{0};
    const std::uint64_t size = unknown ? chunk.present : chunk.size;
    found.part =
        Compare(size - std::min(size, head), chunk.present - std::min(chunk.present, head));
    if (found.part.state == State::kEmpty && chunk.present > size + kStray &&
        !IsPrintable(bytes, chunk.begin + size))
      found.part = Problem(State::kTruncated,
                           Format("its header announces no audio, the file holds %llu bytes: its "
                                  "writer did not finish it",
                                  Count(chunk.present)));
    // Another file may stand behind it: where its length ends, or else its audio.
    for (std::uint64_t end :
         {at + whole_size.value_or(0), chunk.begin + size, chunk.begin + size + (size & 1)})
      if (size <= chunk.present && end >= chunk.begin + size && end < found.end &&
          IsBeginning(bytes, end))
        found.end = end;
    return true;
  });
  found.part.ranges = {{at, found.end - at}};
  return found;
}

// True if the rest of a WAV from `offset` on is nothing, or chunks that end with the file.
bool IsChunkList(ByteView& bytes, std::uint64_t offset, bool big_endian) {
  const ChunkLayout layout{offset, 4, 4, big_endian, false, 2};
  const std::uint64_t end = FindChunk(bytes, layout, [&](std::uint64_t at, const Chunk& chunk) {
    return !IsPrintable(bytes, at) || chunk.size > chunk.present || IsWav(bytes, at);
  });
  return bytes.Left(end) <= 1 || (end > offset && IsWav(bytes, end));  // padding; another file
}

// Chunks that follow the audio, by name, even if they are cut off.
bool IsKnownChunk(ByteView& bytes, std::uint64_t at) {
  static constexpr std::array<std::string_view, 24> kKnown = {
      "LIST", "list", "INFO", "id3 ", "ID3 ", "bext", "cue ", "smpl",
      "inst", "JUNK", "junk", "PAD ", "fact", "PEAK", "_PMX", "iXML",
      "afsp", "DISP", "plst", "labl", "note", "cart", "TAG",  "APET"};
  return std::any_of(kKnown.begin(), kKnown.end(),
                     [&](std::string_view id) { return bytes.Has(at, id); });
}

bool AllZero(ByteView& bytes, std::uint64_t from) {
  constexpr std::uint64_t kMost = 1 << 16;
  if (bytes.Left(from) > kMost) return false;
  for (std::uint64_t i = from; i < bytes.size(); ++i)
    if (bytes.At(i) != 0) return false;
  return true;
}

// Says that what follows a recording is not read, unless it is a tag as players know them.
void WarnLeftOut(ByteView& bytes, std::uint64_t from, std::vector<std::string>& warnings) {
  if (bytes.Left(from) < kStray || AllZero(bytes, from)) return;
  for (std::string_view tag : {"TAG", "APETAGEX", "LYRICSBEGIN", "ID3"})
    if (bytes.Has(from, tag)) return;
  warnings.push_back(Format("%llu bytes behind its audio are left out: they are no audio",
                            Count(bytes.Left(from))));
}

// What one WAV holds.
struct WavChunks {
  std::string kept;              // the chunks that libsndfile needs
  std::string kept_format;       // the format chunk alone
  std::uint64_t tag = 0;         // of the format
  std::vector<ByteRange> audio;  // of all data chunks
  std::uint64_t Bytes() const {
    std::uint64_t total = 0;
    for (const ByteRange& range : audio) total += range.size;
    return total;
  }
};

// The header that libsndfile is to see; empty: the file's own.
std::string WavHeader(const WavChunks& chunks, const std::string& kept, bool big_endian) {
  const std::uint64_t size = chunks.Bytes();
  if (size <= kUnknownLength)
    return (big_endian ? "RIFX" : "RIFF") + Word(kept.size() + 12 + size, big_endian) + "WAVE" +
           kept + "data" + Word(size, big_endian);
  if (big_endian) return {};
  return "RF64" + Word(0xFFFFFFFF, false) + "WAVEds64" + Word(28, false) +
         Word(kept.size() + size + 48, false, 8) + Word(size, false, 8) + Word(0, false, 8) +
         Word(0, false) + kept + "data" + Word(0xFFFFFFFF, false);
}

// EBU Tech 3285 (WAV) and 3306 (RF64: 64-bit lengths in the chunk ds64).
Found CheckWav(ByteView& bytes, std::uint64_t at, bool streamed,
               std::vector<std::string>& warnings) {
  const bool big_endian = bytes.Has(at, "RIFX"), rf64 = bytes.Has(at, "RF64");
  std::uint64_t long_size = 0;
  bool mended = false;  // lengths in the file are not those of its audio
  WavChunks chunks;
  Found found{HeaderOnly(), bytes.size()};
  AudioPart& part = found.part;
  std::optional<std::uint64_t> after;  // the end of the last data chunk, if it was the last chunk
  // Whether the rest is known to be nothing but chunks: what follows each of millions of empty data
  // chunks is not looked through again.
  bool list = false;
  auto is_list = [&](std::uint64_t offset) {
    return list = list || IsChunkList(bytes, offset, big_endian);
  };
  const std::uint64_t stopped = FindChunk(
      bytes, {at + 12, 4, 4, big_endian, false, 2}, [&](std::uint64_t offset, const Chunk& chunk) {
        if (!chunks.audio.empty() && IsBeginning(bytes, offset)) return true;
        const bool is_data = bytes.Has(offset, "data");
        // Behind the audio only what looks like chunks is taken for chunks.
        if (after && !is_data && !IsKnownChunk(bytes, offset) && !is_list(offset)) return true;
        after.reset();
        if (rf64 && bytes.Has(offset, "ds64") && chunk.present >= 16)
          long_size = bytes.Number(chunk.begin + 8, 8, false);
        const bool is_format = bytes.Has(offset, "fmt ");
        if ((is_format || bytes.Has(offset, "fact")) && chunks.audio.empty() &&
            chunk.size <= std::min<std::uint64_t>(chunk.present, 1 << 16)) {
          const std::string copy = bytes.Text(offset, 8 + static_cast<std::size_t>(chunk.size)) +
                                   std::string(chunk.size & 1, '\0');
          if (is_format) {
            chunks.kept_format = copy;
            chunks.tag = bytes.Number(chunk.begin, 2, big_endian);
            if (chunks.tag == 0xFFFE && chunk.size >= 26)
              chunks.tag = bytes.Number(chunk.begin + 24, 2, big_endian);
          }
          chunks.kept += copy;
        }
        if (!is_data) return false;
        std::uint64_t size = rf64 && chunk.size == 0xFFFFFFFF ? long_size : chunk.size;
        const bool open = size == 0 ? streamed || !is_list(chunk.begin)
                                    : size >= kUnknownLength && size > chunk.present;
        if (open) {
          if (!streamed && chunk.present > 0)
            warnings.push_back(
                Format("its header leaves its length open (%llu bytes announced), as a writer does "
                       "that could not finish it: all %llu bytes that follow were read",
                       Count(size), Count(chunk.present)));
          size = chunk.present;
          mended = true;
        }
        part = Compare(size, chunk.present);
        if (part.state == State::kTruncated) return true;
        if (size > 0) chunks.audio.push_back({chunk.begin, size});
        after = chunk.begin + size;
        return size != chunk.size;  // FindChunk knows only chunk.size
      });
  if (!chunks.audio.empty() && part.state == State::kEmpty) part.state = State::kWhole;
  if (part.state == State::kTruncated || chunks.audio.empty()) {
    part.ranges = {{at, bytes.size() - at}};
    return found;
  }
  // What is behind: nothing, padding, another file, a cut-off chunk, or audio that the header
  // forgets, as after 4 GB, or when a writer was killed between two updates of it.
  std::uint64_t rest = after ? *after : stopped;
  if (after && IsBeginning(bytes, rest + 1) && (rest & 1) != 0) ++rest;
  const std::uint64_t left = bytes.Left(rest);
  if (left > 1 && IsBeginning(bytes, rest)) {
    found.end = rest;
  } else if (after && left > 1 && !AllZero(bytes, rest) && !IsKnownChunk(bytes, rest) &&
             !IsKnownChunk(bytes, rest + 1) && !IsChunkList(bytes, rest, big_endian)) {
    if (left >= kStray) {
      warnings.push_back(
          Format("its header announces %llu bytes of audio, but the file goes on: the %llu bytes "
                 "behind them were read too",
                 Count(chunks.Bytes()), Count(left)));
      chunks.audio.back().size += left;
      mended = true;
    } else {
      warnings.push_back(
          Format("%llu bytes behind its audio are left out: they are no chunk", Count(left)));
    }
  }
  part.in_wav = true;
  part.ranges = chunks.audio;
  if (chunks.tag == 0x50 || chunks.tag == 0x55) {
    part.mp3 = true;
    return found;
  }
  // The number of samples in a fact chunk is that of one data chunk as announced.
  part.header = WavHeader(
      chunks, mended || chunks.audio.size() > 1 ? chunks.kept_format : chunks.kept, big_endian);
  if (part.header.empty()) part.ranges = {{at, found.end - at}};
  return found;
}

// Sun/NeXT .au, of either byte order.
Found CheckAu(ByteView& bytes, std::uint64_t at, bool streamed,
              std::vector<std::string>& warnings) {
  Found found{HeaderOnly(), bytes.size()};
  found.part.ranges = {{at, bytes.size() - at}};
  if (bytes.Left(at) < 24) return found;
  const bool big_endian = bytes.Has(at, ".snd");
  const std::uint64_t begin = bytes.Number(at + 4, 4, big_endian);
  const std::uint64_t size = bytes.Number(at + 8, 4, big_endian);
  const std::uint64_t available = bytes.Left(at + begin);
  // The format itself defines this length as "unknown"; 0 is what a writer leaves that dies.
  if (size == 0xFFFFFFFF || (size == 0 && (streamed || available > kStray))) {
    if (!streamed && size == 0)
      warnings.push_back(
          Format("its header leaves its length open: all %llu bytes that follow were read",
                 Count(available)));
    found.part = Compare(available, available);
  } else {
    found.part = Compare(size, available);
    if (size <= available && IsBeginning(bytes, at + begin + size)) found.end = at + begin + size;
  }
  found.part.ranges = {{at, found.end - at}};
  return found;
}

// NIST SPHERE: a text header with lines "name -type value".
Found CheckNist(ByteView& bytes, std::uint64_t at) {
  constexpr std::size_t kHeader = 1024;
  Found found{HeaderOnly(), bytes.size()};
  found.part.ranges = {{at, bytes.size() - at}};
  if (bytes.Left(at) < kHeader) return found;
  const std::string text = bytes.Text(at, kHeader);
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
      count > kMaxCount) {
    found.part = {};  // libsndfile will judge it
  } else {
    const std::uint64_t size = count * width * channels;
    found.part = Compare(size, bytes.Left(at + kHeader));
    if (size <= bytes.Left(at + kHeader) && IsBeginning(bytes, at + kHeader + size))
      found.end = at + kHeader + size;
  }
  found.part.ranges = {{at, found.end - at}};
  return found;
}

// One MPEG stream, up to where another one begins: where an encoder's tag stands in a further
// frame, or where frames of another kind begin. libmpg123 ends with the first.
Found CheckMp3(ByteView& bytes, std::uint64_t at, std::vector<std::string>& warnings) {
  Found found{AudioPart{}, bytes.size()};
  found.part.mp3 = true;
  auto finish = [&] {
    found.part.ranges = {{at, found.end - at}};
    return found;
  };
  const std::uint64_t begin = at + Id3Size(bytes, at);
  if (begin > bytes.size()) {
    found.part = HeaderOnly();
    found.part.mp3 = true;
    return finish();
  }
  const std::optional<MpegFrame> first = ParseMpegFrame(bytes, begin);
  if (!first || first->size == 0) return finish();
  std::uint64_t announced = 0;  // bytes from the first frame on, as its tag says
  if (const std::optional<std::uint64_t> tag = FindMp3Tag(bytes, begin)) {
    if (bytes.Left(*tag) < 16) {
      found.part = HeaderOnly();
      found.part.mp3 = true;
      return finish();
    }
    const std::uint64_t flags = bytes.Number(*tag + 4, 4, true);
    if (!bytes.Has(*tag, "VBRI") && (flags & 2) != 0)
      announced = bytes.Number(*tag + ((flags & 1) != 0 ? 12 : 8), 4, true);
  }
  auto is_over = [&](std::uint64_t place) {  // and so much follows that it is no rounding
    return announced > 0 && place >= begin + announced && bytes.Left(place) > kStray;
  };
  std::uint64_t frame = begin + first->size;
  while (bytes.Left(frame) >= 4) {
    const std::optional<MpegFrame> next = ParseMpegFrame(bytes, frame);
    if (next && next->size > 0 && SameStream(*first, *next)) {
      if ((FindMp3Tag(bytes, frame) || is_over(frame)) && IsMpegStream(bytes, frame)) break;
      frame += next->size;
      continue;
    }
    if (IsBeginning(bytes, frame)) break;
    // Tags, padding, damage: on to where frames or files begin again.
    constexpr std::uint64_t kFar = 1 << 22;
    const std::uint64_t limit = std::min(bytes.size(), frame + kFar);
    std::uint64_t again = frame + 1;
    while (again < limit && !IsMpegStream(bytes, again) &&
           !(bytes.At(again) == 'I' && IsBeginning(bytes, again)))
      ++again;
    if (again >= limit) {
      WarnLeftOut(bytes, frame, warnings);
      frame = bytes.size();
      break;
    }
    frame = again;
    const std::optional<MpegFrame> resumed = ParseMpegFrame(bytes, frame);
    if (!resumed || !SameStream(*first, *resumed) || FindMp3Tag(bytes, frame) || is_over(frame))
      break;
  }
  frame = std::min(frame, bytes.size());
  if (announced > frame - begin) {
    found.part = Compare(announced, frame - begin);
    found.part.mp3 = true;
  }
  if (IsBeginning(bytes, frame)) found.end = frame;
  return finish();
}

// RFC 3533: one link of a chain, up to where the next one begins: the first page of a stream behind
// pages that are not the first of theirs. Its last page must carry the end-of-stream flag and lie
// within the file.
Found CheckOgg(ByteView& bytes, std::uint64_t at, std::vector<std::string>& warnings) {
  Found found{AudioPart{}, bytes.size()};
  bool ended = false, begun = false;
  std::uint64_t offset = at;
  auto cut = [&] {
    found.part = Problem(State::kTruncated, "it ends inside its last Ogg page");
    found.part.ranges = {{at, found.end - at}};
    return found;
  };
  while (offset < bytes.size()) {
    if (!bytes.Has(offset, "OggS")) {
      // Not a page: another file, or something foreign, such as a tag at the end.
      if (ended && IsBeginning(bytes, offset)) {
        found.end = offset;
        break;
      }
      const std::uint64_t next = bytes.Find(offset, bytes.size(), "OggS");
      if (next >= bytes.size()) {
        WarnLeftOut(bytes, offset, warnings);
        break;
      }
      offset = next;
    }
    const std::uint64_t available = bytes.Left(offset);
    const std::uint64_t segments = available >= 27 ? bytes.At(offset + 26) : 0;
    if (available < 27 + segments) return cut();
    const bool first_page = (bytes.At(offset + 5) & 2) != 0;
    if (first_page && begun) {
      found.end = offset;
      break;
    }
    begun = begun || !first_page;
    std::uint64_t size = 27 + segments;
    for (std::uint64_t i = 0; i < segments; ++i) size += bytes.At(offset + 27 + i);
    if (available < size) return cut();
    ended = (bytes.At(offset + 5) & 4) != 0;
    offset += size;
  }
  if (!ended)
    found.part =
        Problem(State::kTruncated, "its last Ogg page does not carry the end-of-stream flag");
  found.part.ranges = {{at, found.end - at}};
  return found;
}

// One FLAC stream: nothing in it says where it ends, so the next file is looked for.
Found CheckFlac(ByteView& bytes, std::uint64_t at) {
  Found found{AudioPart{}, bytes.size()};
  found.end = FindBeginning(bytes, at + Id3Size(bytes, at) + 42);  // behind the first block
  found.part.ranges = {{at, found.end - at}};
  return found;
}

Found CheckOne(ByteView& bytes, std::uint64_t at, bool streamed,
               std::vector<std::string>& warnings) {
  const bool riff = bytes.Has(at, "RIFF") || bytes.Has(at, "RIFX") || bytes.Has(at, "RF64");
  const bool form = bytes.Has(at, "FORM");
  const bool short_header = bytes.Left(at) < 12;
  if (IsWav(bytes, at) || (riff && short_header)) return CheckWav(bytes, at, streamed, warnings);
  // Sony Wave64: identifiers of 16 bytes, whose first four are those of WAV.
  if (IsW64(bytes, at))
    return CheckChunked(bytes, at, {at + 40, 16, 8, false, true, 8}, "data", 0,
                        bytes.Number(at + 16, 8, false));
  // AIFF and AIFF-C: 8 bytes of offset and block size before the audio.
  if (IsAiff(bytes, at) || (form && short_header))
    return CheckChunked(bytes, at, {at + 12, 4, 4, true, false, 2}, "SSND", 8,
                        8 + bytes.Number(at + 4, 4, true));
  if (IsSvx(bytes, at))
    return CheckChunked(bytes, at, {at + 12, 4, 4, true, false, 2}, "BODY", 0,
                        8 + bytes.Number(at + 4, 4, true));
  // Apple's Core Audio Format: 4 bytes of edit count before the audio.
  if (bytes.Has(at, "caff"))
    return CheckChunked(bytes, at, {at + 8, 4, 8, true, false, 1}, "data", 4, std::nullopt);
  if (IsAu(bytes, at)) return CheckAu(bytes, at, streamed, warnings);
  if (bytes.Has(at, "NIST_1A\n")) return CheckNist(bytes, at);
  if (bytes.Has(at, "OggS")) return CheckOgg(bytes, at, warnings);
  const std::uint64_t begin = at + Id3Size(bytes, at);
  if (IsFlac(bytes, begin)) return CheckFlac(bytes, at);
  if (begin > bytes.size() || ParseMpegFrame(bytes, begin)) return CheckMp3(bytes, at, warnings);
  Found found;
  found.end = bytes.size();
  if (at == 0)
    if (std::optional<AudioPart> part = CheckMediaContainer(bytes, warnings)) {
      found.part = std::move(*part);
      return found;
    }
  found.part.ranges = {{at, found.end - at}};
  return found;
}

// Of a text, by its beginning.
KnownFormat RecogniseText(std::string start) {
  std::transform(start.begin(), start.end(), start.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::size_t first = start.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos) return {};
  start.erase(0, first);
  auto begins = [&](std::string_view text) { return start.starts_with(text); };
  if (begins("<!doctype html") || begins("<html")) return {"a web page", false};
  static constexpr std::pair<std::string_view, const char*> kPlaylists[] = {
      {"#extm3u", "a playlist (M3U, HLS)"},
      {"#ext-x-", "a playlist (M3U, HLS)"},
      {"[playlist]", "a playlist (PLS)"},
      {"[reference]", "a playlist (ASX)"},
      {"<asx", "a playlist (ASX)"},
      {"ffconcat", "a list of files to join"},
      {"<mpd", "a playlist (DASH)"},
      {"<smil", "a playlist (SMIL)"},
      {"<playlist", "a playlist (XSPF)"},
      {"<smoothstreamingmedia", "a playlist (Smooth Streaming)"},
      {"<compositionplaylist", "a playlist (IMF)"},
      {"v=0\r\no=", "a description of a network stream (SDP)"},
      {"v=0\no=", "a description of a network stream (SDP)"},
      {"http://", "an address"},
      {"https://", "an address"},
      {"rtsp://", "an address"},
      {"rtsptext", "a playlist (QuickTime)"},
  };
  const bool xml = begins("<?xml");
  for (const auto& [text, name] : kPlaylists)
    if (begins(text) || (xml && text[0] == '<' && start.find(text) != std::string::npos))
      return {name, false, true};
  if (begins("file '") || begins("file \"")) return {"a list of files to join", false, true};
  if (xml) return {"an XML document", false};
  if (begins("<!doctype")) return {"a web page", false};
  return {};
}

}  // namespace

ContainerReport CheckContainer(const ByteSource& source, bool streamed) {
  ByteView bytes(source);
  ContainerReport report;
  std::uint64_t at = 0;
  do {
    if (report.parts.size() == kMostParts)
      throw Error(ErrorCode::kCorrupt, Format("it is joined of more than %zu pieces", kMostParts));
    Found found = CheckOne(bytes, at, streamed, report.warnings);
    VPR_CHECK(found.end > at || source.size() == 0);
    report.parts.push_back(std::move(found.part));
    at = found.end;
  } while (at < source.size());
  return report;
}

KnownFormat RecogniseFormat(const ByteSource& source) {
  ByteView bytes(source);
  struct Known {
    std::uint64_t offset;
    std::string_view magic;
    const char* name;
  };
  using namespace std::string_view_literals;
  static constexpr Known kRecordings[] = {
      {4, "ftypqt  "sv, "QuickTime (MOV)"},
      {4, "ftyp3g"sv, "3GP"},
      {4, "ftyp"sv, "MPEG-4 (M4A, MP4)"},
      {4, "moov"sv, "MPEG-4 (M4A, MP4)"},
      {0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, "Windows Media (WMA, WMV)"},
      {0, "#!AMR"sv, "AMR"},
      {0, "ADIF"sv, "AAC"},
      {0, "\x0B\x77"sv, "AC-3"},
      {0, "MAC "sv, "Monkey's Audio (APE)"},
      {0, "wvpk"sv, "WavPack"},
      {0, "TTA1"sv, "True Audio"},
      {0, "MPCK"sv, "Musepack"},
      {0, "MP+"sv, "Musepack"},
      {0, "DSD "sv, "DSD"},
      {0, "FRM8"sv, "DSD"},
      {0, "FLV\x01"sv, "Flash video"},
      {0, ".RMF"sv, "RealMedia"},
      {0, ".ra\xFD"sv, "RealAudio"},
      {0, "ajkg"sv, "Shorten"},
      {0, "\0\0\1\xBA"sv, "an MPEG program stream"},
  };
  for (const Known& known : kRecordings)
    if (bytes.Has(known.offset, known.magic)) return {known.name};
  static constexpr Known kOthers[] = {
      {0, "MThd"sv, "MIDI, which holds notes and no sound"},
      {0, "PK\3\4"sv, "a ZIP archive"},
      {0, "\x1F\x8B"sv, "compressed with gzip"},
      {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
      {0,
       "\xFD"
       "7zXZ"sv,
       "compressed with xz"},
      {0, "%PDF"sv, "a PDF document"},
      {0, "\x89PNG"sv, "a PNG picture"},
      {0, "\xFF\xD8\xFF"sv, "a JPEG picture"},
      {0, "version https://git-lfs"sv, "a pointer of Git LFS, not the file itself"},
      {0, "SQLite format 3"sv, "an SQLite database"},
      {0, "\x93NUMPY"sv, "a NumPy array"},
  };
  for (const Known& known : kOthers)
    if (bytes.Has(known.offset, known.magic)) return {known.name, false};
  if (bytes.Has(0, "\x1A\x45\xDF\xA3"))
    return {bytes.Find(0, 128, "webm") < std::min<std::uint64_t>(128, bytes.size())
                ? "WebM"
                : "Matroska (MKV, MKA)"};
  if (bytes.Has(0, "RIFF") && bytes.Has(8, "AVI ")) return {"AVI"};
  if (bytes.At(0) == 0xFF && (bytes.At(1) & 0xF6) == 0xF0) return {"AAC (ADTS)"};
  if (bytes.At(0) == 0x47 && bytes.At(188) == 0x47 && bytes.At(376) == 0x47)
    return {"an MPEG transport stream"};
  if (bytes.At(0) == 0x56 && (bytes.At(1) & 0xE0) == 0xE0) return {"AAC (LOAS)"};
  if (bytes.Has(0, "OggS")) {
    const std::uint64_t packet = 27 + std::uint64_t{bytes.At(26)};
    if (bytes.Has(packet,
                  "\x7F"
                  "FLAC"))
      return {"FLAC in Ogg"};
    if (bytes.Has(packet, "Speex   ")) return {"Speex"};
    if (bytes.Has(packet, "\x80theora")) return {"Theora video"};
    if (bytes.Has(packet, "fishead")) return {"Ogg with more than one stream"};
    return {"Ogg with an unknown codec"};
  }
  if (bytes.Has(0, "caff")) return {"CAF of an encoding that is not known here"};
  if (IsWav(bytes, 0)) {
    const std::uint64_t format =
        bytes.Find(12, std::min<std::uint64_t>(bytes.size(), 4096), "fmt ");
    if (bytes.Has(format, "fmt "))
      return {Format("WAV of an encoding that is not known here (format tag 0x%04llX)",
                     Count(bytes.Number(format + 8, 2, bytes.Has(0, "RIFX"))))};
  }
  return RecogniseText(bytes.Text(0, 1024));
}

}  // namespace vpr
