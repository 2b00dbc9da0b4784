// Decoders: from the bytes of a file to blocks of samples.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "audio/container_check.h"
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
  // What went wrong; empty at a normal end.
  virtual std::string error() const = 0;
};

// Both decoders return null and set `reason` for what they cannot decode. `bytes` must outlive
// them.

// libsndfile; `report` is what CheckContainer said of these bytes.
std::unique_ptr<Decoder> OpenSndfile(std::span<const std::uint8_t> bytes,
                                     const ContainerReport& report, std::string& reason);

// libmpg123. libsndfile decodes MP3 with it too, but estimates the length of a file without a Xing
// tag and reads no further, and lets it print to stderr.
std::unique_ptr<Decoder> OpenMp3(std::span<const std::uint8_t> bytes, std::string& reason);
bool IsMp3(std::span<const std::uint8_t> bytes);

}  // namespace vpr
