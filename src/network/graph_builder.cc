#include "network/graph_builder.h"

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Value = GraphBuilder::Value;

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

Node MakeNode(Node::Op op, const std::vector<Value>& inputs, std::size_t channels) {
  Node node;
  node.op = op;
  node.inputs = inputs;
  node.channels = channels;
  return node;
}

}  // namespace

GraphBuilder::GraphBuilder(const ModelInfo& info) : info_(info) {
  Append({Layer::Kind::kOperation,
          MakeNode(Node::Op::kInput, {}, static_cast<std::size_t>(info_.features.n_mels))});
}

const std::vector<int>& GraphBuilder::Option(const std::string& name, std::size_t count,
                                             int lowest) const {
  const auto found = info_.architecture_options.find(name);
  if (found == info_.architecture_options.end() || found->second.size() != count)
    throw Error(ErrorCode::kIncompatible,
                Format("architecture %s needs %zu number(s) for its option '%s'",
                       info_.architecture.c_str(), count, name.c_str()));
  for (int value : found->second) {
    if (value < lowest || value > 4096)
      throw Error(ErrorCode::kIncompatible,
                  Format("option '%s' of architecture %s is %d; expected %d to 4096", name.c_str(),
                         info_.architecture.c_str(), value, lowest));
  }
  return found->second;
}

std::size_t GraphBuilder::Switch(const std::string& name) const {
  if (!info_.architecture_options.contains(name)) return 0;
  return static_cast<std::size_t>(Option(name, 1, 0)[0]);
}

Value GraphBuilder::Append(Layer layer) {
  description_.layers.push_back(std::move(layer));
  return description_.layers.size() - 1;
}

void GraphBuilder::Name(Parameters parameters) {
  if (named_.insert(parameters.name).second)
    description_.parameters.push_back(std::move(parameters));
}

void GraphBuilder::NameNorm(const std::string& name, std::size_t size) {
  Name({name, {Signed(size)}, true, /*is_norm=*/true});
}

void GraphBuilder::Name(const Conv& conv, std::size_t in) {
  VPR_CHECK(in % conv.shape.groups == 0 && conv.out % conv.shape.groups == 0);
  std::vector<std::int64_t> dims = {Signed(conv.out), Signed(in / conv.shape.groups)};
  if (conv.dimensions == 2) dims.push_back(Signed(conv.shape.kernel_bands));
  if (conv.dimensions >= 1) dims.push_back(Signed(conv.shape.kernel_frames));
  Name({conv.name, std::move(dims), conv.bias});
  if (!conv.norm.empty()) NameNorm(conv.norm, conv.out);
}

Value GraphBuilder::Norm(const std::string& name, Value x, Activation activation) {
  NameNorm(name, channels(x));
  Layer layer{Layer::Kind::kNorm, MakeNode(Node::Op::kAffine, {x}, channels(x))};
  layer.name = name;
  layer.node.activation = activation;
  return Append(std::move(layer));
}

Value GraphBuilder::Apply(const Conv& conv, Value x, Value residual) {
  Name(conv, channels(x));
  Layer layer{Layer::Kind::kConv, MakeNode(Node::Op::kConv, {x}, conv.out)};
  layer.name = conv.name;
  layer.norm = conv.norm;
  layer.dimensions = conv.dimensions;
  layer.bias = conv.bias;
  Node& node = layer.node;
  if (residual != kNothing) node.inputs.push_back(residual);
  node.activation = conv.activation;
  node.kernel_bands = conv.shape.kernel_bands;
  node.kernel_frames = conv.shape.kernel_frames;
  node.stride_bands = conv.shape.stride_bands;
  node.stride_frames = conv.shape.stride_frames;
  node.pad_bands = conv.shape.pad_bands;
  node.pad_frames = conv.shape.pad_frames;
  node.dilation_frames = conv.shape.dilation_frames;
  node.groups = conv.shape.groups;
  return Append(std::move(layer));
}

Value GraphBuilder::Add(Value a, Value b, Activation activation) {
  const Value sum = Plain(Node::Op::kAdd, {a, b});
  description_.layers[sum].node.activation = activation;
  return sum;
}

Value GraphBuilder::Slice(Value x, std::size_t begin, std::size_t count) {
  const Value slice = Plain(Node::Op::kSlice, {x});
  description_.layers[slice].node.begin = begin;
  description_.layers[slice].node.channels = count;
  return slice;
}

