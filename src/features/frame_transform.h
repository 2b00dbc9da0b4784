// Windowed Fourier transforms of the overlapping frames of a waveform, summed into bands: what
// every spectral feature begins with.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "features/mel_kernel.h"
#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"

namespace vpr {

// Immutable after construction; one object may be used by many threads at once.
class FrameTransform {
 public:
  // Bands are the rows of `filters` [bands, n_fft/2 + 1]; a row's positive weights are in a run.
  FrameTransform(const FeatureOptions& options, const Matrix& filters);
  // Bands are the bins of the transform themselves.
  explicit FrameTransform(const FeatureOptions& options);
  FrameTransform(const FrameTransform&) = delete;
  FrameTransform& operator=(const FrameTransform&) = delete;

  // Power of the frames [first, first + count) of a waveform of which `samples` are those from
  // sample `offset` on; what lies outside of them is zero. Frames are centred: frame t on sample
  // t * hop_length. Writes out[band * stride + i] for frame first + i.
  void Run(std::span<const float> samples, std::size_t offset, std::size_t first, std::size_t count,
           float* out, std::size_t stride) const;

 private:
  void MakeKernel();
  std::size_t n_fft_, win_length_, hop_;
  std::vector<double> window_, weights_;
  std::vector<MelBand> bands_;
  std::unique_ptr<MelKernel> kernel_;
};

}  // namespace vpr
