#include "vpr/audio/speech_quality.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <unsupported/Eigen/FFT>

#include "vpr/audio/voice_activity.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr double kLowestSnr = -20, kHighestSnr = 60, kSmallestPower = 1e-12;

// The value below which the share `rank` of `values`, not empty, lies.
double Quantile(std::vector<double> values, double rank) {
  const auto at = static_cast<std::ptrdiff_t>(rank * static_cast<double>(values.size()));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double ClippedShare(std::span<const float> samples) {
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  if (peak <= 0) return 0;
  const float limit = peak * 0.999f;
  std::size_t clipped = 0, run = 0;
  for (std::size_t i = 0; i <= samples.size(); ++i) {
    if (i < samples.size() && std::abs(samples[i]) >= limit &&
        (run == 0 || std::signbit(samples[i]) == std::signbit(samples[i - 1]))) {
      ++run;
      continue;
    }
    if (run >= 3) clipped += run;
    run = 0;
  }
  return static_cast<double>(clipped) / static_cast<double>(samples.size());
}

// Of the mean power spectrum of the frames with voice, in bands of 250 Hz.
double Bandwidth(std::span<const float> samples, const std::vector<bool>& voice) {
  constexpr std::size_t kWindow = 512, kBandBins = 8, kFrame = VoiceActivityDetector::kFrame;
  Eigen::FFT<float> fft;
  fft.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  std::vector<float> window(kWindow);
  std::vector<std::complex<float>> spectrum;
  std::vector<double> bands(kWindow / 2 / kBandBins);
  for (std::size_t t = 0; t < voice.size(); t += 2) {
    if (!voice[t] || t * kFrame + kWindow > samples.size()) continue;
    for (std::size_t i = 0; i < kWindow; ++i)
      window[i] =
          samples[t * kFrame + i] *
          static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / kWindow));
    fft.fwd(spectrum, window);
    for (std::size_t bin = 0; bin < kWindow / 2; ++bin)
      bands[bin / kBandBins] += double{std::norm(spectrum[bin])};
  }
  const double floor = *std::max_element(bands.begin(), bands.end()) * 1e-5;
  std::size_t highest = bands.size();
  while (highest > 0 && bands[highest - 1] <= floor) --highest;
  return static_cast<double>(highest * kBandBins) * kSampleRate / kWindow;
}

}  // namespace

SpeechQuality MeasureSpeech(std::span<const float> samples) {
  constexpr std::size_t kFrame = VoiceActivityDetector::kFrame;
  SpeechQuality quality;
  quality.seconds = static_cast<double>(samples.size()) / kSampleRate;
  const std::vector<bool> voice = DetectVoice(samples);
  double speech = 0;
  std::size_t speech_frames = 0;
  std::vector<double> all, pauses;  // powers of the frames, and of those without voice
  for (std::size_t t = 0; t < voice.size(); ++t) {
    double power = 0;
    for (std::size_t i = t * kFrame; i < (t + 1) * kFrame; ++i)
      power += double{samples[i]} * double{samples[i]};
    power /= kFrame;
    all.push_back(power);
    if (voice[t]) {
      speech += power;
      ++speech_frames;
    } else {
      pauses.push_back(power);
    }
  }
  if (speech_frames == 0) return quality;
  speech /= static_cast<double>(speech_frames);
  quality.speech_seconds = static_cast<double>(speech_frames * kFrame) / kSampleRate;
  quality.level_dbfs = 10 * std::log10(std::max(speech, kSmallestPower));
  // The median of the pauses: the edges of words among them are not noise. Without pauses the tenth
  // part of all frames that is quietest, between syllables.
  const bool paused = pauses.size() >= 10;
  const double noise =
      std::max(paused ? Quantile(pauses, 0.5) : Quantile(all, 0.1), kSmallestPower);
  quality.snr_db = std::clamp(10 * std::log10(std::max(speech - noise, kSmallestPower) / noise),
                              kLowestSnr, kHighestSnr);
  quality.clipped = ClippedShare(samples);
  quality.bandwidth_hz = Bandwidth(samples, voice);
  return quality;
}

QualityVerdict Judge(const SpeechQuality& quality, const QualityLimits& limits) {
  QualityVerdict verdict;
  if (quality.speech_seconds == 0) {
    verdict.refused = Format("no speech found in %.2f s", quality.seconds);
    return verdict;
  }
  if (quality.speech_seconds < limits.min_speech_seconds) {
    verdict.refused = Format("%.1f s of speech found, %.1f s needed", quality.speech_seconds,
                             limits.min_speech_seconds);
    return verdict;
  }
  if (quality.snr_db < limits.min_snr_db) {
    verdict.refused = Format(
        "no speech found in %.2f s: what sounds like it is hardly louder than the rest "
        "(%.0f dB)",
        quality.seconds, quality.snr_db);
    return verdict;
  }
  auto warn = [&](const std::string& text) { verdict.warnings.push_back(text); };
  if (quality.speech_seconds < limits.few_speech_seconds)
    warn(Format("only %.1f s of speech", quality.speech_seconds));
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
