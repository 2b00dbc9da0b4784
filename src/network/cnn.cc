// The tutorial's network, our baseline: two convolutions, global average pooling, two linear
// layers, the second of which is the voiceprint. Where the tutorial leaves it open, the usual
// choice of its framework: ReLU and 2 x 2 max pooling after each convolution, ReLU after the batch
// normalisation.
#include "network/architectures.h"
#include "network/graph_builder.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

Value DescribeCnn(GraphBuilder& builder, const ModelInfo& info) {
  const std::vector<int>& channels = builder.Option("channels", 2, 1);
  const auto hidden = static_cast<std::size_t>(builder.Option("hidden", 1, 1)[0]);
  Value x = builder.ChannelsAsBands(builder.Input());
  for (std::size_t i = 0; i < 2; ++i) {
    const GraphBuilder::Conv conv{"conv" + std::to_string(i + 1),
                                  static_cast<std::size_t>(channels[i]),
                                  2,
                                  true,
                                  {5, 5},
                                  Activation::kRelu};
    x = builder.Plain(Node::Op::kMaxPool, {builder.Apply(conv, x)});
  }
  GraphBuilder::Conv fc1{"fc1", hidden, 0, true, {}, Activation::kRelu};
  fc1.norm = "norm";
  x = builder.Apply(fc1, builder.Dropout(builder.Plain(Node::Op::kMean, {x}), 0.5));
  return builder.Apply({"fc2", static_cast<std::size_t>(info.embedding_dim), 0}, x);
}

}  // namespace

const Architecture kCnn = {"cnn", 128, {{"channels", {20, 50}}, {"hidden", {128}}}, DescribeCnn};

}  // namespace vpr
