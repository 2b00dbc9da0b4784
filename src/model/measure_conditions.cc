#include "vpr/model/measure_conditions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

constexpr std::size_t kWindow = 512, kHop = 256, kMostFrames = 128;
constexpr double kBinHz = static_cast<double>(kSampleRate) / kWindow;
// Narrow at the bottom, where the voice's energy is.
constexpr std::array kBandEdgesHz = {100, 250, 400, 600, 800, 1050, 1350, 1700, 2100, 2600, 3300};
constexpr std::size_t kBands = kBandEdgesHz.size() - 1;
constexpr double kSmallestPower = 1e-14;

// Bins [begin, end) of the frequencies [low, high).
struct Bins {
  Bins(double low_hz, double high_hz)
      : begin(static_cast<std::size_t>(std::ceil(low_hz / kBinHz))),
        end(static_cast<std::size_t>(std::ceil(high_hz / kBinHz))) {}
  template <typename Powers>
  double Sum(const Powers& powers) const {
    double sum = 0;
    for (std::size_t bin = begin; bin < end; ++bin) sum += powers[bin];
    return sum;
  }
  std::size_t begin, end;
};

// Linear between the neighbours, as numpy's percentile.
double Percentile(std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double at = values[static_cast<std::size_t>(low)];
  if (static_cast<std::size_t>(low) + 1 == values.size()) return at;
  const double next = *std::min_element(values.begin() + low + 1, values.end());
  return at + (place - static_cast<double>(low)) * (next - at);
}

const std::vector<float>& Window() {
  static const std::vector<float> window = [] {
    std::vector<float> values(kWindow);
    for (std::size_t i = 0; i < kWindow; ++i)
      values[i] =
          static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / kWindow));
    return values;
  }();
  return window;
}

}  // namespace

ConditionsMeter::ConditionsMeter(std::size_t num_samples)
    : hops_(num_samples > kWindow ? (num_samples - kWindow) / kHop + 1 : 1),
      power_(kWindow / 2 + 1),
      bands_(kBands) {
  frames_ = std::min(hops_, kMostFrames);
}

void ConditionsMeter::Accept(std::span<const float> samples) {
  for (float sample : samples) {
    const float size = std::abs(sample);
    const float limit = loudest_.empty() ? 0.0f : 0.999f * loudest_.rbegin()->first;
    if (!(size >= limit)) continue;
    ++loudest_[size];
    loudest_.erase(loudest_.begin(), loudest_.lower_bound(0.999f * loudest_.rbegin()->first));
  }
  accepted_ += samples.size();
  if (frame_ == frames_) return;
  pending_.insert(pending_.end(), samples.begin(), samples.end());
  const std::size_t begin = accepted_ - pending_.size();
  while (frame_ < frames_ && Begin(frame_) + kWindow <= accepted_)
    AddSpectrum(std::span(pending_).subspan(Begin(frame_) - begin, kWindow));
  // The next spectrum may begin before the end of this block, or behind it.
  const std::size_t keep = frame_ == frames_ ? 0 : accepted_ - std::min(Begin(frame_), accepted_);
  pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(keep));
}

std::size_t ConditionsMeter::Begin(std::size_t frame) const {
  return frame * hops_ / frames_ * kHop;
}

void ConditionsMeter::AddSpectrum(std::span<const float> samples) {
  std::vector<float> windowed(kWindow);
  for (std::size_t i = 0; i < samples.size(); ++i) windowed[i] = samples[i] * Window()[i];
  Eigen::FFT<float> fft;
  fft.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  std::vector<std::complex<float>> spectrum;
  fft.fwd(spectrum, windowed);
  std::vector<float> powers(power_.size());
  for (std::size_t bin = 0; bin < powers.size(); ++bin) {
    powers[bin] = std::norm(spectrum[bin]);
    power_[bin] += double{powers[bin]};
  }
  for (std::size_t band = 0; band < kBands; ++band)
    bands_[band].push_back(
        10 *
        std::log10(Bins(kBandEdgesHz[band], kBandEdgesHz[band + 1]).Sum(powers) + kSmallestPower));
  ++frame_;
}

SpeechConditions ConditionsMeter::Finish() {
  SpeechConditions conditions(static_cast<double>(accepted_) / kSampleRate);
  if (loudest_.empty() || !(loudest_.rbegin()->first > 0)) return conditions;
  std::size_t clipped = 0;
  for (const auto& [size, count] : loudest_) clipped += count;
  conditions.clipped = static_cast<double>(clipped) / static_cast<double>(accepted_);

  if (frame_ < frames_) AddSpectrum(pending_);  // shorter than a window
  const double middle = Bins(300, 3400).Sum(power_), high = Bins(4100, 7500).Sum(power_);
  if (!(middle > 0)) return conditions;
  conditions.high_band_db = 10 * std::log10(std::max(high / middle, 1e-10));
  double dynamics = 0;
  for (std::vector<double>& values : bands_)
    dynamics += Percentile(values, 0.9) - Percentile(values, 0.1);
  conditions.dynamics_db = dynamics / kBands;
  return conditions;
}

SpeechConditions MeasureConditions(std::span<const float> speech) {
  ConditionsMeter meter(speech.size());
  meter.Accept(speech);
  return meter.Finish();
}

}  // namespace vpr
