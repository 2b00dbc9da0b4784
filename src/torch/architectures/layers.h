// Layers that several architectures share.
#pragma once

#include <torch/torch.h>

namespace vpr {

// Mean and standard deviation over time of x [batch, channels, frames]: [batch, 2 * channels].
// With `weights` of the same shape, which sum to 1 over time, the weighted ones.
torch::Tensor Statistics(const torch::Tensor& x, const torch::Tensor& weights = {});

// Attentive statistics pooling (Okabe et al., Interspeech 2018), a weight for every channel and
// frame; with `context` the attention also sees the statistics of the whole utterance (Desplanques
// et al., "ECAPA-TDNN", Interspeech 2020).
class AttentiveStatistics : public torch::nn::Module {
 public:
  AttentiveStatistics(int channels, int bottleneck, bool context);
  torch::Tensor forward(const torch::Tensor& x);  // [batch, channels, frames] -> [.., 2 * channels]

 private:
  bool context_;
  torch::nn::Conv1d hidden_{nullptr}, weights_{nullptr};
};

// Squeeze and excitation (Hu et al., CVPR 2018): every channel times a gate that sees the means of
// all. x is [batch, channels, ...].
class SqueezeExcitation : public torch::nn::Module {
 public:
  SqueezeExcitation(int channels, int bottleneck);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear squeeze_{nullptr}, excite_{nullptr};
};

}  // namespace vpr
