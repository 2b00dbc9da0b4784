// How well is speech found in noise: the voice activity detector against cutting what is so many dB
// below the loudest moment.
//   voice_activity SPEECH_LIST NOISE_LIST
// Each list: a path of a recording a line. A second of near silence is put before and after every
// recording; the frames (10 ms) within 30 dB of its loudest 110 ms are its speech. Then noise is
// added at several ratios, and the frames that each method keeps are counted.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "vpr/audio/degrade.h"
#include "vpr/audio/speech.h"
#include "vpr/audio/voice_activity.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace {

using namespace vpr;

constexpr std::size_t kFrame = VoiceActivityDetector::kFrame;
constexpr int kMethods = 3;

std::vector<std::string> ReadPaths(const char* list) {
  const std::string text = ReadFile(list);
  std::vector<std::string> paths;
  for (std::string_view line : Lines(text)) paths.emplace_back(line);
  return paths;
}

std::vector<double> FramePowers(const std::vector<float>& samples) {
  std::vector<double> powers(samples.size() / kFrame);
  for (std::size_t t = 0; t < powers.size(); ++t)
    powers[t] = Power(std::span<const float>(samples).subspan(t * kFrame, kFrame));
  return powers;
}

std::vector<bool> SpeechFrames(const std::vector<double>& powers) {
  std::vector<double> smooth(powers.size());
  for (std::size_t t = 0; t < powers.size(); ++t) {
    const std::size_t begin = t < 5 ? 0 : t - 5, end = std::min(t + 6, powers.size());
    for (std::size_t u = begin; u < end; ++u)
      smooth[t] += powers[u] / static_cast<double>(end - begin);
  }
  const double limit = 1e-3 * *std::max_element(smooth.begin(), smooth.end());
  std::vector<bool> speech(powers.size());
  for (std::size_t t = 0; t < powers.size(); ++t) speech[t] = smooth[t] > limit;
  return speech;
}

std::vector<bool> Kept(const std::vector<float>& samples, int method) {
  if (method == 2) return DetectVoice(samples);
  std::vector<bool> kept(samples.size() / kFrame);
  for (const Interval& interval : SplitSpeech(samples, method == 0 ? 40 : 20)) {
    for (std::size_t t = interval.begin / kFrame; t < std::min(interval.end / kFrame, kept.size());
         ++t)
      kept[t] = true;
  }
  return kept;
}

void Measure(const std::vector<std::string>& files, const std::vector<std::string>& noises,
             double snr_db) {
  double kept[kMethods][2] = {}, total[2] = {};
  for (std::size_t f = 0; f < files.size(); ++f) {
    Rng rng(7, f);
    std::vector<float> samples(kSampleRate);
    const std::vector<float> recording = ReadAudio(files[f]).samples;
    samples.insert(samples.end(), recording.begin(), recording.end());
    samples.resize(samples.size() + kSampleRate);
    for (float& sample : samples) sample += 1e-4f * static_cast<float>(rng.Normal());
    const std::vector<double> powers = FramePowers(samples);
    const std::vector<bool> speech = SpeechFrames(powers);
    if (std::isfinite(snr_db)) {
      double power = 0, frames = 0;
      for (std::size_t t = 0; t < powers.size(); ++t) {
        if (!speech[t]) continue;
        power += powers[t];
        ++frames;
      }
      const std::vector<float> noise = ReadAudio(noises[rng.Below(noises.size())]).samples;
      if (Power(noise) <= 0) continue;
      const auto gain = static_cast<float>(
          std::sqrt(power / frames / Power(noise) * std::pow(10.0, -snr_db / 10)));
      const std::size_t offset = rng.Below(noise.size());
      for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] += gain * noise[(i + offset) % noise.size()];
    }
    for (int method = 0; method < kMethods; ++method) {
      const std::vector<bool> found = Kept(samples, method);
      for (std::size_t t = 0; t < speech.size(); ++t)
        kept[method][speech[t] ? 1 : 0] += found[t] ? 1 : 0;
    }
    for (bool one : speech) ++total[one ? 1 : 0];
  }
  std::printf("%s", std::isfinite(snr_db) ? Format("| %2.0f dB |", snr_db).c_str() : "| clean |");
  for (auto& counts : kept)
    std::printf(" %.1f / %.1f %% |", 100 * (1 - counts[1] / total[1]), 100 * counts[0] / total[0]);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: voice_activity SPEECH_LIST NOISE_LIST\n");
    return 2;
  }
  const std::vector<std::string> files = ReadPaths(argv[1]), noises = ReadPaths(argv[2]);
  std::printf("speech missed / noise kept: 40 dB below the loudest, 20 dB, the detector\n");
  for (double snr : {static_cast<double>(INFINITY), 20.0, 10.0, 5.0, 0.0})
    Measure(files, noises, snr);
  return 0;
} catch (const vpr::Error& error) {
  std::fprintf(stderr, "voice_activity: %s\n", error.what());
  return 1;
}
