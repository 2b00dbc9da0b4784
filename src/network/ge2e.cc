// The network of the generalised end-to-end loss (Wan et al., ICASSP 2018) as Resemblyzer has it:
// LSTMs one on another, of whose last one's last frame a linear layer and ReLU make the embedding,
// of length 1.
#include "network/architectures.h"
#include "network/graph_builder.h"

namespace vpr {

using Value = GraphBuilder::Value;

namespace {

Value DescribeGe2e(GraphBuilder& builder, const ModelInfo& info) {
  const auto hidden = static_cast<std::size_t>(builder.Option("hidden", 1, 1)[0]);
  const int layers = builder.Option("layers", 1, 1)[0];
  Value x = builder.Input();
  for (int i = 1; i <= layers; ++i) x = builder.Lstm("lstm" + std::to_string(i), x, hidden);
  x = builder.Plain(Node::Op::kLastFrame, {x});
  GraphBuilder::Conv linear{"embedding", static_cast<std::size_t>(info.embedding_dim), 0};
  linear.activation = Activation::kRelu;
  return builder.Plain(Node::Op::kUnitLength, {builder.Apply(linear, x)});
}

}  // namespace

const Architecture kGe2e = {"ge2e", 256, {{"hidden", {256}}, {"layers", {3}}}, DescribeGe2e};

}  // namespace vpr
