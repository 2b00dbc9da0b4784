// A network of depthwise convolutions that is cheap to train and to run: a thin residual front over
// bands and frames (as in CAM++: Wang et al., Interspeech 2023), its bands made channels, blocks of
// a depthwise convolution over time and two pointwise ones (ConvNeXt: Liu et al., CVPR 2022; for
// speakers NeXt-TDNN: Heo et al., ICASSP 2024; batch normalisation and ReLU instead of layer
// normalisation and GELU, since the one folds into the convolutions and the other costs ten times
// as much on a processor), the outputs of several blocks aggregated and attentive statistics with
// context (ECAPA-TDNN: Desplanques et al., Interspeech 2020). Options:
//   front         channels of the first convolution and of two residual blocks; each halves the
//   bands frame_stride  of the first convolution: every how many frames there is one behind it
//   channels, blocks, kernel, expansion   of the blocks over time
//   dilation      of every second of these
//   squeeze       bottleneck of the squeeze and excitation gate of every second of these; 0: none
//   outputs       of how many blocks, evenly spaced, the outputs are aggregated
//   aggregate     channels of what is pooled
//   bottleneck    of the attention
#include "torch/architectures/architectures.h"
#include "torch/architectures/batch_norm.h"
#include "torch/architectures/layers.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

// Everything has four dimensions, [batch, channels, bands, frames], bands being 1 after the front,
// with channels last in memory: a depthwise convolution is then twice as fast on a CPU forwards and
// backwards as one of three dimensions, and batch normalisation three times.
nn::Conv2d Square(int in, int out, int kernel, int stride_bands, int stride_frames) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel)
                        .stride({stride_bands, stride_frames})
                        .padding(kernel / 2)
                        .bias(false));
}

nn::Conv2d Pointwise(int in, int out, bool bias) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1).bias(bias));
}

class FrontBlock : public nn::Module {
 public:
  FrontBlock(int in, int out) {
    conv1_ = register_module("conv1", Square(in, out, 3, 2, 1));
    norm1_ = register_module("norm1", BatchNorm(out));
    conv2_ = register_module("conv2", Square(out, out, 3, 1, 1));
    norm2_ = register_module("norm2", BatchNorm(out));
    shortcut_ = register_module("shortcut", Square(in, out, 1, 2, 1));
    shortcut_norm_ = register_module("shortcut_norm", BatchNorm(out));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return torch::relu(norm2_(conv2_(torch::relu(norm1_(conv1_(x))))) +
                       shortcut_norm_(shortcut_(x)));
  }

 private:
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, shortcut_{nullptr};
  BatchNorm norm1_{nullptr}, norm2_{nullptr}, shortcut_norm_{nullptr};
};

class TimeBlock : public nn::Module {
 public:
  TimeBlock(int channels, int kernel, int dilation, int expansion, int squeeze) {
    depthwise_ =
        register_module("depthwise", nn::Conv2d(nn::Conv2dOptions(channels, channels, {1, kernel})
                                                    .padding({0, dilation * (kernel / 2)})
                                                    .dilation({1, dilation})
                                                    .groups(channels)
                                                    .bias(false)));
    norm1_ = register_module("norm1", BatchNorm(channels));
    expand_ = register_module("expand", Pointwise(channels, expansion * channels, true));
    project_ = register_module("project", Pointwise(expansion * channels, channels, false));
    norm2_ = register_module("norm2", BatchNorm(channels));
    if (squeeze > 0)
      gate_ = register_module("gate", std::make_shared<SqueezeExcitation>(channels, squeeze));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = torch::relu(expand_(norm1_(depthwise_(x))));
    y = norm2_(project_(y));
    return x + (gate_ == nullptr ? y : gate_->forward(y));
  }

 private:
  nn::Conv2d depthwise_{nullptr}, expand_{nullptr}, project_{nullptr};
  BatchNorm norm1_{nullptr}, norm2_{nullptr};
  std::shared_ptr<SqueezeExcitation> gate_;
};

