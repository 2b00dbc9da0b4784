#include "vpr/audio/speech.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

void SilenceSplitter::Accept(std::span<const float> samples) {
  for (float sample : samples) {
    if (samples_ % kHop == 0) energy_.push_back(0);
    energy_.back() += static_cast<double>(sample) * static_cast<double>(sample);
    ++samples_;
  }
}

std::vector<Interval> SilenceSplitter::Split(double top_db) const {
  // librosa's frame is four hops long and centred, so a frame is the four blocks of one hop around
  // its centre: two before, two after.
  constexpr std::size_t kFrame = 4 * kHop;
  constexpr double kFloor = 1e-10;  // amin = 1e-5 of librosa.amplitude_to_db, squared
  if (samples_ == 0) return {};
  const std::size_t frames = 1 + samples_ / kHop;
  auto block = [&](std::size_t i) {  // the energy of the block two before number i
    return i < 2 || i - 2 >= energy_.size() ? 0.0 : energy_[i - 2];
  };
  auto power = [&](std::size_t t) {
    return (block(t) + block(t + 1) + block(t + 2) + block(t + 3)) / kFrame;
  };
  double loudest = kFloor;
  for (std::size_t t = 0; t < frames; ++t) loudest = std::max(loudest, power(t));

  std::vector<Interval> intervals;
  bool inside = false;
  for (std::size_t t = 0; t < frames; ++t) {
    const bool voiced = 10 * std::log10(std::max(kFloor, power(t)) / loudest) > -top_db;
    const std::size_t sample = std::min(t * kHop, samples_);
    if (voiced && !inside) intervals.push_back({sample, samples_});
    if (!voiced && inside) intervals.back().end = sample;
    inside = voiced;
  }
  return intervals;
}

std::vector<Interval> SplitSpeech(const std::vector<float>& samples, double top_db) {
  SilenceSplitter splitter;
  splitter.Accept(samples);
  return splitter.Split(top_db);
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

namespace {

// What is asked of a recording, whether it comes in blocks or at once.
class SpeechFinder {
 public:
  SpeechFinder(const SpeechOptions& options, int sample_rate, const std::string& name)
      : options_(options), rate_(sample_rate), name_(name) {}

  void Accept(std::span<const float> samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!std::isfinite(samples[i]))
        throw Error(ErrorCode::kUnusable,
                    Failed() + Format("it holds NaN or infinity at %.3f s; expected finite samples",
                                      static_cast<double>(samples_ + i) / rate_));
      peak_ = std::max(peak_, std::abs(samples[i]));
    }
    samples_ += samples.size();
    if (options_.trim) splitter_.Accept(samples);
  }

  std::vector<Interval> Finish() const {
    const double seconds = static_cast<double>(samples_) / rate_;
    if (samples_ == 0) throw Error(ErrorCode::kUnusable, Failed() + "it holds no samples");
    if (peak_ <= 1.0f / 32768)
      throw Error(ErrorCode::kUnusable,
                  Failed() + Format("it is silent: no sample of its %.2f s exceeds 1/32768 of full "
                                    "scale",
                                    seconds));
    const std::vector<Interval> intervals = options_.trim ? splitter_.Split(options_.trim_top_db)
                                                          : std::vector<Interval>{{0, samples_}};
    const double found = static_cast<double>(NumSamples(intervals)) / rate_;
    if (found < options_.min_seconds)
      throw Error(ErrorCode::kUnusable,
                  Failed() + Format("too short: %.3f s of speech in %.3f s of audio, at least %.3g "
                                    "s are needed",
                                    found, seconds, options_.min_seconds));
    return intervals;
  }

  static std::size_t NumSamples(const std::vector<Interval>& intervals) {
    std::size_t samples = 0;
    for (const Interval& interval : intervals) samples += interval.end - interval.begin;
    return samples;
  }

  std::size_t samples() const { return samples_; }
  float peak() const { return peak_; }

 private:
  std::string Failed() const { return "cannot use '" + Printable(name_) + "': "; }

  const SpeechOptions& options_;
  int rate_;
  const std::string& name_;
  SilenceSplitter splitter_;
  std::size_t samples_ = 0;
  float peak_ = 0;
};

}  // namespace

SpeechReader::SpeechReader(AudioSource source, const SpeechOptions& options)
    : source_(std::move(source)), options_(options) {}

void SpeechReader::Find(const OnRead& on_read) {
  SpeechFinder finder(options_, source_.sample_rate(), source_.name());
  source_.ForEachBlock([&](std::span<const float> samples) { finder.Accept(samples); }, on_read);
  intervals_ = finder.Finish();
  samples_ = finder.samples();
  speech_ = SpeechFinder::NumSamples(intervals_);
  peak_ = finder.peak();
}

void SpeechReader::ForEachBlock(const std::function<void(std::span<const float>)>& use,
                                const OnRead& on_read) {
  std::size_t at = 0, next = 0;  // of the block's first sample; of the interval under way
  source_.ForEachBlock(
      [&](std::span<const float> block) {
        const std::size_t end = at + block.size();
        while (next < intervals_.size() && intervals_[next].begin < end) {
          const std::size_t from = std::max(intervals_[next].begin, at),
                            to = std::min(intervals_[next].end, end);
          if (from < to) use(block.subspan(from - at, to - from));
          if (intervals_[next].end > end) break;
          ++next;
        }
        at = end;
      },
      on_read);
}

std::vector<float> SpeechReader::ReadAll() {
  std::vector<float> speech;
  speech.reserve(speech_);
  ForEachBlock([&](std::span<const float> block) {
    speech.insert(speech.end(), block.begin(), block.end());
  });
  return speech;
}

std::vector<float> ExtractSpeech(const std::vector<float>& samples, const SpeechOptions& options,
                                 const std::string& name) {
  SpeechFinder finder(options, options.sample_rate, name);
  finder.Accept(samples);
  return JoinIntervals(samples, finder.Finish());
}

Audio ReadSpeech(const std::string& path, const SpeechOptions& options) {
  return ReadSpeech(path, options,
                    {.sample_rate = options.sample_rate, .max_seconds = kMaxWholeSeconds});
}

Audio ReadSpeech(const std::string& path, const SpeechOptions& options, const ReadOptions& read) {
  SpeechReader reader(AudioSource(path, read), options);
  reader.Find();
  Audio audio;
  audio.samples = reader.ReadAll();
  audio.sample_rate = reader.source().sample_rate();
  audio.info = reader.source().info();
  audio.warnings = reader.source().warnings();
  return audio;
}

}  // namespace vpr
