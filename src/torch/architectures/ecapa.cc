// ECAPA-TDNN (Desplanques, Thienpondt and Demuynck, Interspeech 2020): convolutions over time with
// growing dilation in Res2Net blocks (Gao et al., TPAMI 2021) with squeeze and excitation, the
// outputs of all blocks aggregated, attentive statistics with context. The block sums, layer order
// and ReLU before each batch normalisation are the paper's; narrower by default (256 channels), for
// training on a processor.
#include "torch/architectures/architectures.h"
#include "torch/architectures/batch_norm.h"
#include "torch/architectures/layers.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

// Convolution over time of the same length, ReLU, batch normalisation.
class TimeConv : public nn::Module {
 public:
  TimeConv(int in, int out, int kernel, int dilation = 1) {
    conv_ = register_module("conv", nn::Conv1d(nn::Conv1dOptions(in, out, kernel)
                                                   .dilation(dilation)
                                                   .padding(dilation * (kernel / 2))));
    norm_ = register_module("norm", BatchNorm(out));
  }
  torch::Tensor forward(const torch::Tensor& x) { return norm_(torch::relu(conv_(x))); }

 private:
  nn::Conv1d conv_{nullptr};
  BatchNorm norm_{nullptr};
};

class Block : public nn::Module {
 public:
  Block(int channels, int scale, int dilation, int bottleneck) {
    in_ = register_module("first", std::make_shared<TimeConv>(channels, channels, 1));
    for (int i = 1; i < scale; ++i)
      parts_.push_back(register_module(
          "part" + std::to_string(i),
          std::make_shared<TimeConv>(channels / scale, channels / scale, 3, dilation)));
    out_ = register_module("last", std::make_shared<TimeConv>(channels, channels, 1));
    gate_ = register_module("gate", std::make_shared<SqueezeExcitation>(channels, bottleneck));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    std::vector<torch::Tensor> parts =
        in_->forward(x).chunk(static_cast<std::int64_t>(parts_.size()) + 1, 1);
    // The first part goes through as it is, each further one with the result before it.
    for (std::size_t i = 1; i < parts.size(); ++i)
      parts[i] = parts_[i - 1]->forward(i == 1 ? parts[i] : parts[i] + parts[i - 1]);
    return x + gate_->forward(out_->forward(torch::cat(parts, 1)));
  }

 private:
  std::shared_ptr<TimeConv> in_, out_;
  std::vector<std::shared_ptr<TimeConv>> parts_;
  std::shared_ptr<SqueezeExcitation> gate_;
};

class Ecapa : public EmbeddingNetwork {
 public:
  Ecapa(int n_mels, int embedding_dim, const ArchitectureOptions& options) {
    const int channels = options.at("channels")[0], scale = options.at("scale")[0],
              bottleneck = options.at("bottleneck")[0], aggregate = options.at("aggregate")[0];
    if (scale < 2 || channels < scale || channels % scale != 0 || bottleneck < 1 || aggregate < 1)
      throw Error(ErrorCode::kInvalidArgument,
                  "architecture ecapa: scale must be 2 or more and divide channels, bottleneck and "
                  "aggregate must be 1 or more");
    input_norm_ = register_module("input_norm", BatchNorm(n_mels));
    first_ = register_module("first", std::make_shared<TimeConv>(n_mels, channels, 5));
    for (int i = 0; i < 3; ++i)
      blocks_.push_back(
          register_module("block" + std::to_string(i + 1),
                          std::make_shared<Block>(channels, scale, i + 2, bottleneck)));
    aggregate_ =
        register_module("aggregate", nn::Conv1d(nn::Conv1dOptions(3 * channels, aggregate, 1)));
    pool_ =
        register_module("pool", std::make_shared<AttentiveStatistics>(aggregate, bottleneck, true));
    pool_norm_ = register_module("pool_norm", BatchNorm(2 * aggregate));
    embedding_ = register_module("embedding", nn::Linear(2 * aggregate, embedding_dim));
    embedding_norm_ = register_module("embedding_norm", BatchNorm(embedding_dim));
  }

  torch::Tensor forward(torch::Tensor features) override {
    torch::Tensor sum = first_->forward(input_norm_(features));
    std::vector<torch::Tensor> outputs;
    for (const auto& block : blocks_) {
      outputs.push_back(block->forward(sum));
      sum = sum + outputs.back();
    }
    torch::Tensor x = torch::relu(aggregate_(torch::cat(outputs, 1))).to(torch::kFloat);
    return embedding_norm_(embedding_(pool_norm_(pool_->forward(x))));
  }

 private:
  BatchNorm input_norm_{nullptr}, pool_norm_{nullptr}, embedding_norm_{nullptr};
  std::shared_ptr<TimeConv> first_;
  std::vector<std::shared_ptr<Block>> blocks_;
  nn::Conv1d aggregate_{nullptr};
  std::shared_ptr<AttentiveStatistics> pool_;
  nn::Linear embedding_{nullptr};
};

}  // namespace

const Architecture kEcapa = {
    "ecapa",
    192,
    {{"channels", {256}}, {"scale", {8}}, {"bottleneck", {64}}, {"aggregate", {768}}},
    [](int n_mels, int embedding_dim, const ArchitectureOptions& options) {
      return std::shared_ptr<EmbeddingNetwork>(
          std::make_shared<Ecapa>(n_mels, embedding_dim, options));
    }};

}  // namespace vpr
