// Acoustic features of whole recordings, frame by frame and as statistics over time, with librosa's
// numbers: for telling emotions, sounds or kinds of voices apart rather than speakers.
//
// Source: librosa 0.10.1, librosa.feature, each function named at its feature. Frames are centred:
// frame t on sample t * hop_length; pad_mode='constant', window='hann'.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"

namespace vpr {

enum class AcousticFeature {
  kMfcc,       // mfcc: n_mfcc rows, DCT-II (ortho) of the mel spectrogram in dB, 80 dB of range
  kChroma,     // chroma_stft(tuning=0): 12 rows, C first; each frame's largest value is 1
  kMel,        // melspectrogram: n_mels rows, power
  kCentroid,   // spectral_centroid, Hz
  kBandwidth,  // spectral_bandwidth, Hz
  kContrast,   // spectral_contrast: 7 rows, dB; needs a sample rate above 12800 Hz
  kFlatness,   // spectral_flatness, 0 to 1
  kZcr,        // zero_crossing_rate(frame_length=n_fft), share of the samples
  kRms         // rms(frame_length=n_fft), of full scale
};

// In the order above.
inline constexpr std::size_t kNumAcousticFeatures = 9;

// "mfcc", "chroma", "mel", "centroid", "bandwidth", "contrast", "flatness", "zcr", "rms". Parse
// also takes librosa's names of the functions, and throws kInvalidArgument for any other.
const char* ToString(AcousticFeature feature);
AcousticFeature ParseAcousticFeature(std::string_view name);

enum class Statistic { kMean, kStd, kMin, kMax };  // over time; std: of the population
const char* ToString(Statistic statistic);         // "mean", "std", "min", "max"
Statistic ParseStatistic(std::string_view name);   // throws kInvalidArgument

struct AcousticOptions {
  // Rate, transform and mel bands; what concerns networks (kind, floors, norms) is not used, nor is
  // trimming, which is the caller's.
  FeatureOptions frames;
  int n_mfcc = 20;
  std::vector<AcousticFeature> features;

  bool operator==(const AcousticOptions&) const = default;
  void Validate() const;  // throws kInvalidArgument
};

// Immutable after construction; one object may be used by many threads at once.
class AcousticComputer {
 public:
  explicit AcousticComputer(const AcousticOptions& options);  // throws what Validate() throws
  ~AcousticComputer();
  AcousticComputer(AcousticComputer&&) noexcept;

  const AcousticOptions& options() const;

  // The features below each other, in the order of the options: [rows, 1 + samples/hop].
  Matrix Compute(std::span<const float> samples) const;

  // "mfcc_0", "mfcc_1", ..., "centroid": one name a row.
  std::vector<std::string> RowNames() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Statistics over time of every row, row by row: [row 0's mean, row 0's std, ..., row 1's mean
// ...]. NaN-free for at least one frame.
std::vector<float> Summarize(const Matrix& features, const std::vector<Statistic>& statistics);
// "mfcc_0_mean", ...
std::vector<std::string> SummaryNames(const std::vector<std::string>& row_names,
                                      const std::vector<Statistic>& statistics);

// A recording in 33 numbers: mean, standard deviation, minimum and maximum of all values (rows and
// frames together) of each of the first eight features, then the energy, which is the mean of rms.
std::vector<float> OverallSummary(std::span<const float> samples, const AcousticOptions& options);
std::vector<std::string> OverallSummaryNames();  // "mfcc_mean", "mfcc_std", ..., "energy"

}  // namespace vpr
