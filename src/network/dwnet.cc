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
#include "network/architectures.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

GraphBuilder::Conv Square(const std::string& name, std::size_t out, std::size_t kernel,
                          std::size_t stride_bands, std::size_t stride_frames,
                          const std::string& norm) {
  GraphBuilder::Conv conv{
      name, out, 2, false, {kernel, kernel, stride_bands, stride_frames, kernel / 2, kernel / 2}};
  conv.norm = norm;
  return conv;
}

Value FrontBlock(GraphBuilder& builder, const std::string& name, Value x, std::size_t out) {
  GraphBuilder::Conv conv1 = Square(name + ".conv1", out, 3, 2, 1, name + ".norm1"),
                     conv2 = Square(name + ".conv2", out, 3, 1, 1, name + ".norm2");
  conv1.activation = conv2.activation = Activation::kRelu;
  builder.Name(conv1, builder.channels(x));
  builder.Name(conv2, out);
  const Value shortcut =
      builder.Apply(Square(name + ".shortcut", out, 1, 2, 1, name + ".shortcut_norm"), x);
  return builder.Apply(conv2, builder.Apply(conv1, x), shortcut);
}

GraphBuilder::Conv Pointwise(const std::string& name, std::size_t out, const std::string& norm,
                             Activation activation) {
  GraphBuilder::Conv conv{name, out, 2, norm.empty(), {}, activation};
  conv.norm = norm;
  return conv;
}

struct BlockShape {
  std::size_t kernel = 1, dilation = 1, expansion = 1, squeeze = 0;
};

Value TimeBlock(GraphBuilder& builder, const std::string& name, Value x, const BlockShape& shape) {
  const std::size_t channels = builder.channels(x);
  GraphBuilder::Conv depthwise{name + ".depthwise", channels, 2, false};
  depthwise.shape.kernel_frames = shape.kernel;
  depthwise.shape.pad_frames = shape.dilation * (shape.kernel / 2);
  depthwise.shape.dilation_frames = shape.dilation;
  depthwise.shape.groups = channels;
  depthwise.norm = name + ".norm1";
  const Value inner =
      builder.Apply(Pointwise(name + ".expand", shape.expansion * channels, "", Activation::kRelu),
                    builder.Apply(depthwise, x));
  const GraphBuilder::Conv project =
      Pointwise(name + ".project", channels, name + ".norm2", Activation::kNone);
  if (shape.squeeze == 0) return builder.Apply(project, inner, x);
  return builder.Add(
      builder.SqueezeExcitation(name + ".gate", builder.Apply(project, inner), shape.squeeze), x);
}

Value DescribeDwNet(GraphBuilder& builder, const ModelInfo& info) {
  auto option = [&](const char* name, int lowest = 1) {
    return static_cast<std::size_t>(builder.Option(name, 1, lowest)[0]);
  };
  const std::vector<int>& front = builder.Option("front", 3, 1);
  const std::size_t channels = option("channels"), blocks = option("blocks"),
                    outputs = option("outputs"), stride = option("frame_stride");
  const BlockShape first{option("kernel"), 1, option("expansion"), 0},
      second{first.kernel, option("dilation"), first.expansion, option("squeeze", 0)};
  if (first.kernel % 2 == 0 || outputs > blocks)
    throw Error(
        ErrorCode::kIncompatible,
        "options of architecture dwnet: kernel must be odd, and outputs no more than blocks");
  auto bands = static_cast<std::size_t>(info.features.n_mels);
  Value x = builder.Norm("input_norm", builder.Input());
  GraphBuilder::Conv conv =
      Square("conv", static_cast<std::size_t>(front[0]), 3, 2, stride, "norm");
  conv.activation = Activation::kRelu;
  x = builder.Apply(conv, builder.ChannelsAsBands(x));
  x = FrontBlock(builder, "front1", x, static_cast<std::size_t>(front[1]));
  x = FrontBlock(builder, "front2", x, static_cast<std::size_t>(front[2]));
  for (int i = 0; i < 3; ++i) bands = (bands + 1) / 2;
  x = builder.Apply(Pointwise("project", channels, "project_norm", Activation::kRelu),
                    builder.BandsAsChannels(x, bands));
  std::vector<Value> kept;
  for (std::size_t i = 0; i < blocks; ++i) {
    x = TimeBlock(builder, "block" + std::to_string(i + 1), x, i % 2 == 1 ? second : first);
    if (i + 1 == (kept.size() + 1) * blocks / outputs) kept.push_back(x);
  }
  x = builder.Apply(
      Pointwise("aggregate", option("aggregate"), "aggregate_norm", Activation::kRelu),
      builder.Concat(kept));
  x = builder.AttentiveStatistics("pool", x, option("bottleneck"), /*context=*/true);
  x = builder.Norm("pool_norm", x);
  GraphBuilder::Conv embedding{"embedding", static_cast<std::size_t>(info.embedding_dim), 0};
  embedding.norm = "embedding_norm";
  return builder.Apply(embedding, x);
}

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
                             DescribeDwNet};

}  // namespace vpr
