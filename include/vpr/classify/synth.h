// Four synthetic "emotions", to try the whole chain without any recordings.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/rng.h"

namespace vpr {

// A sine whose amplitude is modulated by a slower one; each value is drawn evenly from its range.
struct SynthEmotion {
  const char* name;
  double low_hz, high_hz;                // frequency
  double low_seconds, high_seconds;      // duration
  double low_amplitude, high_amplitude;  // of full scale
  double low_rate_hz, high_rate_hz;      // of the modulation
  double low_depth, high_depth;          // of the modulation, 0 to 1
  double noise;                          // standard deviation of white noise, of the amplitude
};

inline constexpr std::array<SynthEmotion, 4> kSynthEmotions = {{
    {"angry", 300, 500, 0.8, 1.5, 0.7, 0.9, 8, 12, 0.6, 0.9, 0.3},
    {"happy", 400, 600, 1.0, 2.0, 0.6, 0.8, 5, 8, 0.4, 0.6, 0.01},
    {"neutral", 200, 350, 1.5, 2.5, 0.4, 0.6, 1, 3, 0.05, 0.2, 0.01},
    {"sad", 100, 250, 2.0, 3.0, 0.2, 0.4, 0.5, 2, 0.2, 0.4, 0.01},
}};

// 16 kHz; half a tenth of a second of fading at either end.
std::vector<float> SynthesizeEmotion(const SynthEmotion& emotion, Rng& rng);

// Writes OUT_DIR/NAME/NAME-001.wav and so on, `count` of each (1 to 10000). The same seed gives the
// same files. Throws kInvalidArgument, kIo; an existing file is replaced.
void WriteSynthEmotions(const std::string& out_dir, int count, std::uint64_t seed);

}  // namespace vpr
