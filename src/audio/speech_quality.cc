#include "vpr/audio/speech_quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numeric>
#include <unsupported/Eigen/FFT>

#include "vpr/audio/high_pass.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr double kLowestSnr = -20, kHighestSnr = 60, kSmallestPower = 1e-12;

// The value below which the share `rank` of `values`, not empty, lies; reorders them.
double Quantile(std::vector<double>& values, double rank) {
  const auto at = static_cast<std::ptrdiff_t>(rank * static_cast<double>(values.size()));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// Counts samples in runs of 3 or more at the loudest value. What was resampled or coded after it
// was clipped has no such runs, but still more samples near the top than speech has, of which
// there are ever fewer the louder they are.
class ClippingMeter {
 public:
  explicit ClippingMeter(float peak)
      : limit_(peak * 0.999f),
        silent_(peak <= 0),
        bins_per_unit_(silent_ ? 0 : static_cast<float>(kBins) / peak) {}

  void Accept(std::span<const float> samples) {
    if (silent_) return;
    for (float sample : samples) {
      const bool at_limit = std::abs(sample) >= limit_;
      if (!at_limit || std::signbit(sample) != std::signbit(last_)) EndRun();
      if (at_limit) ++run_;
      last_ = sample;
      const auto bin = static_cast<std::size_t>(std::abs(sample) * bins_per_unit_);
      ++loudness_[std::signbit(sample)][std::min(bin, kBins - 1)];
    }
  }
  // Clipped samples of `samples`.
  std::size_t Finish(std::size_t samples) {
    EndRun();
    return clipped_ * 1000 > samples ? clipped_ : std::max(HeapedAtTop(samples), Heaped());
  }

 private:
  static constexpr std::size_t kBins = 1024;

  // By how much more samples are within 15 % of the top than half of those in the 15 % below: of
  // speech it is a third. The top is where a thousandth lies above, since filters overshoot.
  std::size_t HeapedAtTop(std::size_t samples) const {
    std::size_t top = kBins, above = 0;
    while (top > 0 && above * 1000 < samples) {
      --top;
      above += loudness_[0][top] + loudness_[1][top];
    }
    ++top;  // the upper end of the bin
    if (above * 1000 < samples || top < kBins / 16) return 0;
    std::size_t near = 0, below = 0;
    for (const std::vector<std::size_t>& side : loudness_) {
      near += Count(side, High(top), kBins);
      below += Count(side, Low(top), High(top));
    }
    return near > below / 2 ? near - below / 2 : 0;
  }

  // What was clipped hard at a higher rate: a resampler's filter overshoots every edge by up to two
  // thirds, so that the heap lies below the top. Of speech ever fewer samples are louder; here
  // there are three times as many, on both sides, which an offset does not do.
  std::size_t Heaped() const {
    std::size_t most = 0;
    for (std::size_t top = kBins; top > kBins / 2; --top) {
      std::size_t near = 0, below = 0;
      bool on_both = true;
      for (const std::vector<std::size_t>& side : loudness_) {
        const std::size_t on_side = Count(side, High(top), top),
                          under = Count(side, Low(top), High(top));
        on_both = on_both && on_side > 3 * under;
        near += on_side;
        below += under;
      }
      if (on_both) most = std::max(most, near - below / 2);
    }
    return most;
  }

  static std::size_t High(std::size_t top) { return top * 85 / 100; }
  static std::size_t Low(std::size_t top) { return top * 70 / 100; }
  static std::size_t Count(const std::vector<std::size_t>& loudness, std::size_t from,
                           std::size_t to) {
    return std::accumulate(loudness.begin() + static_cast<std::ptrdiff_t>(from),
                           loudness.begin() + static_cast<std::ptrdiff_t>(to), std::size_t{0});
  }

  void EndRun() {
    if (run_ >= 3) clipped_ += run_;
    run_ = 0;
  }

  float limit_, last_ = 0;
  bool silent_;
  float bins_per_unit_;
  std::size_t run_ = 0, clipped_ = 0;
  // How many are so loud, above and below zero.
  std::array<std::vector<std::size_t>, 2> loudness_ = {std::vector<std::size_t>(kBins),
                                                       std::vector<std::size_t>(kBins)};
};

// The mean power spectrum, in bands of 250 Hz.
class BandMeter {
 public:
  static constexpr std::size_t kWindow = 512;
  BandMeter() {
    fft_.SetFlag(Eigen::FFT<float>::HalfSpectrum);
    for (std::size_t i = 0; i < kWindow; ++i)
      shape_[i] =
          static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / kWindow));
  }

  void Accept(const float* samples) {
    for (std::size_t i = 0; i < kWindow; ++i) window_[i] = samples[i] * shape_[i];
    fft_.fwd(spectrum_, window_);
    for (std::size_t bin = 0; bin < kWindow / 2; ++bin)
      bands_[bin / kBandBins] += double{std::norm(spectrum_[bin])};
  }
  double Bandwidth() const {
    const double floor = *std::max_element(bands_.begin(), bands_.end()) * 1e-5;
    std::size_t highest = bands_.size();
    while (highest > 0 && bands_[highest - 1] <= floor) --highest;
    return static_cast<double>(highest * kBandBins) * kSampleRate / kWindow;
  }

 private:
  static constexpr std::size_t kBandBins = 8;
  Eigen::FFT<float> fft_;
  std::vector<float> shape_ = std::vector<float>(kWindow), window_ = std::vector<float>(kWindow);
  std::vector<std::complex<float>> spectrum_;
  std::vector<double> bands_ = std::vector<double>(kWindow / 2 / kBandBins);
};

}  // namespace

