#include "vpr/features/front_end.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <kissfft/kissfft.hh>
#include <numbers>

#include "features/mel_scale.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/fbank.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr std::size_t kWindow = 400, kShift = 160;
constexpr double kSampleRate = 16000;

// Power spectra of the first `frames` frames, which are centred on every kShift-th sample, zeros
// before and after.
template <typename OnFrame>
void CentredSpectra(std::span<const float> samples, std::size_t frames, std::size_t n_fft,
                    const std::vector<double>& window, const OnFrame& on_frame) {
  kissfft<double> transform(n_fft / 2, /*inverse=*/false);
  std::vector<double> frame(n_fft), power(n_fft / 2 + 1);
  std::vector<std::complex<double>> spectrum(n_fft / 2 + 1);
  const std::size_t before = window.size() / 2, first = (n_fft - window.size()) / 2;
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t i = 0; i < window.size(); ++i) {
      const std::size_t at = t * kShift + i;  // plus `before`
      const bool inside = at >= before && at - before < samples.size();
      frame[first + i] = inside ? static_cast<double>(samples[at - before]) * window[i] : 0;
    }
    // The transform of N real numbers: the first of N / 2 complex ones holds those at 0 and N / 2.
    transform.transform_real(frame.data(), spectrum.data());
    power[0] = std::pow(spectrum[0].real(), 2);
    power[n_fft / 2] = std::pow(spectrum[0].imag(), 2);
    for (std::size_t k = 1; k < n_fft / 2; ++k) power[k] = std::norm(spectrum[k]);
    on_frame(t, power);
  }
}

void RequireFrames(std::span<const float> samples) {
  if (samples.size() < kWindow)
    throw Error(ErrorCode::kUnusable, "too short for one frame of features (25 ms)");
}

class NemoFrontEnd : public FrontEnd {
 public:
  NemoFrontEnd() {
    for (std::size_t i = 0; i < kWindow; ++i)
      window_.push_back(
          0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / (kWindow - 1)));
    FeatureOptions options;
    options.n_fft = kFft;
    options.win_length = kWindow;
    options.n_mels = kBins;
    filters_ = FilterBank(MelFilterbank(options));
  }

  int num_bins() const override { return kBins; }

  Matrix Compute(std::span<const float> samples) const override {
    RequireFrames(samples);
    std::vector<float> sharp(samples.begin(), samples.end());
    for (std::size_t i = 1; i < sharp.size(); ++i) sharp[i] -= kPreemphasis * samples[i - 1];
    Matrix features(filters_.size(), samples.size() / kShift);
    CentredSpectra(
        sharp, features.cols, kFft, window_, [&](std::size_t t, const std::vector<double>& power) {
          for (std::size_t m = 0; m < filters_.size(); ++m)
            features(m, t) = static_cast<float>(std::log(filters_.Sum(m, power) + kGuard));
        });
    for (std::size_t m = 0; m < features.rows; ++m) {
      const std::span<float> row(features.row(m), features.cols);
      double mean = 0, variance = 0;
      for (float value : row) mean += static_cast<double>(value) / static_cast<double>(row.size());
      for (float value : row) variance += std::pow(static_cast<double>(value) - mean, 2);
      const double deviation = std::sqrt(variance / static_cast<double>(row.size() - 1)) + kLeast;
      for (float& value : row)
        value = static_cast<float>((static_cast<double>(value) - mean) / deviation);
    }
    return features;
  }

 private:
  static constexpr std::size_t kFft = 512;
  static constexpr int kBins = 80;
  static constexpr float kPreemphasis = 0.97f;
  static constexpr double kGuard = 0x1p-24, kLeast = 1e-5;
  std::vector<double> window_;
  FilterBank filters_;
};

