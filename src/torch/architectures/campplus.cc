// CAM++ (Wang, Zheng, Chen, Cheng and Chen, Interspeech 2023): a thin residual front over bands and
// frames, its bands made channels, densely connected layers over time (D-TDNN: Yu and Li,
// Interspeech 2020), each with a context-aware mask (CAM: Yu, Zheng, Suo, Lei and Li, ICASSP 2021)
// that sees the mean of the recording and that of the segment, mean and standard deviation. With
// the default options it has the published shape, but for a batch normalisation of the input.
// Options:
//   front         channels of the front; front_blocks: residual blocks before each of two halvings
//   frame_stride  of the first layer over time; channels: how many it makes
//   layers        of the three dense blocks, dilations: theirs; after each the channels are halved
//   growth        channels that a layer adds, bottleneck: those inside it
//   segment       frames, after the stride, that share a mask
#include "torch/architectures/architectures.h"
#include "torch/architectures/batch_norm.h"
#include "torch/architectures/layers.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

constexpr double kVarianceFloor =
    1e-10;  // the published one has none: its gradient may be infinite

// Four dimensions throughout, with channels last in memory, as in dwnet.cc.
nn::Conv2d Square(int in, int out, int kernel, int stride_bands) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride({stride_bands, 1}).padding(kernel / 2).bias(false));
}

nn::Conv2d Pointwise(int in, int out, bool bias) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1).bias(bias));
}

class FrontBlock : public nn::Module {
 public:
  FrontBlock(int channels, int stride) {
    conv1_ = register_module("conv1", Square(channels, channels, 3, stride));
    norm1_ = register_module("norm1", BatchNorm(channels));
    conv2_ = register_module("conv2", Square(channels, channels, 3, 1));
    norm2_ = register_module("norm2", BatchNorm(channels));
    if (stride != 1) {
      shortcut_ = register_module("shortcut", Square(channels, channels, 1, stride));
      shortcut_norm_ = register_module("shortcut_norm", BatchNorm(channels));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = norm2_(conv2_(torch::relu(norm1_(conv1_(x)))));
    return torch::relu(y + (shortcut_.is_empty() ? x : shortcut_norm_(shortcut_(x))));
  }

 private:
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, shortcut_{nullptr};
  BatchNorm norm1_{nullptr}, norm2_{nullptr}, shortcut_norm_{nullptr};
};

// A layer over time: what it adds to its input's channels.
class DenseLayer : public nn::Module {
 public:
  DenseLayer(int in, int growth, int bottleneck, int dilation, int segment) : segment_(segment) {
    norm1_ = register_module("norm1", BatchNorm(in));
    narrow_ = register_module("narrow", Pointwise(in, bottleneck, false));
    norm2_ = register_module("norm2", BatchNorm(bottleneck));
    local_ = register_module("local", nn::Conv2d(nn::Conv2dOptions(bottleneck, growth, {1, 3})
                                                     .padding({0, dilation})
                                                     .dilation({1, dilation})
                                                     .bias(false)));
    squeeze_ = register_module("squeeze", Pointwise(bottleneck, bottleneck / 2, true));
    mask_ = register_module("mask", Pointwise(bottleneck / 2, growth, true));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = torch::relu(norm2_(narrow_(torch::relu(norm1_(x)))));
    // One mask for each segment, whose last may be shorter.
    const torch::Tensor segments =
        torch::avg_pool2d(y, {1, segment_}, {1, segment_}, {0, 0}, /*ceil_mode=*/true);
    torch::Tensor mask =
        torch::sigmoid(mask_(torch::relu(squeeze_(segments + y.mean({2, 3}, /*keepdim=*/true)))));
    if (mask.size(3) > 1)
      mask = mask.unsqueeze(4).expand({-1, -1, -1, -1, segment_}).flatten(3).slice(3, 0, y.size(3));
    return local_(y) * mask;
  }

