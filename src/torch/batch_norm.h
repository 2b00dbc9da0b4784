// Batch normalisation that knows of the other processes of a training.
#pragma once

#include <torch/torch.h>

namespace vpr {

class World;

// Of x [batch, channels, ...], any number of dimensions: mean and variance of each channel over the
// rest. In a training of several processes they are those of the whole batch, of which every
// process holds a part, so that the network learns what one process would have taught it.
class BatchNormImpl : public torch::nn::Module {
 public:
  explicit BatchNormImpl(std::int64_t channels);

  torch::Tensor forward(const torch::Tensor& x);
  void Share(const World* world) { world_ = world; }  // which must live longer

 private:
  torch::Tensor weight_, bias_, running_mean_, running_var_;
  const World* world_ = nullptr;
};
TORCH_MODULE(BatchNorm);

}  // namespace vpr