class DwNet : public EmbeddingNetwork {
 public:
  DwNet(int n_mels, int embedding_dim, const ArchitectureOptions& options) {
    const std::vector<int>& front = options.at("front");
    auto option = [&](const char* name) { return options.at(name)[0]; };
    const int channels = option("channels"), blocks = option("blocks"), kernel = option("kernel"),
              outputs = option("outputs"), aggregate = option("aggregate");
    for (const char* name : {"front", "frame_stride", "channels", "blocks", "kernel", "expansion",
                             "dilation", "outputs", "aggregate", "bottleneck"}) {
      if (*std::min_element(options.at(name).begin(), options.at(name).end()) < 1)
        throw Error(ErrorCode::kInvalidArgument,
                    std::string("architecture dwnet: ") + name + " must be 1 or more");
    }
    if (kernel % 2 == 0 || outputs > blocks)
      throw Error(ErrorCode::kInvalidArgument,
                  "architecture dwnet: kernel must be odd, and outputs no more than blocks");
    input_norm_ = register_module("input_norm", BatchNorm(n_mels));
    conv_ = register_module("conv", Square(1, front[0], 3, 2, option("frame_stride")));
    norm_ = register_module("norm", BatchNorm(front[0]));
    int bands = (n_mels + 1) / 2;
    for (int i = 0; i < 2; ++i) {
      const auto stage = static_cast<std::size_t>(i);
      front_.push_back(
          register_module("front" + std::to_string(i + 1),
                          std::make_shared<FrontBlock>(front[stage], front[stage + 1])));
      bands = (bands + 1) / 2;
    }
    project_ = register_module("project", Pointwise(front[2] * bands, channels, false));
    project_norm_ = register_module("project_norm", BatchNorm(channels));
    for (int i = 0; i < blocks; ++i) {
      const bool second = i % 2 == 1;
      blocks_.push_back(register_module(
          "block" + std::to_string(i + 1),
          std::make_shared<TimeBlock>(channels, kernel, second ? option("dilation") : 1,
                                      option("expansion"), second ? option("squeeze") : 0)));
    }
    outputs_ = outputs;
    aggregate_ = register_module("aggregate", Pointwise(outputs * channels, aggregate, false));
    aggregate_norm_ = register_module("aggregate_norm", BatchNorm(aggregate));
    pool_ = register_module(
        "pool", std::make_shared<AttentiveStatistics>(aggregate, option("bottleneck"), true));
    pool_norm_ = register_module("pool_norm", BatchNorm(2 * aggregate));
    embedding_ = register_module("embedding", nn::Linear(2 * aggregate, embedding_dim));
    embedding_norm_ = register_module("embedding_norm", BatchNorm(embedding_dim));
  }

  torch::Tensor forward(torch::Tensor features) override {
    torch::Tensor x =
        input_norm_(features).unsqueeze(1).contiguous(torch::MemoryFormat::ChannelsLast);
    x = torch::relu(norm_(conv_(x)));
    for (const auto& block : front_) x = block->forward(x);
    x = x.flatten(1, 2).unsqueeze(2).contiguous(torch::MemoryFormat::ChannelsLast);
    x = torch::relu(project_norm_(project_(x)));
    std::vector<torch::Tensor> kept;
    const auto count = static_cast<std::int64_t>(blocks_.size());
    for (std::int64_t i = 0; i < count; ++i) {
      x = blocks_[static_cast<std::size_t>(i)]->forward(x);
      if (i + 1 == (static_cast<std::int64_t>(kept.size()) + 1) * count / outputs_)
        kept.push_back(x);
    }
    x = torch::relu(aggregate_norm_(aggregate_(torch::cat(kept, 1)))).to(torch::kFloat);
    return embedding_norm_(embedding_(pool_norm_(pool_->forward(x.squeeze(2)))));
  }

 private:
  BatchNorm input_norm_{nullptr}, norm_{nullptr}, project_norm_{nullptr}, aggregate_norm_{nullptr},
      pool_norm_{nullptr}, embedding_norm_{nullptr};
  nn::Conv2d conv_{nullptr}, project_{nullptr}, aggregate_{nullptr};
  std::vector<std::shared_ptr<FrontBlock>> front_;
  std::vector<std::shared_ptr<TimeBlock>> blocks_;
  std::int64_t outputs_ = 1;
  std::shared_ptr<AttentiveStatistics> pool_;
  nn::Linear embedding_{nullptr};
};

}  // namespace

const Architecture kDwNet = {"dwnet",
                             192,
                             {{"front", {16, 16, 32}},
                              {"frame_stride", {2}},
                              {"channels", {256}},
                              {"blocks", {8}},
                              {"kernel", {7}},
                              {"expansion", {2}},
                              {"dilation", {2}},
                              {"squeeze", {64}},
                              {"outputs", {4}},
                              {"aggregate", {512}},
                              {"bottleneck", {64}}},
                             [](int n_mels, int embedding_dim, const ArchitectureOptions& options) {
                               return std::shared_ptr<EmbeddingNetwork>(
                                   std::make_shared<DwNet>(n_mels, embedding_dim, options));
                             }};

}  // namespace vpr
