#include "vpr/features/acoustic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "features/frame_transform.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

struct Names {
  const char* name;
  const char* librosa;
};
constexpr std::array<Names, kNumAcousticFeatures> kNames = {{{"mfcc", "mfcc"},
                                                             {"chroma", "chroma_stft"},
                                                             {"mel", "melspectrogram"},
                                                             {"centroid", "spectral_centroid"},
                                                             {"bandwidth", "spectral_bandwidth"},
                                                             {"contrast", "spectral_contrast"},
                                                             {"flatness", "spectral_flatness"},
                                                             {"zcr", "zero_crossing_rate"},
                                                             {"rms", "rms"}}};
constexpr std::array<const char*, 4> kStatistics = {"mean", "std", "min", "max"};
constexpr std::size_t kChromaRows = 12, kContrastBands = 6;
constexpr double kContrastFmin = 200;
// librosa.util.normalize leaves alone what is smaller than this.
constexpr double kTiny = std::numeric_limits<float>::min();

double PowerToDb(double power) { return 10 * std::log10(std::max(1e-10, power)); }

// librosa.power_to_db(S, ref=1.0): nothing is more than 80 dB below the largest value.
void LimitRange(std::vector<double>& db) {
  const double lowest = *std::max_element(db.begin(), db.end()) - 80;
  for (double& value : db) value = std::max(value, lowest);
}

// librosa.filters.chroma(tuning=0, n_chroma=12, ctroct=5, octwidth=2, norm=2, base_c=True):
// Gaussian bumps around each pitch class, every bin's of length 1, weighted by the distance from
// octave 5.
std::vector<std::array<double, kChromaRows>> ChromaFilters(const FeatureOptions& options) {
  const auto n_fft = static_cast<std::size_t>(options.n_fft);
  std::vector<double> position(n_fft);  // in semitones from A0 / 16
  for (std::size_t k = 1; k < n_fft; ++k)
    position[k] =
        12 * std::log2(static_cast<double>(k) * options.sample_rate / options.n_fft / (440.0 / 16));
  position[0] = position[1] - 1.5 * 12;
  std::vector<std::array<double, kChromaRows>> filters(n_fft / 2 + 1);
  for (std::size_t k = 0; k < filters.size(); ++k) {
    const double width = k + 1 < n_fft ? std::max(position[k + 1] - position[k], 1.0) : 1.0;
    std::array<double, kChromaRows> bump;
    double square = 0;
    for (std::size_t c = 0; c < kChromaRows; ++c) {
      const double distance = std::fmod(position[k] - static_cast<double>(c) + 6 + 120, 12.0) - 6;
      bump[c] = std::exp(-0.5 * std::pow(2 * distance / width, 2));
      square += bump[c] * bump[c];
    }
    const double length = std::sqrt(square) < kTiny ? 1 : std::sqrt(square);
    const double octave = std::exp(-0.5 * std::pow((position[k] / 12 - 5) / 2, 2));
    // Rows begin with A; librosa turns them so that C comes first.
    for (std::size_t c = 0; c < kChromaRows; ++c)
      filters[k][c] = static_cast<double>(static_cast<float>(bump[(c + 3) % 12] / length * octave));
  }
  return filters;
}

// The bins that one band of the spectral contrast compares, [begin, end), and how many of the
// largest and smallest of them count.
struct ContrastBand {
  std::size_t begin, end, count;
};