Value GraphBuilder::Concat(const std::vector<Value>& values) {
  std::size_t sum = 0;
  for (Value value : values) sum += channels(value);
  return Append({Layer::Kind::kOperation, MakeNode(Node::Op::kConcat, values, sum)});
}

Value GraphBuilder::BandsAsChannels(Value x, std::size_t bands) {
  return Append(
      {Layer::Kind::kOperation, MakeNode(Node::Op::kBandsAsChannels, {x}, channels(x) * bands)});
}

Value GraphBuilder::ChannelsAsBands(Value x, std::size_t parts) {
  return Append({Layer::Kind::kOperation, MakeNode(Node::Op::kChannelsAsBands, {x}, parts)});
}

Value GraphBuilder::Dropout(Value x, double share) {
  Layer layer{Layer::Kind::kDropout, MakeNode(Node::Op::kAffine, {x}, channels(x))};
  layer.dropped = share;
  return Append(std::move(layer));
}

Value GraphBuilder::DropWhole(Value x, double share) {
  const Value dropped = Dropout(x, share);
  description_.layers[dropped].whole = true;
  return dropped;
}

Value GraphBuilder::Plain(Node::Op op, const std::vector<Value>& inputs) {
  return Append({Layer::Kind::kOperation, MakeNode(op, inputs, channels(inputs[0]))});
}

Value GraphBuilder::Statistics(Value x, float variance_floor, bool unbiased) {
  const Value statistics = Plain(Node::Op::kStatistics, {x});
  Node& node = description_.layers[statistics].node;
  node.channels *= 2;
  node.variance_floor = variance_floor;
  node.unbiased = unbiased;
  return statistics;
}

Value GraphBuilder::SegmentMean(Value x, std::size_t segment) {
  const Value means = Plain(Node::Op::kSegmentMean, {x});
  description_.layers[means].node.segment = segment;
  return means;
}

Value GraphBuilder::MultiplySegments(Value x, Value gates, std::size_t segment) {
  const Value product = Plain(Node::Op::kMultiplySegments, {x, gates});
  description_.layers[product].node.segment = segment;
  return product;
}

Value GraphBuilder::Lstm(const std::string& name, Value x, std::size_t out, bool backward) {
  const double range = 1 / std::sqrt(static_cast<double>(out));
  Name({name + ".input", {Signed(4 * out), Signed(channels(x))}, true, false, range});
  Name({name + ".state", {Signed(4 * out), Signed(out)}, false, false, range});
  Layer layer{Layer::Kind::kLstm, MakeNode(Node::Op::kLstm, {x}, out)};
  layer.name = name;
  layer.node.backward = backward;
  return Append(std::move(layer));
}

Value GraphBuilder::LstmBothWays(const std::string& name, Value x, std::size_t out) {
  const Value forward = Lstm(name + ".forward", x, out);
  return Concat({forward, Lstm(name + ".backward", x, out, true)});
}

Value GraphBuilder::SqueezeExcitation(const std::string& name, Value x, std::size_t bottleneck) {
  Conv squeeze{name + ".squeeze", bottleneck, 0}, excite{name + ".excite", channels(x), 0};
  squeeze.activation = Activation::kRelu;
  excite.activation = Activation::kSigmoid;
  const Value gate = Apply(excite, Apply(squeeze, Plain(Node::Op::kMean, {x})));
  return Plain(Node::Op::kMultiply, {x, gate});
}

Value GraphBuilder::AttentiveStatistics(const std::string& name, Value x, std::size_t bottleneck,
                                        bool context) {
  const std::size_t own = channels(x);
  Name({name + ".hidden", {Signed(bottleneck), Signed(context ? 3 * own : own), 1}});
  Name({name + ".weights", {Signed(own), Signed(bottleneck), 1}});
  Layer layer{Layer::Kind::kAttentiveStatistics,
              MakeNode(Node::Op::kWeightedStatistics, {x}, 2 * own)};
  layer.name = name;
  layer.bottleneck = bottleneck;
  layer.context = context;
  return Append(std::move(layer));
}

Description GraphBuilder::Finish(Value output) {
  VPR_CHECK(output + 1 == description_.layers.size());
  if (channels(output) != static_cast<std::size_t>(info_.embedding_dim))
    throw Error(ErrorCode::kIncompatible, "the network's embeddings have another size");
  return std::move(description_);
}

}  // namespace vpr
