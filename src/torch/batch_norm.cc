#include "torch/batch_norm.h"

#include "torch/distributed.h"

namespace vpr {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Settings {
  const World* world;
  Tensor running_mean, running_var;
  double eps, momentum;
};

// Every dimension but that of the channels.
std::vector<std::int64_t> OtherDimensions(const Tensor& x) {
  std::vector<std::int64_t> dimensions = {0};
  for (std::int64_t d = 2; d < x.dim(); ++d) dimensions.push_back(d);
  return dimensions;
}

// [channels] in the shape that goes with x.
Tensor Along(const Tensor& values, const Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = values.size(0);
  return values.view(shape);
}

class SharedBatchNorm : public torch::autograd::Function<SharedBatchNorm> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& bias, const Settings& settings) {
    const Tensor x = input.to(torch::kFloat);
    const std::vector<std::int64_t> others = OtherDimensions(x);
    const Tensor count = torch::full({1}, x.numel() / x.size(1), x.options());
    const Tensor sums = torch::cat({x.sum(others), count});
    settings.world->Sum(sums);
    const Tensor total = sums.slice(0, x.size(1));
    const Tensor mean = sums.slice(0, 0, x.size(1)) / total;
    const Tensor centered = x - Along(mean, x);
    // Not from the sum of squares, which loses digits where the mean is large.
    const Tensor variance = centered.square().sum(others);
    settings.world->Sum(variance);
    variance.div_(total);
    const Tensor scale = torch::rsqrt(variance + settings.eps);
    const Tensor normalized = centered * Along(scale, x);
    Tensor(settings.running_mean).lerp_(mean, settings.momentum);
    Tensor(settings.running_var).lerp_(variance * (total / (total - 1)), settings.momentum);
    context->save_for_backward({normalized, scale, weight, total});
    context->saved_data["world"] = reinterpret_cast<std::int64_t>(settings.world);
    context->saved_data["type"] = input.scalar_type();
    return (normalized * Along(weight, x) + Along(bias, x)).to(input.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &normalized = saved[0], &scale = saved[1], &weight = saved[2], &total = saved[3];
    const auto* world =
        reinterpret_cast<const World*>(context->saved_data["world"].toInt());  // outlives the step
    const Tensor gradient = gradients[0].to(torch::kFloat);
    const std::vector<std::int64_t> others = OtherDimensions(gradient);
    const Tensor to_bias = gradient.sum(others), to_weight = (gradient * normalized).sum(others);
    const Tensor sums = torch::cat({to_bias, to_weight});
    world->Sum(sums);
    const std::int64_t channels = to_bias.size(0);
    const Tensor mean = sums.slice(0, 0, channels) / total, slope = sums.slice(0, channels) / total;
    const Tensor to_input =
        (gradient - Along(mean, gradient) - normalized * Along(slope, gradient)) *
        Along(weight * scale, gradient);
    return {to_input.to(context->saved_data["type"].toScalarType()), to_weight, to_bias, Tensor()};
  }
};

}  // namespace

// As torch::nn::BatchNorm2d names and sets them.
BatchNormImpl::BatchNormImpl(std::int64_t channels) {
  weight_ = register_parameter("weight", torch::ones({channels}));
  bias_ = register_parameter("bias", torch::zeros({channels}));
  running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
  running_var_ = register_buffer("running_var", torch::ones({channels}));
}

Tensor BatchNormImpl::forward(const Tensor& x) {
  constexpr double kEps = 1e-5, kMomentum = 0.1;
  if (is_training() && world_ != nullptr && !world_->alone())
    return SharedBatchNorm::apply(x, weight_, bias_,
                                  Settings{world_, running_mean_, running_var_, kEps, kMomentum});
  return torch::batch_norm(x, weight_, bias_, running_mean_, running_var_, is_training(), kMomentum,
                           kEps, at::globalContext().userEnabledCuDNN());
}

}  // namespace vpr