std::vector<ContrastBand> ContrastBands(const FeatureOptions& options) {
  const auto bins = static_cast<std::size_t>(options.n_fft) / 2 + 1;
  auto hz = [&](std::size_t k) {
    return static_cast<double>(k) * options.sample_rate / options.n_fft;
  };
  std::vector<ContrastBand> bands;
  for (std::size_t b = 0; b <= kContrastBands; ++b) {
    const double low = b == 0 ? 0 : kContrastFmin * std::exp2(static_cast<double>(b) - 1);
    const double high = kContrastFmin * std::exp2(static_cast<double>(b));
    std::size_t begin = 0;
    while (begin < bins && hz(begin) < low) ++begin;
    std::size_t end = begin;
    while (end < bins && hz(end) <= high) ++end;
    if (begin == end)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("n_fft %d is too small for the spectral contrast at %d Hz: no bin lies "
                         "between %g and %g Hz",
                         options.n_fft, options.sample_rate, low, high));
    if (b > 0) --begin;  // as librosa does, the neighbour below too
    if (b == kContrastBands) end = bins;
    const auto count = static_cast<std::size_t>(
        std::max(1.0, std::nearbyint(0.02 * static_cast<double>(end - begin))));
    if (b < kContrastBands) --end;  // and not the highest, though it counts for the quantile
    if (end == begin) ++end;
    bands.push_back({begin, end, count});
  }
  return bands;
}

// Share of the samples of each frame where the sign is another than before; beyond the ends the
// first and the last sample go on.
void ZeroCrossingRate(std::span<const float> samples, const FeatureOptions& options, float* out,
                      std::size_t frames) {
  const auto size = static_cast<std::ptrdiff_t>(samples.size());
  // crossings[i]: up to sample i, that one included, within the waveform.
  std::vector<std::size_t> crossings(samples.size() + 1, 0);
  auto negative = [&](std::size_t i) { return samples[i] < -1e-10f; };
  for (std::size_t i = 1; i < samples.size(); ++i)
    crossings[i + 1] = crossings[i] + (negative(i) != negative(i - 1) ? 1 : 0);
  for (std::size_t t = 0; t < frames; ++t) {
    // A frame's first sample has nothing before it.
    const std::ptrdiff_t begin =
        static_cast<std::ptrdiff_t>(t) * options.hop_length - options.n_fft / 2 + 1;
    const std::ptrdiff_t end = begin + options.n_fft - 1;
    const auto from = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(begin, 0, size));
    const auto to = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(end, 0, size));
    out[t] =
        static_cast<float>(static_cast<double>(crossings[to] - crossings[from]) / options.n_fft);
  }
}

void RootMeanSquare(std::span<const float> samples, const FeatureOptions& options, float* out,
                    std::size_t frames) {
  const auto size = static_cast<std::ptrdiff_t>(samples.size());
  for (std::size_t t = 0; t < frames; ++t) {
    const std::ptrdiff_t begin =
        static_cast<std::ptrdiff_t>(t) * options.hop_length - options.n_fft / 2;
    const auto from = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(begin, 0, size));
    const auto to =
        static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(begin + options.n_fft, 0, size));
    double energy = 0;
    for (std::size_t i = from; i < to; ++i)
      energy += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
    out[t] = static_cast<float>(std::sqrt(energy / options.n_fft));
  }
}

std::size_t NumRows(AcousticFeature feature, const AcousticOptions& options) {
  switch (feature) {
    case AcousticFeature::kMfcc:
      return static_cast<std::size_t>(options.n_mfcc);
    case AcousticFeature::kChroma:
      return kChromaRows;
    case AcousticFeature::kMel:
      return static_cast<std::size_t>(options.frames.n_mels);
    case AcousticFeature::kContrast:
      return kContrastBands + 1;
    default:
      return 1;
  }
}

struct Moments {
  double mean = 0, std = 0, min = 0, max = 0;
  explicit Moments(std::span<const float> values) {
    if (values.empty()) return;
    const auto count = static_cast<double>(values.size());
    min = max = values[0];
    for (float value : values) {
      mean += static_cast<double>(value);
      min = std::min(min, static_cast<double>(value));
      max = std::max(max, static_cast<double>(value));
    }
    mean /= count;
    for (float value : values) std += std::pow(static_cast<double>(value) - mean, 2);
    std = std::sqrt(std / count);
  }
  float operator[](Statistic statistic) const {
    const double values[] = {mean, std, min, max};
    return static_cast<float>(values[static_cast<std::size_t>(statistic)]);
  }
};

}  // namespace

const char* ToString(AcousticFeature feature) {
  return kNames[static_cast<std::size_t>(feature)].name;
}