class SpeechBrainFrontEnd : public FrontEnd {
 public:
  SpeechBrainFrontEnd() {
    for (std::size_t i = 0; i < kWindow; ++i)
      window_.push_back(0.54 -
                        0.46 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kWindow));
    const double highest = Mel(kSampleRate / 2);
    std::vector<double> centres(kBins + 2);
    for (std::size_t i = 0; i < centres.size(); ++i)
      centres[i] = 700 * (std::pow(10, highest * static_cast<double>(i) / (kBins + 1) / 2595) - 1);
    Matrix filters(kBins, kWindow / 2 + 1);
    for (std::size_t m = 0; m < kBins; ++m) {
      const double width = centres[m + 1] - centres[m];  // to both sides
      for (std::size_t k = 0; k < filters.cols; ++k) {
        const double slope =
            (static_cast<double>(k) * kSampleRate / kWindow - centres[m + 1]) / width;
        filters(m, k) = static_cast<float>(std::max(0.0, 1 - std::abs(slope)));
      }
    }
    filters_ = FilterBank(filters);
  }

  int num_bins() const override { return kBins; }

  Matrix Compute(std::span<const float> samples) const override {
    RequireFrames(samples);
    Matrix features(filters_.size(), samples.size() / kShift + 1);
    CentredSpectra(samples, features.cols, kWindow, window_,
                   [&](std::size_t t, const std::vector<double>& power) {
                     for (std::size_t m = 0; m < filters_.size(); ++m)
                       features(m, t) = static_cast<float>(
                           10 * std::log10(std::max(filters_.Sum(m, power), kLeastPower)));
                   });
    const float floor = *std::max_element(features.data.begin(), features.data.end()) - kRange;
    for (float& value : features.data) value = std::max(value, floor);
    ApplyMeanNorm(features);
    return features;
  }

 private:
  static double Mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }

  static constexpr int kBins = 80;
  static constexpr double kLeastPower = 1e-10;
  static constexpr float kRange = 80;  // dB
  std::vector<double> window_;
  FilterBank filters_;
};

class ResemblyzerFrontEnd : public FrontEnd {
 public:
  ResemblyzerFrontEnd() {
    for (std::size_t i = 0; i < kWindow; ++i)
      window_.push_back(0.5 -
                        0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kWindow));
    FeatureOptions options;
    options.n_fft = kWindow;
    options.win_length = kWindow;
    options.n_mels = kBins;
    filters_ = FilterBank(MelFiltersOfAnySize(options));
  }

  int num_bins() const override { return kBins; }
  std::size_t part_frames() const override { return kPartFrames; }

  std::vector<std::size_t> Parts(std::size_t samples) const override {
    const std::size_t frames = samples / kShift + 1;
    std::vector<std::size_t> parts = {0};
    while (parts.back() + kPartFrames < frames + 1) parts.push_back(parts.back() + kPartStep);
    const double there = static_cast<double>(samples) - static_cast<double>(parts.back() * kShift);
    if (parts.size() > 1 && there < kLeastShare * kPartFrames * kShift) parts.pop_back();
    return parts;
  }

  Matrix Compute(std::span<const float> samples) const override {
    RequireFrames(samples);
    double power_sum = 0;
    for (float sample : samples) power_sum += std::pow(static_cast<double>(sample), 2);
    const double power = power_sum / static_cast<double>(samples.size()),
                 gain = power > 0 && power < kLeastPower ? kLeastPower / power : 1;
    Matrix features(filters_.size(), Parts(samples.size()).back() + kPartFrames);
    CentredSpectra(samples, features.cols, kWindow, window_,
                   [&](std::size_t t, const std::vector<double>& spectrum) {
                     for (std::size_t m = 0; m < filters_.size(); ++m)
                       features(m, t) = static_cast<float>(gain * filters_.Sum(m, spectrum));
                   });
    return features;
  }

 private:
  static constexpr int kBins = 40;
  static constexpr std::size_t kPartFrames = 160, kPartStep = 77;
  static constexpr double kLeastShare = 0.75, kLeastPower = 1e-3;  // -30 dB
  std::vector<double> window_;
  FilterBank filters_;
};

}  // namespace

FilterBank::FilterBank(const Matrix& filters) {
  for (std::size_t m = 0; m < filters.rows; ++m) {
    const float* row = filters.row(m);
    const auto nonzero = [](float weight) { return weight != 0; };
    const float* begin = std::find_if(row, row + filters.cols, nonzero);
    const float* end = row + filters.cols;
    while (end > begin && end[-1] == 0) --end;
    bands_.push_back({static_cast<std::size_t>(begin - row), {begin, end}});
  }
}

double FilterBank::Sum(std::size_t band, std::span<const double> power) const {
  const Band& own = bands_[band];
  double sum = 0;
  for (std::size_t i = 0; i < own.weights.size(); ++i) sum += own.weights[i] * power[own.begin + i];
  return sum;
}

std::unique_ptr<FrontEnd> MakeFrontEnd(const std::string& name) {
  if (name == "titanet") return std::make_unique<NemoFrontEnd>();
  if (name == "resemblyzer") return std::make_unique<ResemblyzerFrontEnd>();
  if (name == "speechbrain") return std::make_unique<SpeechBrainFrontEnd>();
  return std::make_unique<FbankComputer>(ParseFbank(name));
}

}  // namespace vpr
