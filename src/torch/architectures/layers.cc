#include "torch/architectures/layers.h"

namespace vpr {

namespace nn = torch::nn;

namespace {

// Over dimension `time` of x, the channels being the other one after the batch.
torch::Tensor StatisticsOver(std::int64_t time, const torch::Tensor& x,
                             const torch::Tensor& weights) {
  auto mean_of = [&](const torch::Tensor& value) {
    return weights.defined() ? (weights * value).sum(time, /*keepdim=*/true)
                             : value.mean(time, /*keepdim=*/true);
  };
  const torch::Tensor mean = mean_of(x), variance = mean_of((x - mean).square());
  return torch::cat({mean.flatten(1), torch::sqrt(variance + 1e-5).flatten(1)}, 1);
}

}  // namespace

torch::Tensor Statistics(const torch::Tensor& x, const torch::Tensor& weights) {
  return StatisticsOver(2, x, weights);
}

AttentiveStatistics::AttentiveStatistics(int channels, int bottleneck, bool context)
    : context_(context) {
  hidden_ = register_module(
      "hidden", nn::Conv1d(nn::Conv1dOptions(context ? 3 * channels : channels, bottleneck, 1)));
  weights_ = register_module("weights", nn::Conv1d(nn::Conv1dOptions(bottleneck, channels, 1)));
}

torch::Tensor AttentiveStatistics::forward(const torch::Tensor& x) {
  // As linear layers on [batch, frames, channels], in which memory often already is. The context is
  // the same for all frames: its part of the product is computed once.
  const torch::Tensor frames = x.transpose(1, 2), weight = hidden_->weight.squeeze(2);
  const std::int64_t own = x.size(1);
  torch::Tensor hidden = torch::linear(frames, weight.slice(1, 0, own), hidden_->bias);
  if (context_)
    hidden =
        hidden + torch::linear(StatisticsOver(1, frames, {}), weight.slice(1, own)).unsqueeze(1);
  const torch::Tensor scores =
      torch::linear(torch::tanh(hidden), weights_->weight.squeeze(2), weights_->bias)
          .to(torch::kFloat);
  return StatisticsOver(1, frames, torch::softmax(scores, 1));
}

SqueezeExcitation::SqueezeExcitation(int channels, int bottleneck) {
  squeeze_ = register_module("squeeze", nn::Linear(channels, bottleneck));
  excite_ = register_module("excite", nn::Linear(bottleneck, channels));
}

torch::Tensor SqueezeExcitation::forward(const torch::Tensor& x) {
  torch::Tensor gate =
      torch::sigmoid(excite_(torch::relu(squeeze_(x.flatten(2).mean(2))))).to(x.dtype());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  shape[1] = x.size(1);
  return x * gate.view(shape);
}

}  // namespace vpr
