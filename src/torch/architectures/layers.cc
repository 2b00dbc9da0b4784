#include "torch/architectures/layers.h"

namespace vpr {

namespace nn = torch::nn;

torch::Tensor Statistics(const torch::Tensor& x, const torch::Tensor& weights) {
  if (!weights.defined())
    return torch::cat({x.mean(2), torch::sqrt(x.var(2, /*unbiased=*/false) + 1e-5)}, 1);
  torch::Tensor mean = (weights * x).sum(2);
  torch::Tensor variance = (weights * (x - mean.unsqueeze(2)).square()).sum(2);
  return torch::cat({mean, torch::sqrt(variance + 1e-5)}, 1);
}

AttentiveStatistics::AttentiveStatistics(int channels, int bottleneck, bool context)
    : context_(context) {
  hidden_ = register_module(
      "hidden", nn::Conv1d(nn::Conv1dOptions(context ? 3 * channels : channels, bottleneck, 1)));
  weights_ = register_module("weights", nn::Conv1d(nn::Conv1dOptions(bottleneck, channels, 1)));
}

torch::Tensor AttentiveStatistics::forward(const torch::Tensor& x) {
  torch::Tensor seen = x;
  if (context_) seen = torch::cat({x, Statistics(x).unsqueeze(2).expand({-1, -1, x.size(2)})}, 1);
  torch::Tensor scores = weights_(torch::tanh(hidden_(seen))).to(torch::kFloat);
  return Statistics(x, torch::softmax(scores, 2));
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
