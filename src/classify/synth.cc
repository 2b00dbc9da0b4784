#include "vpr/classify/synth.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kEmotionStream = 61 };

}  // namespace

std::vector<float> SynthesizeEmotion(const SynthEmotion& emotion, Rng& rng) {
  const double hz = rng.Uniform(emotion.low_hz, emotion.high_hz);
  const double seconds = rng.Uniform(emotion.low_seconds, emotion.high_seconds);
  const double amplitude = rng.Uniform(emotion.low_amplitude, emotion.high_amplitude);
  const double rate = rng.Uniform(emotion.low_rate_hz, emotion.high_rate_hz);
  const double depth = rng.Uniform(emotion.low_depth, emotion.high_depth);
  constexpr double kFade = 0.05;
  std::vector<float> samples(static_cast<std::size_t>(seconds * kSampleRate));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / kSampleRate;
    // Between 1 - depth and 1, so that the noise on top seldom clips.
    const double modulation = 1 - depth * (0.5 + 0.5 * std::sin(2 * M_PI * rate * t));
    const double fade = std::clamp(std::min(t, seconds - t) / kFade, 0.0, 1.0);
    const double value = modulation * std::sin(2 * M_PI * hz * t) + emotion.noise * rng.Normal();
    samples[i] = static_cast<float>(std::clamp(amplitude * fade * value, -1.0, 1.0));
  }
  return samples;
}

void WriteSynthEmotions(const std::string& out_dir, int count, std::uint64_t seed) {
  if (count < 1 || count > 10000)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot make %d recordings of each class; expected 1 to 10000", count));
  for (std::size_t e = 0; e < kSynthEmotions.size(); ++e) {
    const SynthEmotion& emotion = kSynthEmotions[e];
    const std::filesystem::path folder = std::filesystem::path(out_dir) / emotion.name;
    MakeFolders(folder.string());
    for (int n = 1; n <= count; ++n) {
      Rng rng(seed, kEmotionStream, e, static_cast<std::uint64_t>(n));
      WriteWav((folder / Format("%s-%03d.wav", emotion.name, n)).string(),
               SynthesizeEmotion(emotion, rng), kSampleRate);
    }
  }
}

}  // namespace vpr
