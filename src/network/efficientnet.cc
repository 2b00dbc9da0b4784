// Networks for pictures: EfficientNet (Tan and Le, ICML 2019), without its classifier: what comes
// out are the means over the picture, which torchvision's has before its classifier. Parameters
// have the names of torchvision's, and layers are its layers. Features are pictures: the planes of
// red, green and blue one below the other, [3 * height, 1, width]. Options:
//   stem       channels of the first convolution
//   channels   of the seven stages
//   repeats    blocks of each stage
// Squeeze and excitation sees a quarter of a block's input; while training whole blocks are left
// out, more of them the later they come, up to a fifth.
#include <algorithm>

#include "network/architectures.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

constexpr std::size_t kStages = 7, kColours = 3;
// Of the stages: the width of the windows, by what they move in a stage's first block, and by what
// a block widens its input.
constexpr std::size_t kKernels[kStages] = {3, 3, 5, 3, 5, 5, 3},
                      kStrides[kStages] = {1, 2, 2, 2, 1, 2, 1},
                      kExpansions[kStages] = {1, 6, 6, 6, 6, 6, 6};
constexpr double kMostDropped = 0.2;

// A convolution, batch normalisation and SiLU, as torchvision's Conv2dNormActivation.
GraphBuilder::Conv Normed(const std::string& name, std::size_t out, std::size_t kernel,
                          std::size_t stride, std::size_t groups = 1) {
  GraphBuilder::Conv conv{
      name + ".0",      out, 2, false, {kernel, kernel, stride, stride, kernel / 2, kernel / 2},
      Activation::kSilu};
  conv.shape.groups = groups;
  conv.norm = name + ".1";
  return conv;
}

struct BlockShape {
  std::size_t out, kernel, stride, expansion;
  double dropped;
};

// MBConv: widened, a depthwise convolution, gated, narrowed.
Value Block(GraphBuilder& builder, const std::string& name, Value x, const BlockShape& shape) {
  const std::size_t in = builder.channels(x), inner = in * shape.expansion;
  std::size_t part = 0;
  auto next = [&] { return name + ".block." + std::to_string(part++); };
  Value y = x;
  if (shape.expansion > 1) y = builder.Apply(Normed(next(), inner, 1, 1), y);
  y = builder.Apply(Normed(next(), inner, shape.kernel, shape.stride, inner), y);
  const std::string gate = next();
  GraphBuilder::Conv squeeze{gate + ".fc1", std::max<std::size_t>(in / 4, 1), 2},
      excite{gate + ".fc2", inner, 2};
  squeeze.activation = Activation::kSilu;
  excite.activation = Activation::kSigmoid;
  const Value means = builder.Plain(Node::Op::kMean, {y});
  y = builder.Plain(Node::Op::kMultiply, {y, builder.Apply(excite, builder.Apply(squeeze, means))});
  GraphBuilder::Conv narrow = Normed(next(), shape.out, 1, 1);
  narrow.activation = Activation::kNone;
  y = builder.Apply(narrow, y);
  if (shape.stride != 1 || in != shape.out) return y;
  return builder.Add(builder.DropWhole(y, shape.dropped), x);
}

Value DescribeEfficientNet(GraphBuilder& builder, const ModelInfo& info) {
  const auto stem = static_cast<std::size_t>(builder.Option("stem", 1, 1)[0]);
  const std::vector<int>& channels = builder.Option("channels", kStages, 1);
  const std::vector<int>& repeats = builder.Option("repeats", kStages, 1);
  if (info.features.n_mels < 1 || info.features.n_mels % static_cast<int>(kColours) != 0)
    throw Error(ErrorCode::kIncompatible,
                Format("architecture %s takes pictures, whose %zu colours lie one below the other; "
                       "found %d rows, which are not for speech",
                       info.architecture.c_str(), kColours, info.features.n_mels));
  int blocks = 0, before = 0;
  for (int count : repeats) blocks += count;
  Value x = builder.Apply(Normed("features.0", stem, 3, 2),
                          builder.ChannelsAsBands(builder.Input(), kColours));
  for (std::size_t s = 0; s < kStages; ++s) {
    for (int b = 0; b < repeats[s]; ++b, ++before)
      x = Block(builder, Format("features.%zu.%d", s + 1, b), x,
                {static_cast<std::size_t>(channels[s]), kKernels[s], b == 0 ? kStrides[s] : 1,
                 kExpansions[s], kMostDropped * before / blocks});
  }
  x = builder.Apply(Normed(Format("features.%zu", kStages + 1),
                           static_cast<std::size_t>(info.embedding_dim), 1, 1),
                    x);
  return builder.Plain(Node::Op::kMean, {x});
}

}  // namespace

const Architecture kEfficientNetB0 = {"efficientnet_b0",
                                      1280,
                                      {{"stem", {32}},
                                       {"channels", {16, 24, 40, 80, 112, 192, 320}},
                                       {"repeats", {1, 2, 2, 3, 3, 4, 1}}},
                                      DescribeEfficientNet};

// For faces of 48 to 64 pixels, and processors.
const Architecture kEfficientNetSmall = {
    "efficientnet_small",
    256,
    {{"stem", {16}}, {"channels", {8, 12, 20, 32, 40, 56, 80}}, {"repeats", {1, 1, 1, 1, 1, 1, 1}}},
    DescribeEfficientNet};

}  // namespace vpr
