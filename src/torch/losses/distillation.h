// Learning from another network's embeddings.
#pragma once

#include <torch/torch.h>

namespace vpr {

struct DistillationOptions {
  int embedding_dim;
  int teacher_dim;
  double cosine, similarity, contrast;  // weights of the three parts
};

// The mean over the batch of
//   cosine:     1 - cos(z, t), z the embedding and t its target of length 1
//   similarity: (z_i z_j - t_i t_j)^2 over the pairs i < j ("relational knowledge distillation",
//               Park et al., CVPR 2019, of cosines)
//   contrast:   the cross entropy of softmax_j(z_i t_j / 0.1) to softmax_j(t_i t_j / 0.1), less its
//               least value, the entropy of the latter ("contrastive representation distillation",
//               Tian, Krishnan and Isola, ICLR 2020, with soft labels)
// Where the dimensions differ a linear layer without bias, trained and thrown away, comes between z
// and t for the first and the last; the second needs none.
class Distillation : public torch::nn::Module {
 public:
  explicit Distillation(const DistillationOptions& options);

  // `embeddings` [batch, embedding_dim], not normalised; `targets` [batch, teacher_dim].
  torch::Tensor forward(const torch::Tensor& embeddings, const torch::Tensor& targets);

 private:
  DistillationOptions options_;
  torch::nn::Linear projection_{nullptr};
};

}  // namespace vpr
