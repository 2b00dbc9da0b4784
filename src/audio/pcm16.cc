#include "vpr/audio/pcm16.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vpr/base/error.h"

namespace vpr {
namespace {

std::string_view At(const std::string& joined, std::size_t i) {
  return std::string_view(joined).substr(i * kFingerprintDigits, kFingerprintDigits);
}

}  // namespace

std::vector<std::uint8_t> EncodePcm16(std::span<const float> samples) {
  std::vector<std::uint8_t> bytes(2 * samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    float scaled = std::clamp(std::nearbyint(samples[i] * 32768.0f), -32768.0f, 32767.0f);
    auto value = static_cast<std::int16_t>(scaled);
    std::memcpy(bytes.data() + 2 * i, &value, sizeof value);
  }
  return bytes;
}

std::string SpeechFingerprint(std::span<const float> samples) {
  SpeechFingerprintStream stream;
  stream.Add(samples);
  return stream.Digest();
}

void SpeechFingerprintStream::Add(std::span<const float> samples) {
  const std::vector<std::uint8_t> bytes = EncodePcm16(samples);
  stream_.Add(bytes.data(), bytes.size());
}

std::string SpeechFingerprintStream::Digest() const {
  return stream_.Digest().substr(0, kFingerprintDigits);
}

std::string JoinFingerprints(std::vector<std::string> fingerprints) {
  std::sort(fingerprints.begin(), fingerprints.end());
  fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
  std::string joined;
  for (const std::string& one : fingerprints) {
    VPR_CHECK(one.size() == kFingerprintDigits);
    joined += one;
  }
  return joined;
}

std::string MergeFingerprints(const std::string& joined, const std::string& other) {
  std::vector<std::string> all;
  for (const std::string* list : {&joined, &other}) {
    for (std::size_t i = 0; i < list->size() / kFingerprintDigits; ++i)
      all.emplace_back(At(*list, i));
  }
  return JoinFingerprints(std::move(all));
}

bool HasFingerprint(const std::string& joined, std::string_view fingerprint) {
  std::size_t low = 0, high = joined.size() / kFingerprintDigits;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (At(joined, middle) < fingerprint)
      low = middle + 1;
    else
      high = middle;
  }
  return low < joined.size() / kFingerprintDigits && At(joined, low) == fingerprint;
}

}  // namespace vpr