AcousticFeature ParseAcousticFeature(std::string_view name) {
  std::string known;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i].name || name == kNames[i].librosa) return static_cast<AcousticFeature>(i);
    names.emplace_back(kNames[i].name);
    known += (i == 0 ? "" : ", ") + std::string(kNames[i].name);
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown feature '" + Printable(name) +
                                               "'; expected one of " + known +
                                               DidYouMean(name, names));
}

const char* ToString(Statistic statistic) {
  return kStatistics[static_cast<std::size_t>(statistic)];
}

Statistic ParseStatistic(std::string_view name) {
  for (std::size_t i = 0; i < kStatistics.size(); ++i)
    if (name == kStatistics[i]) return static_cast<Statistic>(i);
  throw Error(ErrorCode::kInvalidArgument, "unknown statistic '" + Printable(name) +
                                               "'; expected mean, std, min or max" +
                                               DidYouMean(name, {"mean", "std", "min", "max"}));
}

void AcousticOptions::Validate() const {
  frames.Validate();
  if (n_mfcc < 1 || n_mfcc > frames.n_mels)
    throw Error(ErrorCode::kInvalidArgument,
                Format("feature option n_mfcc is %d; expected 1 to the number of mel bands, %d",
                       n_mfcc, frames.n_mels));
  for (AcousticFeature feature : features) {
    if (feature == AcousticFeature::kContrast &&
        kContrastFmin * std::exp2(kContrastBands - 1) >= frames.sample_rate / 2.0)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("the spectral contrast needs a sample rate above 12800 Hz, found %d Hz; "
                         "resample to 16000 Hz or leave contrast out",
                         frames.sample_rate));
  }
}

struct AcousticComputer::Impl {
  AcousticOptions options;
  std::optional<MelComputer> mel;           // for mel and mfcc
  std::optional<FrameTransform> transform;  // for what is made of the linear spectrum
  std::vector<std::array<double, kChromaRows>> chroma;
  std::vector<ContrastBand> contrast;
  std::vector<double> dct;  // [n_mfcc, n_mels]
  std::size_t rows = 0;

  explicit Impl(const AcousticOptions& acoustic_options) : options(acoustic_options) {
    options.Validate();
    options.frames.kind = FeatureKind::kMel;
    options.frames.mean_norm = options.frames.level_norm = false;
    for (AcousticFeature feature : options.features) {
      rows += NumRows(feature, options);
      switch (feature) {
        case AcousticFeature::kMfcc:
          MakeDct();
          [[fallthrough]];
        case AcousticFeature::kMel:
          if (!mel) mel.emplace(options.frames);
          break;
        case AcousticFeature::kZcr:
        case AcousticFeature::kRms:
          break;
        default:
          if (!transform) transform.emplace(options.frames);
      }
      if (feature == AcousticFeature::kChroma) chroma = ChromaFilters(options.frames);
      if (feature == AcousticFeature::kContrast) contrast = ContrastBands(options.frames);
    }
  }

