// The tutorial's network, our baseline: two convolutions, global average pooling, two linear
// layers, the second of which is the voiceprint. Where the tutorial leaves it open, the usual
// choice of its framework: ReLU and 2 x 2 max pooling after each convolution, ReLU after the batch
// normalisation.
#include "torch/architectures/architectures.h"
#include "torch/architectures/batch_norm.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

class Cnn : public EmbeddingNetwork {
 public:
  Cnn(int embedding_dim, const ArchitectureOptions& options) {
    const std::vector<int>& channels = options.at("channels");
    const int hidden = options.at("hidden")[0];
    if (channels[0] < 1 || channels[1] < 1 || hidden < 1)
      throw Error(ErrorCode::kInvalidArgument,
                  "architecture cnn: channels and hidden must be 1 or more");
    conv1_ = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(1, channels[0], 5)));
    conv2_ = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(channels[0], channels[1], 5)));
    dropout_ = register_module("dropout", nn::Dropout(0.5));
    fc1_ = register_module("fc1", nn::Linear(channels[1], hidden));
    norm_ = register_module("norm", BatchNorm(hidden));
    fc2_ = register_module("fc2", nn::Linear(hidden, embedding_dim));
  }

  torch::Tensor forward(torch::Tensor features) override {
    torch::Tensor x = features.unsqueeze(1);
    x = torch::max_pool2d(torch::relu(conv1_(x)), 2);
    x = torch::max_pool2d(torch::relu(conv2_(x)), 2);
    x = dropout_(x.mean({2, 3}).to(torch::kFloat));
    return fc2_(torch::relu(norm_(fc1_(x))));
  }

 private:
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  nn::Dropout dropout_{nullptr};
  nn::Linear fc1_{nullptr}, fc2_{nullptr};
  BatchNorm norm_{nullptr};
};

}  // namespace

const Architecture kCnn = {
    "cnn",
    128,
    {{"channels", {20, 50}}, {"hidden", {128}}},
    [](int, int embedding_dim, const ArchitectureOptions& options) {
      return std::shared_ptr<EmbeddingNetwork>(std::make_shared<Cnn>(embedding_dim, options));
    }};

}  // namespace vpr
