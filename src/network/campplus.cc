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
#include "network/architectures.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

// The published one has none: its gradient may be infinite.
constexpr float kVarianceFloor = 1e-10f;

GraphBuilder::Conv Square(const std::string& name, std::size_t out, std::size_t kernel,
                          std::size_t stride, const std::string& norm, Activation activation) {
  GraphBuilder::Conv conv{
      name, out, 2, false, {kernel, kernel, stride, 1, kernel / 2, kernel / 2}, activation};
  conv.norm = norm;
  return conv;
}

Value FrontBlock(GraphBuilder& builder, const std::string& name, Value x, std::size_t stride) {
  const std::size_t out = builder.channels(x);
  const GraphBuilder::Conv conv1 = Square(name + ".conv1", out, 3, stride, name + ".norm1",
                                          Activation::kRelu),
                           conv2 = Square(name + ".conv2", out, 3, 1, name + ".norm2",
                                          Activation::kRelu);
  builder.Name(conv1, out);
  builder.Name(conv2, out);
  Value shortcut = x;
  if (stride != 1)
    shortcut = builder.Apply(
        Square(name + ".shortcut", out, 1, stride, name + ".shortcut_norm", Activation::kNone), x);
  return builder.Apply(conv2, builder.Apply(conv1, x), shortcut);
}

GraphBuilder::Conv Pointwise(const std::string& name, std::size_t out, bool bias,
                             Activation activation) {
  return {name, out, 2, bias, {}, activation};
}

struct LayerShape {
  std::size_t growth = 1, bottleneck = 2, dilation = 1, segment = 1;
};

Value DenseLayer(GraphBuilder& builder, const std::string& name, Value x, const LayerShape& shape) {
  GraphBuilder::Conv narrow =
      Pointwise(name + ".narrow", shape.bottleneck, false, Activation::kRelu);
  narrow.norm = name + ".norm2";
  const Value y = builder.Apply(narrow, builder.Norm(name + ".norm1", x, Activation::kRelu));
  GraphBuilder::Conv local{name + ".local", shape.growth, 2, false};
  local.shape.kernel_frames = 3;
  local.shape.pad_frames = local.shape.dilation_frames = shape.dilation;
  builder.Name(local, shape.bottleneck);
  const Value segments = builder.SegmentMean(y, shape.segment);
  const Value context = builder.Add(segments, builder.Plain(Node::Op::kMean, {y}));
  const Value mask = builder.Apply(
      Pointwise(name + ".mask", shape.growth, true, Activation::kSigmoid),
      builder.Apply(Pointwise(name + ".squeeze", shape.bottleneck / 2, true, Activation::kRelu),
                    context));
  return builder.MultiplySegments(builder.Apply(local, y), mask, shape.segment);
}

Value DescribeCampPlus(GraphBuilder& builder, const ModelInfo& info) {
  auto option = [&](const char* name, int lowest = 1) {
    return static_cast<std::size_t>(builder.Option(name, 1, lowest)[0]);
  };
  const std::vector<int>&layers = builder.Option("layers", 3, 1),
        &dilations = builder.Option("dilations", 3, 1);
  const std::size_t front = option("front"), front_blocks = option("front_blocks");
  LayerShape shape{option("growth"), option("bottleneck", 2), 1, option("segment")};
  auto bands = static_cast<std::size_t>(info.features.n_mels);
  Value x = builder.Norm("input_norm", builder.Input());
  x = builder.Apply(Square("conv", front, 3, 1, "norm", Activation::kRelu),
                    builder.ChannelsAsBands(x));
  for (std::size_t stage = 1; stage <= 2; ++stage) {
    for (std::size_t b = 1; b <= front_blocks; ++b)
      x = FrontBlock(builder, "front" + std::to_string(stage) + "_" + std::to_string(b), x,
                     b == 1 ? 2 : 1);
  }
  x = builder.Apply(Square("last_conv", front, 3, 2, "last_norm", Activation::kRelu), x);
  for (int i = 0; i < 3; ++i) bands = (bands + 1) / 2;
  GraphBuilder::Conv first{"first", option("channels"), 2, false, {}, Activation::kRelu};
  first.shape.kernel_frames = 5;
  first.shape.pad_frames = 2;
  first.shape.stride_frames = option("frame_stride");
  first.norm = "first_norm";
  x = builder.Apply(first, builder.BandsAsChannels(x, bands));
  for (std::size_t b = 0; b < layers.size(); ++b) {
    const std::string number = std::to_string(b + 1);
    shape.dilation = static_cast<std::size_t>(dilations[b]);
    for (int i = 1; i <= layers[b]; ++i) {
      const Value more = DenseLayer(builder, "block" + number + "_" + std::to_string(i), x, shape);
      x = builder.Concat({x, more});
    }
    x = builder.Norm("transit" + number + "_norm", x, Activation::kRelu);
    x = builder.Apply(
        Pointwise("transit" + number, std::max<std::size_t>(builder.channels(x) / 2, 1), false,
                  Activation::kNone),
        x);
  }
  x = builder.Statistics(builder.Norm("out_norm", x, Activation::kRelu), kVarianceFloor,
                         /*unbiased=*/true);
  GraphBuilder::Conv embedding{"embedding", static_cast<std::size_t>(info.embedding_dim), 0, false};
  embedding.norm = "embedding_norm";
  return builder.Apply(embedding, x);
}

}  // namespace

const Architecture kCampPlus = {"campplus",
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
                                DescribeCampPlus};

}  // namespace vpr
