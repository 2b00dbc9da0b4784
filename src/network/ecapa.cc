// ECAPA-TDNN (Desplanques, Thienpondt and Demuynck, Interspeech 2020): convolutions over time with
// growing dilation in Res2Net blocks (Gao et al., TPAMI 2021) with squeeze and excitation, the
// outputs of all blocks aggregated, attentive statistics with context. The block sums, layer order
// and ReLU before each batch normalisation are the paper's; narrower by default (256 channels), for
// training on a processor.
#include "network/architectures.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

// Convolution over time of the same length, ReLU, batch normalisation. That comes after the ReLU
// and before zero padding, so it cannot be folded either way.
Value TimeConv(GraphBuilder& builder, const std::string& name, Value x, std::size_t out,
               std::size_t kernel, std::size_t dilation = 1) {
  GraphBuilder::ConvShape shape;
  shape.kernel_frames = kernel;
  shape.pad_frames = dilation * (kernel / 2);
  shape.dilation_frames = dilation;
  GraphBuilder::Conv conv{name + ".conv", out, 1, true, shape, Activation::kRelu};
  const Value y = builder.Apply(conv, x);
  return builder.Norm(name + ".norm", y);
}

Value Block(GraphBuilder& builder, const std::string& name, Value x, std::size_t scale,
            std::size_t dilation, std::size_t bottleneck) {
  const std::size_t channels = builder.channels(x), width = channels / scale;
  const Value y = TimeConv(builder, name + ".first", x, channels, 1);
  std::vector<Value> parts = {builder.Slice(y, 0, width)};
  for (std::size_t i = 1; i < scale; ++i) {
    Value part = builder.Slice(y, i * width, width);
    if (i > 1) part = builder.Add(part, parts.back());
    parts.push_back(
        TimeConv(builder, name + ".part" + std::to_string(i), part, width, 3, dilation));
  }
  const Value out = TimeConv(builder, name + ".last", builder.Concat(parts), channels, 1);
  return builder.Add(builder.SqueezeExcitation(name + ".gate", out, bottleneck), x);
}

Value DescribeEcapa(GraphBuilder& builder, const ModelInfo& info) {
  const auto channels = static_cast<std::size_t>(builder.Option("channels", 1, 1)[0]),
             scale = static_cast<std::size_t>(builder.Option("scale", 1, 2)[0]),
             bottleneck = static_cast<std::size_t>(builder.Option("bottleneck", 1, 1)[0]),
             aggregate = static_cast<std::size_t>(builder.Option("aggregate", 1, 1)[0]);
  if (channels % scale != 0)
    throw Error(ErrorCode::kIncompatible,
                "option 'scale' of architecture ecapa must divide channels");
  Value sum = builder.Norm("input_norm", builder.Input());
  sum = TimeConv(builder, "first", sum, channels, 5);
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < 3; ++i) {
    outputs.push_back(
        Block(builder, "block" + std::to_string(i + 1), sum, scale, i + 2, bottleneck));
    if (i < 2) sum = builder.Add(sum, outputs.back());
  }
  const Value x = builder.Apply({"aggregate", aggregate, 1, true, {}, Activation::kRelu},
                                builder.Concat(outputs));
  Value pooled = builder.AttentiveStatistics("pool", x, bottleneck, /*context=*/true);
  pooled = builder.Norm("pool_norm", pooled);
  GraphBuilder::Conv embedding{"embedding", static_cast<std::size_t>(info.embedding_dim), 0};
  embedding.norm = "embedding_norm";
  return builder.Apply(embedding, pooled);
}

}  // namespace

const Architecture kEcapa = {
    "ecapa",
    192,
    {{"channels", {256}}, {"scale", {8}}, {"bottleneck", {64}}, {"aggregate", {768}}},
    DescribeEcapa};

}  // namespace vpr
