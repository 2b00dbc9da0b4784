#include "vpr/features/mel.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "features/mel_kernel.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

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

struct MelComputer::Impl {
  FeatureOptions options;
  std::vector<double> window, weights;
  std::vector<MelBand> bands;
  std::unique_ptr<MelKernel> kernel;

  explicit Impl(const FeatureOptions& feature_options) : options(feature_options) {
    Matrix filters = MelFilterbank(options);  // validates
    for (std::size_t m = 0; m < filters.rows; ++m) {
      const float* row = filters.row(m);
      auto positive = [](float weight) { return weight > 0; };
      const float* first = std::find_if(row, row + filters.cols, positive);
      const float* last = std::find_if_not(first, row + filters.cols, positive);
      bands.push_back({static_cast<std::size_t>(first - row),
                       static_cast<std::size_t>(last - first), weights.size()});
      weights.insert(weights.end(), first, last);
    }
    auto n_fft = static_cast<std::size_t>(options.n_fft);
    auto length = static_cast<std::size_t>(options.win_length);
    window = PaddedHann(length, n_fft);
    MelTables tables;
    tables.n_fft = n_fft;
    tables.n_mels = bands.size();
    tables.window_begin = (n_fft - length) / 2;
    tables.window_end = tables.window_begin + length;
    tables.window = window.data();
    tables.bands = bands.data();
    tables.weights = weights.data();
    kernel = NewMelKernel(tables);
  }

  // Frames [first, first + count) of a waveform of which `samples` are those from sample `offset`
  // on; what lies outside of them is zero. Writes out[band * stride + i] for frame first + i.
  void Frames(std::span<const float> samples, std::size_t offset, std::size_t first,
              std::size_t count, float* out, std::size_t stride) const {
    auto n_fft = static_cast<std::size_t>(options.n_fft);
    auto hop = static_cast<std::size_t>(options.hop_length);
    std::size_t lanes = kernel->lanes();
    thread_local Scratch scratch;
    std::size_t staging_bytes = lanes * n_fft * sizeof(float);  // a multiple of the alignment
    auto* staging = static_cast<float*>(scratch.Get(staging_bytes + kernel->scratch_bytes()));
    void* workspace = staging + lanes * n_fft;
    std::vector<const float*> frames(lanes);
    for (std::size_t done = 0; done < count; done += lanes) {
      std::size_t now = std::min(lanes, count - done);
      for (std::size_t l = 0; l < now; ++l) {
        // Where the frame begins in `samples`, counted so that padding before them is positive.
        auto begin = static_cast<std::ptrdiff_t>((first + done + l) * hop) -
                     static_cast<std::ptrdiff_t>(n_fft / 2 + offset);
        auto size = static_cast<std::ptrdiff_t>(samples.size());
        auto end = begin + static_cast<std::ptrdiff_t>(n_fft);
        if (begin >= 0 && end <= size) {
          frames[l] = samples.data() + begin;
          continue;
        }
        float* copy = staging + l * n_fft;
        std::fill(copy, copy + n_fft, 0.0f);
        std::ptrdiff_t from = std::clamp<std::ptrdiff_t>(begin, 0, size);
        std::ptrdiff_t to = std::clamp<std::ptrdiff_t>(end, from, size);
        if (from < to) std::copy(samples.data() + from, samples.data() + to, copy + (from - begin));
        frames[l] = copy;
      }
      kernel->Run(frames.data(), now, workspace, out + done, stride);
    }
  }
};

MelComputer::MelComputer(const FeatureOptions& options) : impl_(std::make_unique<Impl>(options)) {}
MelComputer::~MelComputer() = default;
MelComputer::MelComputer(MelComputer&&) noexcept = default;
MelComputer& MelComputer::operator=(MelComputer&&) noexcept = default;

const FeatureOptions& MelComputer::options() const { return impl_->options; }

void MelComputer::ComputeMel(std::span<const float> samples, float* out, std::size_t stride) const {
  impl_->Frames(samples, 0, 0, NumFrames(samples.size(), impl_->options), out, stride);
}

Matrix MelComputer::Compute(std::span<const float> samples) const {
  const FeatureOptions& options = impl_->options;
  Matrix mel(static_cast<std::size_t>(options.n_mels), NumFrames(samples.size(), options));
  ComputeMel(samples, mel.data.data(), mel.cols);
  if (options.level_norm) {
    constexpr double kLevel = 0.1;
    double energy = 0;
    for (float sample : samples)
      energy += static_cast<double>(sample) * static_cast<double>(sample);
    // The power of the waveform times a gain is the power times its square.
    if (energy > 0) {
      auto gain =
          static_cast<float>(kLevel * kLevel * static_cast<double>(samples.size()) / energy);
      for (float& value : mel.data) value *= gain;
    }
  }
  if (options.kind == FeatureKind::kLogMel) ApplyLog(mel, options.log_floor);
  if (options.kind == FeatureKind::kDb) ApplyPowerToDb(mel);
  if (options.mean_norm) ApplyMeanNorm(mel);
  return mel;
}

