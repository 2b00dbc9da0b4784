#include "vpr/audio/speech_detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>

#include "vpr/audio/high_pass.h"
#include "vpr/base/error.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr std::size_t kHalfWindow = 50;  // frames of the second around
constexpr float kFloor = 1e-6f;          // relative to its mean power: 60 dB
constexpr double kNoPower = 1e-10;       // about the rounding of 16 bits
constexpr std::size_t kReach = 256,
                      kLead = 2 * kSpeechHop;  // samples; half a transform, rounded up
constexpr float kCentre = 6, kSpread = 3;      // bring the logarithms near 0 +- 1

FeatureOptions MelOptions() {
  FeatureOptions options;
  options.n_fft = 512;
  options.win_length = 400;
  options.hop_length = static_cast<int>(kSpeechHop);
  options.n_mels = static_cast<int>(kSpeechBands);
  options.fmin = 60;
  options.fmax = 7600;
  return options;
}

}  // namespace

struct SpeechFeatures::Impl {
  using Frame = std::array<float, kSpeechBands>;
  HighPass high_pass;
  MelComputer mel{MelOptions()};
  // From kLead samples before the middle of frame `computed` on; zeros before the first.
  std::vector<float> block = std::vector<float>(kLead);
  std::size_t computed = 0, total = 0;  // frames; samples
  std::deque<Frame> frames;             // from frame `first` on
  std::deque<double> powers;            // their mean powers
  std::size_t first = 0, next = 0;      // of the result

  // Computes all frames before number `end`, whose samples are there.
  void Compute(std::size_t end) {
    if (end <= computed) return;
    const std::size_t count = end - computed, columns = NumFrames(block.size(), mel.options());
    std::vector<float> powers_of(kSpeechBands * columns);
    mel.ComputeMel(block, powers_of.data(), columns);
    for (std::size_t t = kLead / kSpeechHop; t < kLead / kSpeechHop + count; ++t) {
      Frame& frame = frames.emplace_back();
      double sum = 0;
      for (std::size_t band = 0; band < kSpeechBands; ++band) {
        frame[band] = powers_of[band * columns + t];
        sum += static_cast<double>(frame[band]);
      }
      powers.push_back(sum / kSpeechBands);
    }
    block.erase(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count * kSpeechHop));
    computed = end;
  }

  void Give(std::size_t end, std::vector<float>& out) {
    for (; next < end; ++next) {
      const std::size_t begin = std::max(next, first + kHalfWindow) - kHalfWindow,
                        until = std::min(next + kHalfWindow + 1, first + frames.size());
      double power = 0;
      for (std::size_t t = begin; t < until; ++t) power += powers[t - first];
      const auto scale =
          static_cast<float>(1 / (power / static_cast<double>(until - begin) + kNoPower));
      for (float value : frames[next - first])
        out.push_back((std::log(value * scale + kFloor) + kCentre) / kSpread);
    }
    while (first + kHalfWindow < next) {
      frames.pop_front();
      powers.pop_front();
      ++first;
    }
  }
};

SpeechFeatures::SpeechFeatures() : impl_(std::make_unique<Impl>()) {}
SpeechFeatures::~SpeechFeatures() = default;
SpeechFeatures::SpeechFeatures(SpeechFeatures&&) noexcept = default;

void SpeechFeatures::Accept(std::span<const float> samples, std::vector<float>& frames) {
  // In pieces, so that memory stays bounded whatever comes at once.
  constexpr std::size_t kPiece = 100 * kSpeechHop;
  for (; !samples.empty(); samples = samples.subspan(std::min(kPiece, samples.size()))) {
    const std::span<const float> piece = samples.first(std::min(kPiece, samples.size()));
    const std::size_t before = impl_->block.size();
    impl_->block.insert(impl_->block.end(), piece.begin(), piece.end());
    impl_->high_pass.Apply(std::span(impl_->block).subspan(before));
    impl_->total += piece.size();
    // Frame t reaches up to sample t * kSpeechHop + kReach.
    if (impl_->total >= kReach) impl_->Compute(1 + (impl_->total - kReach) / kSpeechHop);
    const std::size_t ready = impl_->first + impl_->frames.size();
    if (ready > kHalfWindow) impl_->Give(ready - kHalfWindow, frames);
  }
}

void SpeechFeatures::Finish(std::vector<float>& frames) {
  impl_->block.resize(impl_->block.size() + kReach + kSpeechHop);
  impl_->Compute(1 + impl_->total / kSpeechHop);
  impl_->Give(impl_->first + impl_->frames.size(), frames);
}

namespace {

// One layer on a stream: keeps the columns that are still needed.
class Stage {
 public:
  explicit Stage(const SpeechNetwork::Layer& layer) : layer_(layer), sums_(layer.outputs) {}

  // Appends to `out` the columns that can be computed from those in `in`.
  void Accept(std::span<const float> in, bool finished, std::vector<float>& out) {
    columns_.insert(columns_.end(), in.begin(), in.end());
    const std::size_t known = first_ + columns_.size() / layer_.inputs;
    for (; finished ? next_ * layer_.stride < known
                    : next_ * layer_.stride + layer_.padding() < known;
         ++next_)
      Compute(known, out);
    const std::size_t needed =
        std::min(std::max(next_ * layer_.stride, layer_.padding()) - layer_.padding(), known);
    if (needed > first_) {
      columns_.erase(columns_.begin(), columns_.begin() + static_cast<std::ptrdiff_t>(
                                                              (needed - first_) * layer_.inputs));
      first_ = needed;
    }
  }

