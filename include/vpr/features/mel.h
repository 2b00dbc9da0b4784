// Mel spectrograms, offline and streaming, with librosa's numbers.
//
// Source: librosa 0.10.1, feature.melspectrogram(y, sr, n_fft, hop_length, win_length,
// window='hann', center=True, pad_mode='constant', power=2.0, n_mels, fmin, fmax, htk=False,
// norm='slaney').
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"

namespace vpr {

// The filters as librosa.filters.mel gives them: [n_mels, n_fft/2 + 1].
Matrix MelFilterbank(const FeatureOptions& options);

// Window, FFT plan and sparse filters for one set of options. Immutable after construction; one
// object may be used by many threads at once.
class MelComputer {
 public:
  explicit MelComputer(const FeatureOptions& options);  // throws what Validate() throws
  ~MelComputer();
  MelComputer(MelComputer&&) noexcept;
  MelComputer& operator=(MelComputer&&) noexcept;

  const FeatureOptions& options() const;

  // The features of a whole waveform, all options applied except trimming:
  // [n_mels, 1 + samples/hop]. An empty waveform gives one frame of silence.
  Matrix Compute(std::span<const float> samples) const;

  // The raw power mel spectrogram only (kind, mean_norm and level_norm not applied), into
  // out[band * stride + frame].
  void ComputeMel(std::span<const float> samples, float* out, std::size_t stride) const;

 private:
  friend class OnlineMel;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The same numbers from audio that arrives in pieces. Produces kMel or kLogMel frames; mean_norm,
// level_norm and kDb need the whole utterance and are refused (kInvalidArgument).
class OnlineMel {
 public:
  explicit OnlineMel(const FeatureOptions& options);
  ~OnlineMel();
  OnlineMel(OnlineMel&&) noexcept;
  OnlineMel& operator=(OnlineMel&&) noexcept;

  void AcceptWaveform(std::span<const float> samples);
  // No more audio: the last frames, which reach into the zero padding, become ready.
  void InputFinished();

  std::size_t NumFramesReady() const;
  // Frame `index` < NumFramesReady(), n_mels values; bit-identical to the offline column.
  std::vector<float> GetFrame(std::size_t index) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// In place, as named: kLogMel's logarithm; librosa.power_to_db(S, ref=np.max, amin=1e-10,
// top_db=80); subtraction of each row's mean.
void ApplyLog(Matrix& mel, double floor);
void ApplyPowerToDb(Matrix& mel);
void ApplyMeanNorm(Matrix& features);

}  // namespace vpr
