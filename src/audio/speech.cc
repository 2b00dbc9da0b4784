#include "vpr/audio/speech.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::vector<Interval> SplitSpeech(const std::vector<float>& samples, double top_db) {
  // librosa's frame is four hops long and centred, so a frame is the four blocks of one hop around
  // its centre: two before, two after.
  constexpr std::size_t kHop = 512, kBlocks = 4, kFrame = kHop * kBlocks;
  constexpr double kFloor = 1e-10;  // amin = 1e-5 of librosa.amplitude_to_db, squared
  if (samples.empty()) return {};
  std::size_t frames = 1 + samples.size() / kHop;
  std::vector<double> block(frames + kBlocks, 0.0);  // block[i + 2]: energy from sample i * kHop
  for (std::size_t i = 0; i < samples.size(); ++i)
    block[i / kHop + 2] += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  std::vector<double> power(frames);
  for (std::size_t t = 0; t < frames; ++t)
    power[t] = (block[t] + block[t + 1] + block[t + 2] + block[t + 3]) / kFrame;
  double loudest = std::max(kFloor, *std::max_element(power.begin(), power.end()));

  std::vector<Interval> intervals;
  bool inside = false;
  for (std::size_t t = 0; t < frames; ++t) {
    bool voiced = 10 * std::log10(std::max(kFloor, power[t]) / loudest) > -top_db;
    std::size_t sample = std::min(t * kHop, samples.size());
    if (voiced && !inside) intervals.push_back({sample, samples.size()});
    if (!voiced && inside) intervals.back().end = sample;
    inside = voiced;
  }
  return intervals;
}

std::vector<float> JoinIntervals(const std::vector<float>& samples,
                                 const std::vector<Interval>& intervals) {
  std::size_t size = 0;
  for (const Interval& interval : intervals) {
    VPR_CHECK(interval.begin <= interval.end && interval.end <= samples.size());
    size += interval.end - interval.begin;
  }
  std::vector<float> joined;
  joined.reserve(size);
  for (const Interval& interval : intervals)
    joined.insert(joined.end(), samples.begin() + static_cast<std::ptrdiff_t>(interval.begin),
                  samples.begin() + static_cast<std::ptrdiff_t>(interval.end));
  return joined;
}

std::vector<float> ExtractSpeech(const std::vector<float>& samples, const SpeechOptions& options,
                                 const std::string& name) {
  std::string failed = "cannot use '" + Printable(name) + "': ";
  float peak = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i]))
      throw Error(ErrorCode::kUnusable,
                  failed + Format("it holds NaN or infinity at %.3f s; expected finite samples",
                                  static_cast<double>(i) / options.sample_rate));
    peak = std::max(peak, std::abs(samples[i]));
  }
  double seconds = static_cast<double>(samples.size()) / options.sample_rate;
  if (samples.empty()) throw Error(ErrorCode::kUnusable, failed + "it holds no samples");
  if (peak <= 1.0f / 32768)
    throw Error(
        ErrorCode::kUnusable,
        failed +
            Format("it is silent: no sample of its %.2f s exceeds 1/32768 of full scale", seconds));
  std::vector<float> speech =
      options.trim ? JoinIntervals(samples, SplitSpeech(samples, options.trim_top_db)) : samples;
  double found = static_cast<double>(speech.size()) / options.sample_rate;
  if (found < options.min_seconds)
    throw Error(
        ErrorCode::kUnusable,
        failed + Format("too short: %.3f s of speech in %.3f s of audio, at least %.3g s are "
                        "needed",
                        found, seconds, options.min_seconds));
  return speech;
}

Audio ReadSpeech(const std::string& path, const SpeechOptions& options) {
  Audio audio = ReadAudio(path, options.sample_rate);
  SpeechOptions of_file = options;
  of_file.sample_rate = audio.sample_rate;
  audio.samples = ExtractSpeech(audio.samples, of_file, path == "-" ? "standard input" : path);
  return audio;
}

}  // namespace vpr