 private:
  const float* Column(std::size_t t) const { return &columns_[(t - first_) * layer_.inputs]; }

  // Each sum is over the taps and inputs in their order, so that it does not depend on the blocks.
  void Compute(std::size_t known, std::vector<float>& out) {
    const std::size_t width = layer_.outputs, centre = next_ * layer_.stride;
    std::copy(layer_.bias.begin(), layer_.bias.end(), sums_.begin());
    for (std::size_t o = 0; o < width;) {
      if (o + kBlock <= width) {
        Sum<kBlock>(known, centre, o);
        o += kBlock;
      } else {
        Sum<1>(known, centre, o);
        ++o;
      }
    }
    if (width > 1)
      for (float& sum : sums_) sum = std::max(sum, 0.0f);
    if (layer_.residual)
      for (std::size_t o = 0; o < width; ++o) sums_[o] += Column(centre)[o];
    out.insert(out.end(), sums_.begin(), sums_.end());
  }

  // kCount sums from number `o` on, which stay in registers, four in each.
  template <std::size_t kCount>
  void Sum(std::size_t known, std::size_t centre, std::size_t o) {
    constexpr std::size_t kLanes = std::min<std::size_t>(kCount, 4), kRows = kCount / kLanes;
    using Lanes [[gnu::vector_size(kLanes * sizeof(float))]] = float;
    const std::size_t width = layer_.outputs;
    Lanes sums[kRows], row[kRows];
    std::memcpy(sums, &sums_[o], sizeof(sums));
    for (std::size_t k = 0; k < layer_.kernel; ++k) {
      const std::size_t at = centre + k * layer_.dilation;
      if (at < layer_.padding() || at - layer_.padding() >= known) continue;
      const float* column = Column(at - layer_.padding());
      const float* weights = &layer_.weights[k * layer_.inputs * width + o];
      for (std::size_t i = 0; i < layer_.inputs; ++i, weights += width) {
        std::memcpy(row, weights, sizeof(row));
        for (std::size_t r = 0; r < kRows; ++r) sums[r] += column[i] * row[r];
      }
    }
    std::memcpy(&sums_[o], sums, sizeof(sums));
  }

  static constexpr std::size_t kBlock = 16;
  const SpeechNetwork::Layer& layer_;
  std::vector<float> columns_, sums_;
  std::size_t first_ = 0, next_ = 0;
};

}  // namespace

struct SpeechDetector::Impl {
  SpeechFeatures features;
  std::vector<Stage> stages;
  std::vector<float> in, out;
  std::vector<float> steps;  // probabilities from step `first_step` on
  std::size_t first_step = 0, samples = 0, decided = 0;

  void Run(bool finished) {
    for (Stage& stage : stages) {
      out.clear();
      stage.Accept(in, finished, out);
      std::swap(in, out);
    }
    for (float logit : in) steps.push_back(1 / (1 + std::exp(-logit)));
    in.clear();
  }

  // The step whose middle is nearest to that of the frame.
  static std::size_t StepOf(std::size_t frame) {
    return (2 * frame + 1 + kSpeechStride) / (2 * kSpeechStride);
  }

  void Decide(bool finished, std::vector<float>& probabilities) {
    for (; decided < samples / kFrame; ++decided) {
      std::size_t step = StepOf(decided);
      const std::size_t known = first_step + steps.size();
      if (step >= known) {
        if (!finished || known == 0) break;
        step = known - 1;
      }
      probabilities.push_back(steps[step - first_step]);
    }
    const std::size_t needed = std::min(StepOf(decided), first_step + steps.size());
    if (needed > first_step + 1) {
      steps.erase(steps.begin(),
                  steps.begin() + static_cast<std::ptrdiff_t>(needed - first_step - 1));
      first_step = needed - 1;
    }
  }
};

SpeechDetector::SpeechDetector(const SpeechNetwork& network) : impl_(std::make_unique<Impl>()) {
  for (const SpeechNetwork::Layer& layer : network.layers) impl_->stages.emplace_back(layer);
}
SpeechDetector::~SpeechDetector() = default;
SpeechDetector::SpeechDetector(SpeechDetector&&) noexcept = default;

void SpeechDetector::Accept(std::span<const float> samples, std::vector<float>& probabilities) {
  constexpr std::size_t kPiece = 100 * kFrame;
  for (; !samples.empty(); samples = samples.subspan(std::min(kPiece, samples.size()))) {
    const std::span<const float> piece = samples.first(std::min(kPiece, samples.size()));
    impl_->samples += piece.size();
    impl_->features.Accept(piece, impl_->in);
    impl_->Run(false);
    impl_->Decide(false, probabilities);
  }
}

void SpeechDetector::Finish(std::vector<float>& probabilities) {
  impl_->features.Finish(impl_->in);
  impl_->Run(true);
  impl_->Decide(true, probabilities);
}

std::vector<bool> DetectSpeech(std::span<const float> samples, const SpeechNetwork& network) {
  SpeechDetector detector(network);
  std::vector<float> probabilities;
  detector.Accept(samples, probabilities);
  detector.Finish(probabilities);
  std::vector<bool> speech(probabilities.size());
  for (std::size_t t = 0; t < speech.size(); ++t)
    speech[t] = static_cast<double>(probabilities[t]) >= network.threshold;
  return speech;
}

}  // namespace vpr
