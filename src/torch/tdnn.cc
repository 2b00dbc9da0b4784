#include "torch/tdnn.h"

namespace vpr {

namespace nn = torch::nn;

// Batch normalisation over the frames that count.
class Tdnn::Norm : public nn::Module {
 public:
  explicit Norm(int channels) {
    weight_ = register_parameter("weight", torch::ones({channels}));
    bias_ = register_parameter("bias", torch::zeros({channels}));
    mean_ = register_buffer("running_mean", torch::zeros({channels}));
    variance_ = register_buffer("running_var", torch::ones({channels}));
  }

  // x [recordings, channels, frames], counted [recordings, 1, frames], 1 or 0. What does not count
  // is zero afterwards.
  torch::Tensor Apply(const torch::Tensor& x, const torch::Tensor& counted) {
    torch::Tensor mean = mean_, variance = variance_;
    if (is_training()) {
      const torch::Tensor count = counted.sum();
      mean = (x * counted).sum(torch::IntArrayRef({0, 2})) / count;
      variance =
          ((x - mean.view({1, -1, 1})).pow(2) * counted).sum(torch::IntArrayRef({0, 2})) / count;
      torch::NoGradGuard guard;
      mean_.lerp_(mean.detach(), kMomentum);
      variance_.lerp_(variance.detach(), kMomentum);
    }
    const torch::Tensor scale = weight_ / (variance + kEpsilon).sqrt();
    return ((x - mean.view({1, -1, 1})) * scale.view({1, -1, 1}) + bias_.view({1, -1, 1})) *
           counted;
  }

 private:
  static constexpr double kMomentum = 0.1, kEpsilon = 1e-5;  // LibTorch's
  torch::Tensor weight_, bias_, mean_, variance_;
};

class Tdnn::Layer : public nn::Module {
 public:
  Layer(int in, int out, int kernel, int stride, int dilation)
      : shortcut_(stride == 1 && in == out) {
    conv_ = register_module("conv", nn::Conv1d(nn::Conv1dOptions(in, out, kernel)
                                                   .stride(stride)
                                                   .dilation(dilation)
                                                   .padding(kernel / 2 * dilation)
                                                   .bias(false)));
    norm_ = register_module("norm", std::make_shared<Norm>(out));
  }
  torch::Tensor Apply(const torch::Tensor& x, const torch::Tensor& counted) {
    const torch::Tensor y = norm_->Apply(conv_(x), counted);
    return torch::relu(shortcut_ ? y + x : y);
  }

 private:
  bool shortcut_;
  nn::Conv1d conv_{nullptr};
  std::shared_ptr<Norm> norm_;
};

namespace {

// [recordings, 1, extent]: 1 up to each recording's frames.
torch::Tensor Counted(const torch::Tensor& frames, std::int64_t extent) {
  return (torch::arange(extent, frames.options()).unsqueeze(0) < frames.unsqueeze(1))
      .to(torch::kFloat)
      .unsqueeze(1);
}

}  // namespace

Tdnn::Tdnn(const TdnnShape& shape) : outputs_(shape.outputs) {
  shape.Validate();
  bands_ = register_module("bands", std::make_shared<Norm>(shape.inputs));
  front_ = register_module("front", std::make_shared<Layer>(shape.inputs, shape.channels, 5, 2, 1));
  for (int dilation : shape.dilations)
    layers_->push_back(
        std::make_shared<Layer>(shape.channels, shape.channels, shape.kernel, 1, dilation));
  register_module("layers", layers_);
  output_ = register_module("output", nn::Conv1d(nn::Conv1dOptions(shape.channels, outputs_, 1)));
}

Tdnn::~Tdnn() = default;

torch::Tensor Tdnn::Logits(torch::Tensor features, const torch::Tensor& frames) {
  torch::Tensor x = bands_->Apply(features, Counted(frames, features.size(2)));
  const torch::Tensor counted =
      Counted(torch::div(frames + 1, 2, "floor"), (features.size(2) + 1) / 2);
  x = front_->Apply(x, counted);
  for (const std::shared_ptr<nn::Module>& layer : *layers_)
    x = std::static_pointer_cast<Layer>(layer)->Apply(x, counted);
  return output_(x);
}

torch::Tensor Tdnn::forward(torch::Tensor features) {
  return Logits(features, torch::full({features.size(0)}, features.size(2),
                                      torch::dtype(torch::kLong).device(features.device())));
}

}  // namespace vpr
