// Synthetic recordings for the tests of packing.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/rng.h"

namespace vpr {

// Noise of varying loudness with no pause of more than a moment: trimming leaves most of it.
inline std::vector<float> Babble(std::uint64_t seed, double seconds) {
  Rng rng(seed, 77);
  std::vector<float> samples(static_cast<std::size_t>(seconds * kSampleRate));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double swell = 0.6 + 0.4 * std::sin(static_cast<double>(i) * 2 * M_PI / 5000);
    samples[i] = static_cast<float>(0.2 * swell * rng.Uniform(-1, 1));
  }
  return samples;
}

inline void WriteRecording(const std::string& path, std::uint64_t seed, double seconds) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  WriteWav(path, Babble(seed, seconds), kSampleRate);
}

}  // namespace vpr
