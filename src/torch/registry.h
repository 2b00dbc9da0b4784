// What is trained, and losses by name. A new loss is one file with a factory and one line in
// registry.cc.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// Turns features [batch, n_mels, frames] into embeddings [batch, embedding_dim], not normalised.
// Any number of frames from 16 on must do.
class EmbeddingNetwork : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(torch::Tensor features) = 0;
};

// The head that is trained with a network and thrown away: embeddings and class numbers to a loss.
class Loss : public torch::nn::Module {
 public:
  struct Output {
    torch::Tensor loss;     // mean over the batch
    torch::Tensor correct;  // number of examples whose class scores highest without the margin
  };
  virtual Output forward(torch::Tensor embeddings, torch::Tensor classes) = 0;
  virtual void SetMargin(double /*margin*/) {}
  // Where the classes begin: directions in the space of the embeddings, [classes, embedding]; rows
  // of zeros say nothing. For losses that have such centres.
  virtual void StartAt(const torch::Tensor& /*centers*/) {}
};

struct LossOptions {
  int embedding_dim;
  int num_classes;
  double scale;
  int sub_centers = 1;
};

struct LossKind {
  const char* name;
  std::shared_ptr<Loss> (*make)(const LossOptions& options);
};

const std::vector<LossKind>& Losses();

// Throws kInvalidArgument for an unknown name, naming the known ones.
const LossKind& FindLoss(const std::string& name);

}  // namespace vpr
