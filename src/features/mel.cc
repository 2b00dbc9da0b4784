#include "vpr/features/mel.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "features/frame_transform.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

struct MelComputer::Impl {
  FeatureOptions options;
  FrameTransform transform;

  explicit Impl(const FeatureOptions& feature_options)
      : options(feature_options), transform(options, MelFilterbank(options)) {}  // validates
};

MelComputer::MelComputer(const FeatureOptions& options) : impl_(std::make_unique<Impl>(options)) {}
MelComputer::~MelComputer() = default;
MelComputer::MelComputer(MelComputer&&) noexcept = default;
MelComputer& MelComputer::operator=(MelComputer&&) noexcept = default;

const FeatureOptions& MelComputer::options() const { return impl_->options; }

void MelComputer::ComputeMel(std::span<const float> samples, float* out, std::size_t stride) const {
  impl_->transform.Run(samples, 0, 0, NumFrames(samples.size(), impl_->options), out, stride);
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
    computer.impl_->transform.Run(samples, offset, frames_ready, block.cols, block.data.data(),
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