  // scipy.fftpack.dct(type=2, norm='ortho')
  void MakeDct() {
    const auto bands = static_cast<std::size_t>(options.frames.n_mels);
    const auto count = static_cast<std::size_t>(options.n_mfcc);
    const double n = static_cast<double>(bands);
    dct.resize(count * bands);
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t m = 0; m < bands; ++m)
        dct[c * bands + m] =
            std::sqrt((c == 0 ? 1 : 2) / n) *
            std::cos(M_PI * static_cast<double>(c) * (static_cast<double>(m) + 0.5) / n);
    }
  }

  void Mfcc(const Matrix& power, float* out) const {
    std::vector<double> db(power.data.size());
    for (std::size_t i = 0; i < db.size(); ++i)
      db[i] = PowerToDb(static_cast<double>(power.data[i]));
    LimitRange(db);
    for (std::size_t c = 0; c < static_cast<std::size_t>(options.n_mfcc); ++c) {
      for (std::size_t t = 0; t < power.cols; ++t) {
        double sum = 0;
        for (std::size_t m = 0; m < power.rows; ++m)
          sum += dct[c * power.rows + m] * db[m * power.cols + t];
        out[c * power.cols + t] = static_cast<float>(sum);
      }
    }
  }

  void Chroma(const Matrix& power, float* out) const {
    for (std::size_t t = 0; t < power.cols; ++t) {
      std::array<double, kChromaRows> sums{};
      for (std::size_t k = 0; k < power.rows; ++k) {
        for (std::size_t c = 0; c < kChromaRows; ++c)
          sums[c] += chroma[k][c] * static_cast<double>(power(k, t));
      }
      const double largest = *std::max_element(sums.begin(), sums.end());
      for (std::size_t c = 0; c < kChromaRows; ++c)
        out[c * power.cols + t] = static_cast<float>(sums[c] / (largest < kTiny ? 1 : largest));
    }
  }

  // Mean frequency, weighted by the magnitudes, and the standard deviation around it.
  void CentroidAndBandwidth(const Matrix& power, float* centroid, float* bandwidth) const {
    std::vector<double> magnitude(power.rows);
    for (std::size_t t = 0; t < power.cols; ++t) {
      double sum = 0, mean = 0, variance = 0;
      for (std::size_t k = 0; k < power.rows; ++k)
        sum += magnitude[k] = std::sqrt(static_cast<double>(power(k, t)));
      if (sum < kTiny) sum = 1;
      for (std::size_t k = 0; k < power.rows; ++k) mean += Hz(k) * magnitude[k] / sum;
      if (centroid != nullptr) centroid[t] = static_cast<float>(mean);
      if (bandwidth == nullptr) continue;
      for (std::size_t k = 0; k < power.rows; ++k)
        variance += std::pow(Hz(k) - mean, 2) * magnitude[k] / sum;
      bandwidth[t] = static_cast<float>(std::sqrt(variance));
    }
  }

  void Contrast(const Matrix& power, float* out) const {
    const std::size_t frames = power.cols;
    std::vector<double> peak(contrast.size() * frames), valley(peak.size()), bins;
    for (std::size_t b = 0; b < contrast.size(); ++b) {
      const ContrastBand& band = contrast[b];
      for (std::size_t t = 0; t < frames; ++t) {
        bins.clear();
        for (std::size_t k = band.begin; k < band.end; ++k)
          bins.push_back(std::sqrt(static_cast<double>(power(k, t))));
        const std::size_t count = std::min(band.count, bins.size());
        const auto nth = static_cast<std::ptrdiff_t>(count - 1);
        std::nth_element(bins.begin(), bins.begin() + nth, bins.end());
        const double low = std::accumulate(bins.begin(), bins.begin() + nth + 1, 0.0);
        std::nth_element(bins.begin(), bins.begin() + nth, bins.end(), std::greater<>());
        const double high = std::accumulate(bins.begin(), bins.begin() + nth + 1, 0.0);
        valley[b * frames + t] = PowerToDb(low / static_cast<double>(count));
        peak[b * frames + t] = PowerToDb(high / static_cast<double>(count));
      }
    }
    LimitRange(valley);
    LimitRange(peak);
    for (std::size_t i = 0; i < peak.size(); ++i) out[i] = static_cast<float>(peak[i] - valley[i]);
  }

  // Geometric over arithmetic mean of the power.
  static void Flatness(const Matrix& power, float* out) {
    for (std::size_t t = 0; t < power.cols; ++t) {
      double logarithms = 0, sum = 0;
      for (std::size_t k = 0; k < power.rows; ++k) {
        const double value = std::max(1e-10, static_cast<double>(power(k, t)));
        logarithms += std::log(value);
        sum += value;
      }
      const auto count = static_cast<double>(power.rows);
      out[t] = static_cast<float>(std::exp(logarithms / count) / (sum / count));
    }
  }

  double Hz(std::size_t k) const {
    return static_cast<double>(k) * options.frames.sample_rate / options.frames.n_fft;
  }
};

