// Layers of more than one operation.
#pragma once

#include <torch/torch.h>

namespace vpr {

// Mean and standard deviation, the root of the variance plus `floor`, over time of x [batch,
// channels, frames]: [batch, 2 * channels]. `unbiased`: the variance's sum is divided by frames
// - 1.
torch::Tensor Statistics(const torch::Tensor& x, double floor = 1e-5, bool unbiased = false);

// The weight and bias of a linear layer or of a convolution over one frame.
struct Linear {
  torch::Tensor weight, bias;
};

// Attentive statistics pooling of x [batch, channels, frames]: [batch, 2 * channels]. Where
// `hidden` has three times as many columns as x has channels, it also sees the statistics of the
// whole.
torch::Tensor AttentiveStatistics(const torch::Tensor& x, const Linear& hidden,
                                  const Linear& weights);

}  // namespace vpr
