// vpr/network/tdnn.h as a LibTorch module, for batches of recordings of different lengths.
#pragma once

#include <memory>
#include <vector>

#include "torch/registry.h"
#include "vpr/network/tdnn.h"

namespace vpr {

class Tdnn : public EmbeddingNetwork {
 public:
  // Throws kInvalidArgument.
  explicit Tdnn(const TdnnShape& shape);
  ~Tdnn() override;

  // Features [recordings, inputs, frames] to logits [recordings, outputs, TdnnFrames(frames)]. What
  // lies behind a recording's own `frames` (int64, [recordings]) does not change its outputs, nor
  // the statistics of batch normalisation; the outputs there mean nothing.
  torch::Tensor Logits(torch::Tensor features, const torch::Tensor& frames);
  // Of recordings of one length.
  torch::Tensor forward(torch::Tensor features) override;

 private:
  class Norm;
  class Layer;
  int outputs_;
  std::shared_ptr<Norm> bands_;
  std::shared_ptr<Layer> front_;
  torch::nn::ModuleList layers_;
  torch::nn::Conv1d output_{nullptr};
};

}  // namespace vpr
