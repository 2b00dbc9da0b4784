#include "features/frame_transform.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace vpr {

MelKernel::~MelKernel() = default;

#ifdef VPR_HAVE_AVX_KERNELS
bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#else
bool HasAvx2() { return false; }
bool HasAvx512() { return false; }
#endif

namespace {

std::unique_ptr<MelKernel> NewMelKernel(const MelTables& tables) {
#ifdef VPR_HAVE_AVX_KERNELS
  if (HasAvx512()) return std::unique_ptr<MelKernel>(NewAvx512MelKernel(tables));
  if (HasAvx2()) return std::unique_ptr<MelKernel>(NewAvx2MelKernel(tables));
#endif
  return std::unique_ptr<MelKernel>(NewBaselineMelKernel(tables));
}

// Memory a thread keeps for its next call.
class Scratch {
 public:
  void* Get(std::size_t bytes) {
    if (bytes > size_) {
      memory_.reset(static_cast<std::byte*>(::operator new(bytes, kAlignment)));
      size_ = bytes;
    }
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{MelKernel::kScratchAlignment};
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, kAlignment); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
};

// scipy.signal.get_window('hann', length, fftbins=True), centred in n_fft zeros.
std::vector<double> PaddedHann(std::size_t length, std::size_t n_fft) {
  std::vector<double> window(n_fft, 0.0);
  std::size_t begin = (n_fft - length) / 2;
  for (std::size_t i = 0; i < length; ++i) {
    double phase = 2 * M_PI * static_cast<double>(i) / static_cast<double>(length);
    window[begin + i] = length == 1 ? 1.0 : 0.5 - 0.5 * std::cos(phase);
  }
  return window;
}

}  // namespace

FrameTransform::FrameTransform(const FeatureOptions& options, const Matrix& filters)
    : n_fft_(static_cast<std::size_t>(options.n_fft)),
      win_length_(static_cast<std::size_t>(options.win_length)),
      hop_(static_cast<std::size_t>(options.hop_length)),
      window_(PaddedHann(win_length_, n_fft_)) {
  for (std::size_t m = 0; m < filters.rows; ++m) {
    const float* row = filters.row(m);
    auto positive = [](float weight) { return weight > 0; };
    const float* first = std::find_if(row, row + filters.cols, positive);
    const float* last = std::find_if_not(first, row + filters.cols, positive);
    bands_.push_back({static_cast<std::size_t>(first - row), static_cast<std::size_t>(last - first),
                      weights_.size()});
    weights_.insert(weights_.end(), first, last);
  }
  MakeKernel();
}

FrameTransform::FrameTransform(const FeatureOptions& options)
    : n_fft_(static_cast<std::size_t>(options.n_fft)),
      win_length_(static_cast<std::size_t>(options.win_length)),
      hop_(static_cast<std::size_t>(options.hop_length)),
      window_(PaddedHann(win_length_, n_fft_)),
      weights_{1.0} {
  for (std::size_t k = 0; k <= n_fft_ / 2; ++k) bands_.push_back({k, 1, 0});
  MakeKernel();
}

void FrameTransform::MakeKernel() {
  MelTables tables;
  tables.n_fft = n_fft_;
  tables.n_mels = bands_.size();
  tables.window_begin = (n_fft_ - win_length_) / 2;
  tables.window_end = tables.window_begin + win_length_;
  tables.window = window_.data();
  tables.bands = bands_.data();
  tables.weights = weights_.data();
  kernel_ = NewMelKernel(tables);
}

void FrameTransform::Run(std::span<const float> samples, std::size_t offset, std::size_t first,
                         std::size_t count, float* out, std::size_t stride) const {
  std::size_t lanes = kernel_->lanes();
  thread_local Scratch scratch;
  std::size_t staging_bytes = lanes * n_fft_ * sizeof(float);  // a multiple of the alignment
  auto* staging = static_cast<float*>(scratch.Get(staging_bytes + kernel_->scratch_bytes()));
  void* workspace = staging + lanes * n_fft_;
  std::vector<const float*> frames(lanes);
  for (std::size_t done = 0; done < count; done += lanes) {
    std::size_t now = std::min(lanes, count - done);
    for (std::size_t l = 0; l < now; ++l) {
      // Where the frame begins in `samples`, counted so that padding before them is positive.
      auto begin = static_cast<std::ptrdiff_t>((first + done + l) * hop_) -
                   static_cast<std::ptrdiff_t>(n_fft_ / 2 + offset);
      auto size = static_cast<std::ptrdiff_t>(samples.size());
      auto end = begin + static_cast<std::ptrdiff_t>(n_fft_);
      if (begin >= 0 && end <= size) {
        frames[l] = samples.data() + begin;
        continue;
      }
      float* copy = staging + l * n_fft_;
      std::fill(copy, copy + n_fft_, 0.0f);
      std::ptrdiff_t from = std::clamp<std::ptrdiff_t>(begin, 0, size);
      std::ptrdiff_t to = std::clamp<std::ptrdiff_t>(end, from, size);
      if (from < to) std::copy(samples.data() + from, samples.data() + to, copy + (from - begin));
      frames[l] = copy;
    }
    kernel_->Run(frames.data(), now, workspace, out + done, stride);
  }
}

}  // namespace vpr