struct SpeechMeter::Impl {
  static constexpr std::size_t kFrame = SpeechDetector::kFrame;

  explicit Impl(float peak) : clipping(peak) {}

  void Decide() {
    const double threshold = SpeechDetector::DefaultNetwork().threshold;
    for (float probability : probabilities)
      voice.push_back(static_cast<double>(probability) >= threshold);
    probabilities.clear();
  }

  // Takes in the frames whose flags are known and whose window of the spectrum is there, or, at the
  // end, would reach beyond the samples.
  void Use(bool last) {
    for (; used < voice.size(); ++used) {
      const std::size_t at = used * kFrame - begin;
      const bool whole = at + BandMeter::kWindow <= recent.size();
      if (!whole && !last) break;
      if (!voice[used]) continue;
      ++speech_frames;
      speech += powers[used];
      if (used % 2 == 0 && whole) bands.Accept(recent.data() + at);
    }
    const std::size_t unused = used * kFrame - begin;
    if (unused < kForget) return;
    recent.erase(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(unused));
    begin += unused;
  }

  static constexpr std::size_t kForget = 1 << 16;  // samples

  SpeechDetector detector;
  std::vector<float> probabilities;  // not yet in `voice`
  HighPass high_pass;                // so that offset and hum are not taken for noise or level
  ClippingMeter clipping;
  BandMeter bands;
  std::size_t samples = 0, begin = 0, used = 0;  // begin: of `recent`; used: frames
  std::vector<float> recent;
  std::vector<bool> voice;
  std::vector<double> powers;  // of the frames
  double speech = 0;
  std::size_t speech_frames = 0;
};

SpeechMeter::SpeechMeter(float peak) : impl_(std::make_unique<Impl>(peak)) {}
SpeechMeter::~SpeechMeter() = default;

void SpeechMeter::Accept(std::span<const float> samples) {
  constexpr std::size_t kFrame = Impl::kFrame;
  Impl& impl = *impl_;
  impl.detector.Accept(samples, impl.probabilities);
  impl.Decide();
  impl.clipping.Accept(samples);
  const std::size_t before = impl.recent.size();
  impl.recent.insert(impl.recent.end(), samples.begin(), samples.end());
  impl.high_pass.Apply(std::span(impl.recent).subspan(before));
  impl.samples += samples.size();
  while ((impl.powers.size() + 1) * kFrame <= impl.samples) {
    const float* const frame = impl.recent.data() + (impl.powers.size() * kFrame - impl.begin);
    double power = 0;
    for (std::size_t i = 0; i < kFrame; ++i) power += double{frame[i]} * double{frame[i]};
    impl.powers.push_back(power / kFrame);
  }
  impl.Use(false);
}