 private:
  std::int64_t segment_;
  BatchNorm norm1_{nullptr}, norm2_{nullptr};
  nn::Conv2d narrow_{nullptr}, local_{nullptr}, squeeze_{nullptr}, mask_{nullptr};
};

class CampPlus : public EmbeddingNetwork {
 public:
  CampPlus(int n_mels, int embedding_dim, const ArchitectureOptions& options) {
    for (const auto& [name, values] : options) {
      if (*std::min_element(values.begin(), values.end()) < 1)
        throw Error(ErrorCode::kInvalidArgument,
                    "architecture campplus: " + name + " must be 1 or more");
    }
    auto option = [&](const char* name) { return options.at(name)[0]; };
    const int front = option("front"), growth = option("growth"), bottleneck = option("bottleneck");
    if (bottleneck < 2)
      throw Error(ErrorCode::kInvalidArgument,
                  "architecture campplus: bottleneck must be 2 or more");
    input_norm_ = register_module("input_norm", BatchNorm(n_mels));
    conv_ = register_module("conv", Square(1, front, 3, 1));
    norm_ = register_module("norm", BatchNorm(front));
    for (int stage = 1; stage <= 2; ++stage) {
      for (int b = 1; b <= option("front_blocks"); ++b)
        front_.push_back(register_module("front" + std::to_string(stage) + "_" + std::to_string(b),
                                         std::make_shared<FrontBlock>(front, b == 1 ? 2 : 1)));
    }
    last_conv_ = register_module("last_conv", Square(front, front, 3, 2));
    last_norm_ = register_module("last_norm", BatchNorm(front));
    int bands = n_mels;
    for (int i = 0; i < 3; ++i) bands = (bands + 1) / 2;
    int channels = option("channels");
    first_ = register_module("first", nn::Conv2d(nn::Conv2dOptions(front * bands, channels, {1, 5})
                                                     .stride({1, option("frame_stride")})
                                                     .padding({0, 2})
                                                     .bias(false)));
    first_norm_ = register_module("first_norm", BatchNorm(channels));
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const std::string number = std::to_string(b + 1);
      for (int i = 1; i <= options.at("layers")[b]; ++i) {
        blocks_[b].push_back(register_module(
            "block" + number + "_" + std::to_string(i),
            std::make_shared<DenseLayer>(channels, growth, bottleneck, options.at("dilations")[b],
                                         option("segment"))));
        channels += growth;
      }
      transit_norms_.push_back(register_module("transit" + number + "_norm", BatchNorm(channels)));
      transits_.push_back(register_module("transit" + number,
                                          Pointwise(channels, std::max(channels / 2, 1), false)));
      channels = std::max(channels / 2, 1);
    }
    out_norm_ = register_module("out_norm", BatchNorm(channels));
    embedding_ = register_module(
        "embedding", nn::Linear(nn::LinearOptions(2 * channels, embedding_dim).bias(false)));
    embedding_norm_ = register_module("embedding_norm", BatchNorm(embedding_dim));
  }

  torch::Tensor forward(torch::Tensor features) override {
    torch::Tensor x =
        input_norm_(features).unsqueeze(1).contiguous(torch::MemoryFormat::ChannelsLast);
    x = torch::relu(norm_(conv_(x)));
    for (const auto& block : front_) x = block->forward(x);
    x = torch::relu(last_norm_(last_conv_(x)));
    x = x.flatten(1, 2).unsqueeze(2).contiguous(torch::MemoryFormat::ChannelsLast);
    x = torch::relu(first_norm_(first_(x)));
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      for (const auto& layer : blocks_[b]) x = torch::cat({x, layer->forward(x)}, 1);
      x = transits_[b](torch::relu(transit_norms_[b](x)));
    }
    x = torch::relu(out_norm_(x)).to(torch::kFloat).flatten(2);
    const torch::Tensor mean = x.mean(2, /*keepdim=*/true);
    const torch::Tensor variance =
        (x - mean).square().sum(2) / static_cast<double>(std::max<std::int64_t>(x.size(2) - 1, 1));
    return embedding_norm_(
        embedding_(torch::cat({mean.squeeze(2), torch::sqrt(variance + kVarianceFloor)}, 1)));
  }

 private:
  BatchNorm input_norm_{nullptr}, norm_{nullptr}, last_norm_{nullptr}, first_norm_{nullptr},
      out_norm_{nullptr}, embedding_norm_{nullptr};
  nn::Conv2d conv_{nullptr}, last_conv_{nullptr}, first_{nullptr};
  std::vector<std::shared_ptr<FrontBlock>> front_;
  std::array<std::vector<std::shared_ptr<DenseLayer>>, 3> blocks_;
  std::vector<BatchNorm> transit_norms_;
  std::vector<nn::Conv2d> transits_;
  nn::Linear embedding_{nullptr};
};

}  // namespace

const Architecture kCampPlus = {
    "campplus",
    192,
    {{"front", {32}},
     {"front_blocks", {2}},
     {"frame_stride", {2}},
     {"channels", {128}},
     {"layers", {12, 24, 16}},
     {"dilations", {1, 2, 2}},
     {"growth", {32}},
     {"bottleneck", {128}},
     {"segment", {100}}},
    [](int n_mels, int embedding_dim, const ArchitectureOptions& options) {
      return std::shared_ptr<EmbeddingNetwork>(
          std::make_shared<CampPlus>(n_mels, embedding_dim, options));
    }};

}  // namespace vpr
