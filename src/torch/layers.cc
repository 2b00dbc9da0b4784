#include "torch/layers.h"

namespace vpr {

namespace {

// Over dimension `time` of x, the channels being the other one after the batch. With `weights` of
// the same shape, which sum to 1 over time, the weighted ones.
torch::Tensor StatisticsOver(std::int64_t time, const torch::Tensor& x,
                             const torch::Tensor& weights = {}, double floor = 1e-5,
                             bool unbiased = false) {
  auto mean_of = [&](const torch::Tensor& value) {
    return weights.defined() ? (weights * value).sum(time, /*keepdim=*/true)
                             : value.mean(time, /*keepdim=*/true);
  };
  const torch::Tensor mean = mean_of(x), squares = (x - mean).square();
  const torch::Tensor variance =
      unbiased
          ? squares.sum(time) / static_cast<double>(std::max<std::int64_t>(x.size(time) - 1, 1))
          : mean_of(squares).flatten(1);
  return torch::cat({mean.flatten(1), torch::sqrt(variance + floor)}, 1);
}

}  // namespace

torch::Tensor Statistics(const torch::Tensor& x, double floor, bool unbiased) {
  return StatisticsOver(2, x, {}, floor, unbiased);
}

torch::Tensor AttentiveStatistics(const torch::Tensor& x, const Linear& hidden,
                                  const Linear& weights) {
  // As linear layers on [batch, frames, channels], in which memory often already is. The context is
  // the same for all frames: its part of the product is computed once.
  const torch::Tensor frames = x.transpose(1, 2), weight = hidden.weight.squeeze(2);
  const std::int64_t own = x.size(1);
  torch::Tensor inner = torch::linear(frames, weight.slice(1, 0, own), hidden.bias);
  if (weight.size(1) > own)
    inner = inner + torch::linear(StatisticsOver(1, frames), weight.slice(1, own)).unsqueeze(1);
  const torch::Tensor scores =
      torch::linear(torch::tanh(inner), weights.weight.squeeze(2), weights.bias).to(torch::kFloat);
  return StatisticsOver(1, frames, torch::softmax(scores, 1));
}

}  // namespace vpr
