#include "torch/losses/distillation.h"

namespace vpr {
namespace {

constexpr double kTemperature = 0.1;

torch::Tensor UnitLength(const torch::Tensor& x) {
  return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(1));
}

}  // namespace

Distillation::Distillation(const DistillationOptions& options) : options_(options) {
  if (options.embedding_dim != options.teacher_dim)
    projection_ = register_module(
        "projection",
        torch::nn::Linear(
            torch::nn::LinearOptions(options.embedding_dim, options.teacher_dim).bias(false)));
}

torch::Tensor Distillation::forward(const torch::Tensor& embeddings, const torch::Tensor& targets) {
  const torch::Tensor own = UnitLength(embeddings);
  const torch::Tensor there = projection_.is_empty() ? own : UnitLength(projection_(embeddings));
  torch::Tensor loss = options_.cosine * (1 - (there * targets).sum(1).mean());
  const std::int64_t size = embeddings.size(0);
  if (size < 2) return loss;
  const torch::Tensor wanted = torch::mm(targets, targets.t());
  if (options_.similarity > 0) {
    const torch::Tensor difference = torch::mm(own, own.t()) - wanted;
    loss = loss + options_.similarity * difference.triu(1).square().sum() /
                      static_cast<double>(size * (size - 1) / 2);
  }
  if (options_.contrast > 0) {
    const torch::Tensor right = torch::log_softmax(wanted / kTemperature, 1),
                        found = torch::log_softmax(torch::mm(there, targets.t()) / kTemperature, 1);
    loss = loss + options_.contrast * (right.exp() * (right - found)).sum(1).mean();
  }
  return loss;
}

}  // namespace vpr