AcousticComputer::AcousticComputer(const AcousticOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
AcousticComputer::~AcousticComputer() = default;
AcousticComputer::AcousticComputer(AcousticComputer&&) noexcept = default;

const AcousticOptions& AcousticComputer::options() const { return impl_->options; }

Matrix AcousticComputer::Compute(std::span<const float> samples) const {
  const AcousticOptions& options = impl_->options;
  const std::size_t frames = NumFrames(samples.size(), options.frames);
  Matrix mel, power, result(impl_->rows, frames);
  if (impl_->mel) mel = impl_->mel->Compute(samples);
  if (impl_->transform) {
    power = Matrix(static_cast<std::size_t>(options.frames.n_fft) / 2 + 1, frames);
    impl_->transform->Run(samples, 0, 0, frames, power.data.data(), frames);
  }
  std::size_t row = 0;
  for (AcousticFeature feature : options.features) {
    float* out = result.row(row);
    switch (feature) {
      case AcousticFeature::kMfcc:
        impl_->Mfcc(mel, out);
        break;
      case AcousticFeature::kChroma:
        impl_->Chroma(power, out);
        break;
      case AcousticFeature::kMel:
        std::copy(mel.data.begin(), mel.data.end(), out);
        break;
      case AcousticFeature::kCentroid:
        impl_->CentroidAndBandwidth(power, out, nullptr);
        break;
      case AcousticFeature::kBandwidth:
        impl_->CentroidAndBandwidth(power, nullptr, out);
        break;
      case AcousticFeature::kContrast:
        impl_->Contrast(power, out);
        break;
      case AcousticFeature::kFlatness:
        Impl::Flatness(power, out);
        break;
      case AcousticFeature::kZcr:
        ZeroCrossingRate(samples, options.frames, out, frames);
        break;
      case AcousticFeature::kRms:
        RootMeanSquare(samples, options.frames, out, frames);
        break;
    }
    row += NumRows(feature, options);
  }
  return result;
}

std::vector<std::string> AcousticComputer::RowNames() const {
  std::vector<std::string> names;
  for (AcousticFeature feature : impl_->options.features) {
    const std::size_t rows = NumRows(feature, impl_->options);
    for (std::size_t i = 0; i < rows; ++i)
      names.push_back(ToString(feature) + (rows > 1 ? "_" + std::to_string(i) : std::string()));
  }
  return names;
}

std::vector<float> Summarize(const Matrix& features, const std::vector<Statistic>& statistics) {
  std::vector<float> summary;
  for (std::size_t r = 0; r < features.rows; ++r) {
    const Moments moments({features.row(r), features.cols});
    for (Statistic statistic : statistics) summary.push_back(moments[statistic]);
  }
  return summary;
}

std::vector<std::string> SummaryNames(const std::vector<std::string>& row_names,
                                      const std::vector<Statistic>& statistics) {
  std::vector<std::string> names;
  for (const std::string& row : row_names)
    for (Statistic statistic : statistics) names.push_back(row + "_" + ToString(statistic));
  return names;
}

std::vector<float> OverallSummary(std::span<const float> samples, const AcousticOptions& options) {
  AcousticOptions all = options;
  all.features.clear();
  for (std::size_t i = 0; i < kNumAcousticFeatures; ++i)
    all.features.push_back(static_cast<AcousticFeature>(i));
  const Matrix matrix = AcousticComputer(all).Compute(samples);
  std::vector<float> summary;
  std::size_t row = 0;
  for (AcousticFeature feature : all.features) {
    const std::size_t rows = NumRows(feature, all);
    const Moments moments({matrix.row(row), rows * matrix.cols});
    row += rows;
    if (feature == AcousticFeature::kRms) {
      summary.push_back(moments[Statistic::kMean]);
    } else {
      for (std::size_t s = 0; s < kStatistics.size(); ++s)
        summary.push_back(moments[static_cast<Statistic>(s)]);
    }
  }
  return summary;
}

std::vector<std::string> OverallSummaryNames() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i + 1 < kNumAcousticFeatures; ++i)
    for (const char* statistic : kStatistics)
      names.push_back(std::string(kNames[i].name) + "_" + statistic);
  names.push_back("energy");
  return names;
}

}  // namespace vpr