struct OnlineMel::Impl {
  explicit Impl(const FeatureOptions& options) : computer(options) {}

  // Computes the frames [frames.size(), ready).
  void ComputeUpTo(std::size_t ready) {
    const FeatureOptions& options = computer.options();
    auto bands = static_cast<std::size_t>(options.n_mels);
    auto hop = static_cast<std::size_t>(options.hop_length);
    auto half = static_cast<std::size_t>(options.n_fft) / 2;
    if (ready <= frames_ready) return;
    Matrix block(bands, ready - frames_ready);
    computer.impl_->Frames(samples, offset, frames_ready, block.cols, block.data.data(),
                           block.cols);
    if (options.kind == FeatureKind::kLogMel) ApplyLog(block, options.log_floor);
    for (std::size_t t = 0; t < block.cols; ++t)
      for (std::size_t m = 0; m < bands; ++m) frames.push_back(block(m, t));
    frames_ready = ready;
    // The next frame begins half a window before its centre; what lies before is done with.
    std::size_t next = ready * hop > half ? ready * hop - half : 0;
    std::size_t drop = std::min(next - std::min(next, offset), samples.size());
    samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(drop));
    offset += drop;
  }

  MelComputer computer;
  std::vector<float> samples;  // from sample `offset` of the waveform on
  std::size_t offset = 0;
  std::vector<float> frames;  // frame after frame
  std::size_t frames_ready = 0;
  bool finished = false;
};

OnlineMel::OnlineMel(const FeatureOptions& options) : impl_(std::make_unique<Impl>(options)) {
  auto refuse = [](const char* option) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("streaming features cannot use ") + option +
                    ", which needs the whole utterance; expected kind mel or logmel without it");
  };
  if (options.mean_norm) refuse("mean_norm");
  if (options.level_norm) refuse("level_norm");
  if (options.kind == FeatureKind::kDb) refuse("kind db");
}
OnlineMel::~OnlineMel() = default;
OnlineMel::OnlineMel(OnlineMel&&) noexcept = default;
OnlineMel& OnlineMel::operator=(OnlineMel&&) noexcept = default;

void OnlineMel::AcceptWaveform(std::span<const float> samples) {
  if (impl_->finished)
    throw Error(ErrorCode::kInvalidArgument, "no audio can follow InputFinished()");
  impl_->samples.insert(impl_->samples.end(), samples.begin(), samples.end());
  const FeatureOptions& options = impl_->computer.options();
  auto hop = static_cast<std::size_t>(options.hop_length);
  auto half = static_cast<std::size_t>(options.n_fft) / 2;
  std::size_t total = impl_->offset + impl_->samples.size();
  // Frame t reaches up to sample t * hop + half.
  if (total >= half) impl_->ComputeUpTo(1 + (total - half) / hop);
}

void OnlineMel::InputFinished() {
  if (impl_->finished) return;
  impl_->finished = true;
  impl_->ComputeUpTo(NumFrames(impl_->offset + impl_->samples.size(), impl_->computer.options()));
}

std::size_t OnlineMel::NumFramesReady() const { return impl_->frames_ready; }

std::vector<float> OnlineMel::GetFrame(std::size_t index) const {
  if (index >= impl_->frames_ready)
    throw Error(ErrorCode::kInvalidArgument, Format("feature frame %zu is not ready, there are %zu",
                                                    index, impl_->frames_ready));
  auto bands = static_cast<std::ptrdiff_t>(impl_->computer.options().n_mels);
  auto begin = impl_->frames.begin() + static_cast<std::ptrdiff_t>(index) * bands;
  return {begin, begin + bands};
}

void ApplyLog(Matrix& mel, double floor) {
  auto lowest = static_cast<float>(floor);
  for (float& value : mel.data) value = std::log(std::max(value, lowest));
}

void ApplyPowerToDb(Matrix& mel) {
  constexpr double kFloor = 1e-10, kRange = 80;
  if (mel.data.empty()) return;
  double highest = *std::max_element(mel.data.begin(), mel.data.end());
  double reference = 10 * std::log10(std::max(kFloor, highest));
  // The maximum is the reference, so the loudest value is 0 dB and nothing is below -kRange.
  for (float& value : mel.data) {
    double db = 10 * std::log10(std::max(kFloor, static_cast<double>(value))) - reference;
    value = static_cast<float>(std::max(db, -kRange));
  }
}

void ApplyMeanNorm(Matrix& features) {
  if (features.cols == 0) return;
  for (std::size_t r = 0; r < features.rows; ++r) {
    float* row = features.row(r);
    double sum = 0;
    for (std::size_t c = 0; c < features.cols; ++c) sum += static_cast<double>(row[c]);
    auto mean = static_cast<float>(sum / static_cast<double>(features.cols));
    for (std::size_t c = 0; c < features.cols; ++c) row[c] -= mean;
  }
}

}  // namespace vpr
