// Decoders: from bytes to blocks of samples.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "audio/byte_source.h"
#include "vpr/audio/audio_reader.h"

namespace vpr {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Format, rate and channels; `seconds` is not set.
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
};

// Both return null and set `reason` for what they cannot decode; the reason is empty where nothing
// more is known than that. `bytes` must outlive them.

// libsndfile.
std::unique_ptr<Decoder> OpenSndfile(const ByteSource& bytes, std::string& reason);

// libmpg123. libsndfile decodes MP3 with it too, but estimates the length of a file without a Xing
// tag and reads no further, and lets it print to stderr.
std::unique_ptr<Decoder> OpenMp3(const ByteSource& bytes, std::string& reason);

}  // namespace vpr
