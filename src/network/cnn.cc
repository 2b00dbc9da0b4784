// src/torch/architectures/cnn.cc as a graph.
#include "network/graph_builder.h"

namespace vpr {

using Value = GraphBuilder::Value;

Value BuildCnn(GraphBuilder& builder, const ModelInfo& info) {
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
  x = builder.Apply(fc1, builder.Plain(Node::Op::kMean, {x}));
  return builder.Apply({"fc2", static_cast<std::size_t>(info.embedding_dim), 0}, x);
}

}  // namespace vpr
