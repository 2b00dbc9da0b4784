#include "vpr/video/clip_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kMostBytes = 1'000'000'000;  // of one RIFF, which AVI keeps below 1 GiB
constexpr std::uint32_t kHasIndex = 0x10, kKeyFrame = 0x10;
constexpr std::size_t kSampleBytes = 2;

void Number(std::string& bytes, std::uint64_t value, int size) {  // the lowest byte first
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}
void Number(std::string& bytes, std::uint64_t value) { Number(bytes, value, 4); }

// A chunk's content fills whole words.
void Chunk(std::string& bytes, std::string_view name, std::string_view content) {
  bytes += name;
  Number(bytes, content.size());
  bytes += content;
  if (content.size() % 2 != 0) bytes += '\0';
}
std::string List(std::string_view name, const std::string& content) {
  std::string list;
  Chunk(list, "LIST", std::string(name) + content);
  return list;
}

std::string Pcm(const std::vector<float>& samples, std::size_t begin, std::size_t end) {
  std::string bytes;
  for (std::size_t i = begin; i < std::min(end, samples.size()); ++i) {
    const float value = std::clamp(std::round(samples[i] * 32768), -32768.0f, 32767.0f);
    Number(bytes, static_cast<std::uint16_t>(static_cast<std::int16_t>(value)), 2);
  }
  return bytes;
}

struct Stream {
  const char* kind;         // "vids"
  const char* codec;        // four characters
  std::uint32_t rate;       // units a second
  std::uint64_t length;     // units
  std::uint32_t unit_size;  // bytes; 0: they differ
  std::size_t largest;      // bytes of a chunk
};
std::string StreamHeader(const Stream& stream, int width, int height, const std::string& format) {
  std::string header = std::string(stream.kind) + std::string(stream.codec, 4);
  for (int i = 0; i < 3; ++i) Number(header, 0);  // flags; priority and language; initial frames
  Number(header, 1), Number(header, stream.rate), Number(header, 0);
  Number(header, stream.length), Number(header, stream.largest);
  Number(header, 0xFFFFFFFF), Number(header, stream.unit_size);
  Number(header, 0, 2), Number(header, 0, 2);
  Number(header, static_cast<std::uint64_t>(width), 2);
  Number(header, static_cast<std::uint64_t>(height), 2);
  std::string chunks;
  Chunk(chunks, "strh", header);
  Chunk(chunks, "strf", format);
  return List("strl", chunks);
}

std::string BitmapHeader(int width, int height) {
  std::string header;
  Number(header, 40), Number(header, static_cast<std::uint64_t>(width));
  Number(header, static_cast<std::uint64_t>(height));
  Number(header, 1, 2), Number(header, 24, 2);
  header += "MPNG";
  Number(header, 3 * static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height));
  for (int i = 0; i < 4; ++i) Number(header, 0);  // pixels a metre, colours
  return header;
}

std::string WaveHeader() {
  std::string header;
  Number(header, 1, 2), Number(header, 1, 2);  // PCM, one channel
  Number(header, kSampleRate), Number(header, kSampleBytes * kSampleRate);
  Number(header, kSampleBytes, 2), Number(header, 8 * kSampleBytes, 2);
  return header;
}

}  // namespace

std::string EncodeClip(const std::vector<Image>& frames, int frames_per_second,
                       const std::vector<float>& samples) {
  VPR_CHECK(!frames.empty() && frames_per_second > 0);
  const int width = frames[0].width, height = frames[0].height;
  std::string movie, index;
  std::size_t largest = 0, largest_sound = 0;
  // Where a chunk lies is counted from the four characters "movi".
  const auto add = [&](const char* name, const std::string& content) {
    index += name;
    Number(index, kKeyFrame), Number(index, movie.size() + 4), Number(index, content.size());
    Chunk(movie, name, content);
    if (movie.size() > kMostBytes)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("cannot write a clip of %zu frames of %d x %d: it would have more than "
                         "1 GB",
                         frames.size(), width, height));
  };
  for (std::size_t i = 0; i < frames.size(); ++i) {
    VPR_CHECK(frames[i].width == width && frames[i].height == height);
    const std::string picture = EncodePng(frames[i]);
    largest = std::max(largest, picture.size());
    add("00dc", picture);
    const auto begin_of = [&](std::size_t frame) {
      return frame * kSampleRate / static_cast<std::size_t>(frames_per_second);
    };
    const std::string sound =
        Pcm(samples, begin_of(i), i + 1 < frames.size() ? begin_of(i + 1) : samples.size());
    largest_sound = std::max(largest_sound, sound.size());
    if (!sound.empty()) add("01wb", sound);
  }

  std::string main;
  const auto rate = static_cast<std::uint32_t>(frames_per_second);
  Number(main, 1000000 / rate), Number(main, rate * largest + kSampleBytes * kSampleRate);
  Number(main, 0), Number(main, kHasIndex), Number(main, frames.size()), Number(main, 0);
  Number(main, samples.empty() ? 1 : 2), Number(main, std::max(largest, largest_sound));
  Number(main, static_cast<std::uint64_t>(width));
  Number(main, static_cast<std::uint64_t>(height));
  for (int i = 0; i < 4; ++i) Number(main, 0);
  std::string headers;
  Chunk(headers, "avih", main);
  headers += StreamHeader({"vids", "MPNG", rate, frames.size(), 0, largest}, width, height,
                          BitmapHeader(width, height));
  if (!samples.empty())
    headers +=
        StreamHeader({"auds", "\0\0\0\0", kSampleRate, samples.size(), kSampleBytes, largest_sound},
                     0, 0, WaveHeader());
  std::string content = "AVI " + List("hdrl", headers) + List("movi", movie);
  Chunk(content, "idx1", index);
  std::string bytes;
  Chunk(bytes, "RIFF", content);
  return bytes;
}

}  // namespace vpr