SpeechQuality SpeechMeter::Finish() {
  Impl& impl = *impl_;
  impl.detector.Finish(impl.probabilities);
  impl.Decide();
  impl.Use(true);
  SpeechQuality quality;
  quality.seconds = static_cast<double>(impl.samples) / kSampleRate;
  if (impl.speech_frames == 0) return quality;
  const double speech = impl.speech / static_cast<double>(impl.speech_frames);
  quality.speech_seconds = static_cast<double>(impl.speech_frames * Impl::kFrame) / kSampleRate;
  quality.level_dbfs = 10 * std::log10(std::max(speech, kSmallestPower));
  // The median of the pauses: the edges of words among them are not noise. Without pauses the tenth
  // part of all frames that is quietest, between syllables.
  std::vector<double>& powers = impl.powers;
  const bool paused = powers.size() - impl.speech_frames >= 10;
  if (paused) {
    std::size_t pauses = 0;
    for (std::size_t t = 0; t < powers.size(); ++t)
      if (!impl.voice[t]) powers[pauses++] = powers[t];
    powers.resize(pauses);
  }
  const double noise = std::max(Quantile(powers, paused ? 0.5 : 0.1), kSmallestPower);
  quality.snr_db = std::clamp(10 * std::log10(std::max(speech - noise, kSmallestPower) / noise),
                              kLowestSnr, kHighestSnr);
  quality.clipped =
      static_cast<double>(impl.clipping.Finish(impl.samples)) / static_cast<double>(impl.samples);
  quality.bandwidth_hz = impl.bands.Bandwidth();
  return quality;
}

SpeechQuality MeasureSpeech(std::span<const float> samples) {
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  SpeechMeter meter(peak);
  meter.Accept(samples);
  return meter.Finish();
}

QualityVerdict Judge(const SpeechQuality& quality, const QualityLimits& limits) {
  QualityVerdict verdict;
  if (quality.speech_seconds == 0) {
    verdict.refused = Format("not enough speech: none found in %.2f s", quality.seconds);
    return verdict;
  }
  if (quality.speech_seconds < limits.min_speech_seconds) {
    verdict.refused = Format("not enough speech: %.1f s found, %.1f s needed",
                             quality.speech_seconds, limits.min_speech_seconds);
    return verdict;
  }
  if (quality.snr_db < limits.min_snr_db && quality.clipped > limits.high_clipped) {
    verdict.refused = Format(
        "overdriven: %.0f %% of it is clipped, so that speech is hardly louder than the rest",
        100 * quality.clipped);
    return verdict;
  }
  if (quality.snr_db < limits.min_snr_db) {
    verdict.refused = Format(
        "not enough speech over the noise: of %.2f s what sounds like it is hardly louder than the "
        "rest "
        "(%.0f dB)",
        quality.seconds, quality.snr_db);
    return verdict;
  }
  auto warn = [&](const std::string& text) { verdict.warnings.push_back(text); };
  if (quality.speech_seconds < limits.few_speech_seconds)
    warn(Format("somebody speaks in only %.1f s of it", quality.speech_seconds));
  if (quality.snr_db < limits.low_snr_db)
    warn(Format("noisy: speech is %.0f dB above the noise", quality.snr_db));
  if (quality.clipped > limits.high_clipped)
    warn(Format("overdriven: %.1f %% of it is clipped", 100 * quality.clipped));
  if (quality.level_dbfs < limits.low_level_dbfs)
    warn(Format("very quiet: %.0f dB below full scale", -quality.level_dbfs));
  if (quality.bandwidth_hz < limits.narrow_hz)
    warn(Format("muffled: nothing above %.1f kHz", quality.bandwidth_hz / 1000));
  return verdict;
}

}  // namespace vpr
