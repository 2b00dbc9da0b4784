// From bytes to blocks of samples: the interface of all decoders, also of those in a module that is
// opened at run time (lib/vpr/vpr_ffmpeg.so).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Up to out.size() bytes from `offset` on; fewer only at the end. Throws kIo. May be called from
  // several threads at once.
  virtual std::size_t ReadAt(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Format, rate, channels and tracks; `seconds` is not set.
  virtual AudioInfo info() const = 0;
  // Samples of each channel, if the file is sure of it.
  virtual std::optional<std::uint64_t> announced() const = 0;
  // Decodes at most `frames` samples of each channel; 0 at the end and after an error.
  virtual std::size_t Read(float* interleaved, std::size_t frames) = 0;
  // Bytes of the source that were read so far.
  virtual std::uint64_t position() const = 0;
  // What went wrong, in words that go on from "damaged after 3 s: "; empty at a normal end.
  virtual std::string error() const = 0;
  // The same for the source itself, which the system could not read.
  virtual std::string read_failure() const = 0;
  // What a user should know although it was decoded; complete at the end.
  virtual std::vector<std::string> warnings() const { return {}; }
};

// What the module has to say of bytes that it does not decode.
struct MediaRefusal {
  bool known = false;  // it is a format of FFmpeg's; else the rest is not set
  std::string reason;  // goes on from "it is FORMAT, but ": "holds no audio track"
  std::string format;
  bool track_missing = false;  // the track wanted: `reason` stands alone
};

// What the module exports: a decoder of `bytes`, which must outlive it, or null and `refusal`.
// `track`: 1, 2, ... of its audio tracks; 0: the one that the file calls its default.
using MediaOpener = Decoder*(const ByteSource& bytes, int track, MediaRefusal& refusal);
inline constexpr const char* kMediaModule = "vpr_ffmpeg";
inline constexpr const char* kMediaEntry = "vpr_ffmpeg_open";
inline constexpr const char* kMediaPackages =
    "libavformat-dev, libavcodec-dev, libswresample-dev and libswscale-dev";

}  // namespace vpr
