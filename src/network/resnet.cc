// Fast ResNet for speakers: a narrow ResNet (He et al., CVPR 2016, basic blocks) on a spectrogram
// halved by its first convolution (after Chung et al., "In defence of metric learning for speaker
// recognition", Interspeech 2020), mean and standard deviation over time (Snyder et al., ICASSP
// 2018), and a linear embedding with batch normalisation and no ReLU. Options: "squeeze" puts a
// squeeze and excitation gate into every block, its bottleneck so many times narrower; "attention"
// weighs the frames by attention with a bottleneck of that width; 0: without.
#include "network/architectures.h"
#include "network/graph_builder.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

GraphBuilder::ConvShape Square(std::size_t kernel, std::size_t stride) {
  return {kernel, kernel, stride, stride, kernel / 2, kernel / 2};
}

Value BasicBlock(GraphBuilder& builder, const std::string& name, Value x, std::size_t out,
                 std::size_t stride, std::size_t squeeze) {
  GraphBuilder::Conv conv1{name + ".conv1", out, 2, false, Square(3, stride)},
      conv2{name + ".conv2", out, 2, false, Square(3, 1)};
  conv1.activation = Activation::kRelu;
  conv1.norm = name + ".norm1";
  conv2.norm = name + ".norm2";
  builder.Name(conv1, builder.channels(x));
  builder.Name(conv2, out);
  Value shortcut = x;
  if (stride != 1 || builder.channels(x) != out) {
    GraphBuilder::Conv conv{name + ".shortcut", out, 2, false, Square(1, stride)};
    conv.norm = name + ".shortcut_norm";
    shortcut = builder.Apply(conv, x);
  }
  const Value inner = builder.Apply(conv1, x);
  if (squeeze == 0) {
    conv2.activation = Activation::kRelu;
    return builder.Apply(conv2, inner, shortcut);
  }
  const Value gated = builder.SqueezeExcitation(name + ".gate", builder.Apply(conv2, inner),
                                                std::max<std::size_t>(out / squeeze, 1));
  return builder.Add(gated, shortcut, Activation::kRelu);
}

Value DescribeResNet(GraphBuilder& builder, const ModelInfo& info) {
  const std::vector<int>&channels = builder.Option("channels", 4, 1),
        &blocks = builder.Option("blocks", 4, 1), &first = builder.Option("first_stride", 2, 1);
  const std::size_t squeeze = builder.Switch("squeeze"), attention = builder.Switch("attention");
  auto bands = static_cast<std::size_t>(info.features.n_mels);
  GraphBuilder::ConvShape shape = Square(3, 1);
  shape.stride_bands = static_cast<std::size_t>(first[0]);
  shape.stride_frames = static_cast<std::size_t>(first[1]);
  GraphBuilder::Conv conv{"conv", static_cast<std::size_t>(channels[0]), 2, false, shape};
  conv.activation = Activation::kRelu;
  conv.norm = "norm";
  // Not folded: edges padded with 0 are a band's mean.
  Value x = builder.Norm("input_norm", builder.Input());
  x = builder.Apply(conv, builder.ChannelsAsBands(x));
  bands = (bands + shape.stride_bands - 1) / shape.stride_bands;
  for (std::size_t stage = 0; stage < channels.size(); ++stage) {
    if (stage > 0) bands = (bands + 1) / 2;
    for (int b = 0; b < blocks[stage]; ++b)
      x = BasicBlock(builder, "stage" + std::to_string(stage + 1) + "_" + std::to_string(b + 1), x,
                     static_cast<std::size_t>(channels[stage]), stage > 0 && b == 0 ? 2 : 1,
                     squeeze);
  }
  x = builder.BandsAsChannels(x, bands);
  x = attention > 0 ? builder.AttentiveStatistics("pool", x, attention, /*context=*/false)
                    : builder.Statistics(x);
  GraphBuilder::Conv embedding{"embedding", static_cast<std::size_t>(info.embedding_dim), 0};
  embedding.norm = "embedding_norm";
  return builder.Apply(embedding, x);
}

}  // namespace

const Architecture kResNet = {"resnet",
                              192,
                              {{"channels", {16, 32, 64, 128}},
                               {"blocks", {2, 2, 2, 2}},
                               {"first_stride", {2, 2}},
                               {"squeeze", {0}},
                               {"attention", {0}}},
                              DescribeResNet};

}  // namespace vpr
