// Cross entropy over a linear classifier.
#include "torch/losses/losses.h"

namespace vpr {
namespace {

class Softmax : public Loss {
 public:
  explicit Softmax(const LossOptions& options) {
    classifier_ = register_module("classifier",
                                  torch::nn::Linear(options.embedding_dim, options.num_classes));
  }

  Output forward(torch::Tensor embeddings, torch::Tensor classes) override {
    torch::Tensor logits = classifier_(embeddings);
    return {torch::nn::functional::cross_entropy(logits, classes),
            logits.detach().argmax(1).eq(classes).sum()};
  }

 private:
  torch::nn::Linear classifier_{nullptr};
};

}  // namespace

const LossKind kSoftmax = {"softmax", [](const LossOptions& options) {
                             return std::shared_ptr<Loss>(std::make_shared<Softmax>(options));
                           }};

}  // namespace vpr
