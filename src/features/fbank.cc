#include "vpr/features/fbank.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <kissfft/kissfft.hh>
#include <numbers>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr std::size_t kFrame = 400, kShift = 160, kFft = 512, kBins = kFft / 2 + 1;
constexpr double kSampleRate = 16000, kLowest = 20, kHighest = 8000;
constexpr double kPreemphasis = 0.97;
constexpr double kFloor = 1.1920928955078125e-07;  // float's epsilon, as Kaldi

double Mel(double hertz) { return 1127 * std::log(1 + hertz / 700); }

}  // namespace

void FbankOptions::Validate() const {
  if (num_bins < 3 || num_bins > 256)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a filterbank of %d bins is not possible; expected 3 to 256", num_bins));
  if (!(scale > 0 && scale <= 1e9))
    throw Error(ErrorCode::kInvalidArgument,
                Format("samples cannot be scaled by %g; expected more than 0, at most 1e9", scale));
}

FbankOptions ParseFbank(const std::string& name) {
  struct Family {
    std::string_view name;
    FbankWindow window;
    double scale;
    bool has_usual_bins;  // the number need not be said
  };
  static constexpr Family kFamilies[] = {{"fbank", FbankWindow::kPovey, 32768, false},
                                         {"wespeaker", FbankWindow::kHamming, 32768, true},
                                         {"3dspeaker", FbankWindow::kPovey, 1, true}};
  FbankOptions options;
  std::string_view rest = name;
  if (rest.ends_with("-raw")) {
    options.mean_norm = false;
    rest.remove_suffix(4);
  }
  for (const Family& family : kFamilies) {
    if (!rest.starts_with(family.name)) continue;
    options.window = family.window;
    options.scale = family.scale;
    const std::string_view bins = rest.substr(family.name.size());
    if (bins.empty() && family.has_usual_bins) return options;
    const auto [end, error] =
        std::from_chars(bins.data(), bins.data() + bins.size(), options.num_bins);
    if (error == std::errc() && end == bins.data() + bins.size()) {
      options.Validate();
      return options;
    }
  }
  const std::vector<std::string> known = {"wespeaker",     "3dspeaker",     "fbank80",
                                          "wespeaker-raw", "3dspeaker-raw", "fbank80-raw",
                                          "titanet",       "speechbrain"};
  throw Error(ErrorCode::kInvalidArgument, "features '" + Printable(name) +
                                               "' are unknown; expected titanet, speechbrain, or "
                                               "wespeaker, 3dspeaker or fbank80 (or with another "
                                               "number of bins), with -raw if the means stay" +
                                               DidYouMean(name, known));
}

FbankComputer::FbankComputer(const FbankOptions& options) : options_(options) {
  options.Validate();
  for (std::size_t i = 0; i < kFrame; ++i) {
    const double cosine = std::cos(2 * std::numbers::pi * static_cast<double>(i) / (kFrame - 1));
    // Both times the scale: nothing before the logarithm is other than linear.
    window_.push_back(options.scale * (options.window == FbankWindow::kHamming
                                           ? 0.54 - 0.46 * cosine
                                           : std::pow(0.5 - 0.5 * cosine, 0.85)));
  }
  // Triangles of equal width on the mel scale; as in Kaldi, the last bin of the transform is in
  // none.
  const auto bins = static_cast<std::size_t>(options.num_bins);
  Matrix filters(bins, kBins);
  const double low = Mel(kLowest), width = (Mel(kHighest) - low) / static_cast<double>(bins + 1);
  for (std::size_t m = 0; m < bins; ++m) {
    const double left = low + static_cast<double>(m) * width;
    for (std::size_t k = 0; k + 1 < kBins; ++k) {
      const double mel = Mel(kSampleRate / kFft * static_cast<double>(k));
      const double weight = std::min(mel - left, left + 2 * width - mel) / width;
      filters(m, k) = static_cast<float>(std::max(weight, 0.0));
    }
  }
  filters_ = FilterBank(filters);
}

Matrix FbankComputer::Compute(std::span<const float> samples) const {
  if (samples.size() < kFrame)
    throw Error(ErrorCode::kUnusable, "too short for one frame of features (25 ms)");
  Matrix features(filters_.size(), 1 + (samples.size() - kFrame) / kShift);
  kissfft<double> transform(kFft / 2, /*inverse=*/false);
  std::vector<double> frame(kFft), power(kBins);
  std::vector<std::complex<double>> spectrum(kBins);
  for (std::size_t t = 0; t < features.cols; ++t) {
    const std::span<const float> in = samples.subspan(t * kShift, kFrame);
    double mean = 0;
    for (float sample : in) mean += static_cast<double>(sample) / kFrame;
    for (std::size_t i = 0; i < kFrame; ++i) {
      const double now = static_cast<double>(in[i]) - mean;
      const double before = static_cast<double>(in[i == 0 ? 0 : i - 1]) - mean;
      frame[i] = (now - kPreemphasis * before) * window_[i];
    }
    // The transform of N real numbers: the first of N / 2 complex ones holds those at 0 and N / 2.
    transform.transform_real(frame.data(), spectrum.data());
    power[0] = spectrum[0].real() * spectrum[0].real();
    for (std::size_t k = 1; k + 1 < kBins; ++k) power[k] = std::norm(spectrum[k]);
    for (std::size_t m = 0; m < filters_.size(); ++m)
      features(m, t) = static_cast<float>(std::log(std::max(filters_.Sum(m, power), kFloor)));
  }
  if (options_.mean_norm) ApplyMeanNorm(features);
  return features;
}

}  // namespace vpr
