// A step of training on random tensors that are in memory.
#pragma once

#include <memory>
#include <vector>

#include "torch/device.h"
#include "torch/registry.h"
#include "torch/torch_network.h"
#include "vpr/train/trainer.h"

namespace vpr {

// What the network itself does in a step, and nothing else.
class BareStep {
 public:
  BareStep(const TrainConfig& config, int num_classes, std::size_t frames)
      : bfloat16_(UseBfloat16(config.precision, torch::kCPU)) {
    KeepFreedMemory();
    ModelInfo info;
    info.architecture = config.arch;
    info.architecture_options = config.arch_options;
    info.features = config.features;
    info.embedding_dim = config.embedding_dim > 0
                             ? config.embedding_dim
                             : FindArchitecture(config.arch).default_embedding_dim;
    network_ = MakeModule(info);
    loss_ = FindLoss(config.loss)
                .make({info.embedding_dim, num_classes, config.scale, config.sub_centers});
    for (torch::Tensor& parameter : network_->parameters()) {
      if (parameter.dim() == 4)
        parameter.set_data(parameter.data().contiguous(torch::MemoryFormat::ChannelsLast));
    }
    std::vector<torch::Tensor> parameters = network_->parameters();
    for (torch::Tensor& parameter : loss_->parameters()) parameters.push_back(parameter);
    optimizer_ = std::make_unique<torch::optim::AdamW>(
        parameters, torch::optim::AdamWOptions(1e-3).weight_decay(config.weight_decay));
    features_ = torch::randn(
        {config.batch_size, config.features.n_mels, static_cast<std::int64_t>(frames)});
    classes_ = torch::randint(num_classes, {config.batch_size}, torch::kLong);
    network_->train();
    loss_->train();
  }

  void Step() {
    optimizer_->zero_grad();
    torch::Tensor embeddings;
    {
      Autocast autocast(torch::kCPU, bfloat16_);
      embeddings = network_->forward(features_);
    }
    loss_->forward(embeddings.to(torch::kFloat), classes_).loss.backward();
    optimizer_->step();
  }

 private:
  bool bfloat16_;
  std::shared_ptr<EmbeddingNetwork> network_;
  std::shared_ptr<Loss> loss_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor features_, classes_;
};

}  // namespace vpr
