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

double ClippedShare(std::span<const float> speech) {
  float peak = 0;
  for (float sample : speech) peak = std::max(peak, std::abs(sample));
  const float limit = 0.999f * peak;
  std::size_t clipped = 0;
  for (float sample : speech) clipped += std::abs(sample) >= limit ? 1 : 0;
  return static_cast<double>(clipped) / static_cast<double>(speech.size());
}

}  // namespace

SpeechConditions MeasureConditions(std::span<const float> speech) {
  SpeechConditions conditions(static_cast<double>(speech.size()) / kSampleRate);
  if (std::all_of(speech.begin(), speech.end(), [](float sample) { return sample == 0; }))
    return conditions;
  conditions.clipped = ClippedShare(speech);

  static const std::vector<float> window = [] {
    std::vector<float> values(kWindow);
    for (std::size_t i = 0; i < kWindow; ++i)
      values[i] =
          static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / kWindow));
    return values;
  }();
  const std::size_t hops = speech.size() > kWindow ? (speech.size() - kWindow) / kHop + 1 : 1;
  const std::size_t frames = std::min(hops, kMostFrames);
  std::vector<double> power(kWindow / 2 + 1);  // summed over the frames
  std::vector<std::vector<double>> bands(kBands, std::vector<double>(frames));  // in dB
  Eigen::FFT<float> fft;
  fft.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  std::vector<float> windowed(kWindow);
  std::vector<std::complex<float>> spectrum;
  std::vector<float> powers(kWindow / 2 + 1);
  for (std::size_t f = 0; f < frames; ++f) {
    const std::size_t begin = f * hops / frames * kHop;
    for (std::size_t i = 0; i < kWindow; ++i)
      windowed[i] = begin + i < speech.size() ? speech[begin + i] * window[i] : 0.0f;
    fft.fwd(spectrum, windowed);
    for (std::size_t bin = 0; bin < powers.size(); ++bin) {
      powers[bin] = std::norm(spectrum[bin]);
      power[bin] += double{powers[bin]};
    }
    for (std::size_t band = 0; band < kBands; ++band)
      bands[band][f] =
          10 *
          std::log10(Bins(kBandEdgesHz[band], kBandEdgesHz[band + 1]).Sum(powers) + kSmallestPower);
  }
  const double middle = Bins(300, 3400).Sum(power), high = Bins(4100, 7500).Sum(power);
  if (!(middle > 0)) return conditions;
  conditions.high_band_db = 10 * std::log10(std::max(high / middle, 1e-10));
  double dynamics = 0;
  for (std::vector<double>& values : bands)
    dynamics += Percentile(values, 0.9) - Percentile(values, 0.1);
  conditions.dynamics_db = dynamics / kBands;
  return conditions;
}

}  // namespace vpr
