// Speech as 16-bit samples: how packed data sets keep it, and how one utterance is known again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/file_io.h"

namespace vpr {

// Little-endian, rounded to nearest and clipped.
std::vector<std::uint8_t> EncodePcm16(std::span<const float> samples);

// 12 hexadecimal digits (48 bits of XXH3-128) of the samples as 16 bits: the same for the same
// speech, whatever its file's name and (lossless) format.
inline constexpr std::size_t kFingerprintDigits = 12;
std::string SpeechFingerprint(std::span<const float> samples);

// The same of samples that come block by block.
class SpeechFingerprintStream {
 public:
  void Add(std::span<const float> samples);
  std::string Digest() const;

 private:
  FingerprintStream stream_;
};

// Sets of such fingerprints, as one string: sorted, one after the other.
std::string JoinFingerprints(std::vector<std::string> fingerprints);
std::string MergeFingerprints(const std::string& joined, const std::string& other);
bool HasFingerprint(const std::string& joined, std::string_view fingerprint);

}  // namespace vpr
