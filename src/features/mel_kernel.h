// The inner loop of the mel spectrogram: several frames at once, one in each lane of a vector
// register. Compiled for the baseline of the processor family and, on x86-64, for AVX2 and AVX-512
// as well.
#pragma once

#include <cstddef>

namespace vpr {

// One triangular filter: `count` weights from FFT bin `first` on.
struct MelBand {
  std::size_t first = 0, count = 0, offset = 0;  // offset into the weights
};

struct MelTables {
  std::size_t n_fft = 0, n_mels = 0;
  std::size_t window_begin = 0, window_end = 0;  // outside, the window is zero
  const double* window = nullptr;                // n_fft values
  const MelBand* bands = nullptr;                // n_mels
  const double* weights = nullptr;
};

// Every lane does the same arithmetic on its own frame alone, so the numbers of a frame do not
// depend on its neighbours or on the lane it is in.
class MelKernel {
 public:
  virtual ~MelKernel();
  virtual std::size_t lanes() const = 0;
  virtual std::size_t scratch_bytes() const = 0;
  // frames[l]: the n_fft samples of lane l. Writes out[band * stride + l] for l < count <= lanes().
  // `scratch` is aligned to kScratchAlignment.
  virtual void Run(const float* const* frames, std::size_t count, void* scratch, float* out,
                   std::size_t stride) const = 0;
  static constexpr std::size_t kScratchAlignment = 64;
};

// `tables` must outlive the kernel. The caller deletes it.
MelKernel* NewBaselineMelKernel(const MelTables& tables);
#ifdef VPR_HAVE_AVX_KERNELS
MelKernel* NewAvx2MelKernel(const MelTables& tables);
MelKernel* NewAvx512MelKernel(const MelTables& tables);
#endif

// What this processor has.
bool HasAvx2();
bool HasAvx512();

}  // namespace vpr
