#include "network/graph_builder.h"

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Value = GraphBuilder::Value;

constexpr double kNormEpsilon = 1e-5;  // LibTorch's

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

}  // namespace

GraphBuilder::GraphBuilder(Model& model, const ModelInfo& info, const std::string& prefix)
    : info_(info) {
  graph_.int8 = info_.weights == WeightType::kInt8;
  for (Tensor& tensor : model.tensors) {
    if (tensor.name.starts_with(prefix)) tensors_[tensor.name.substr(prefix.size())] = &tensor;
  }
  Node input;
  input.channels = static_cast<std::size_t>(info_.features.n_mels);
  graph_.nodes.push_back(std::move(input));
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

std::vector<float> GraphBuilder::Take(const std::string& name,
                                      const std::vector<std::int64_t>& shape) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    throw Error(ErrorCode::kIncompatible, "the model has no tensor '" + name + "'");
  Tensor& tensor = *found->second;
  if (tensor.shape != shape)
    throw Error(ErrorCode::kIncompatible, "the model's tensor '" + name + "' has another shape");
  tensors_.erase(found);
  return std::move(tensor.data);
}

Value GraphBuilder::Append(Node node) {
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.size() - 1;
}

Norm GraphBuilder::ReadNorm(const std::string& name, std::size_t size) {
  const std::vector<std::int64_t> shape = {Signed(size)};
  const std::vector<float> gain = Take(name + ".weight", shape), bias = Take(name + ".bias", shape),
                           mean = Take(name + ".running_mean", shape),
                           variance = Take(name + ".running_var", shape);
  Norm norm;
  for (std::size_t c = 0; c < size; ++c) {
    const double scale = gain[c] / std::sqrt(variance[c] + kNormEpsilon);
    norm.scale.push_back(static_cast<float>(scale));
    norm.shift.push_back(static_cast<float>(bias[c] - mean[c] * scale));
  }
  return norm;
}

Value GraphBuilder::Affine(Value x, const Norm& norm, Activation activation) {
  Node node;
  node.op = Node::Op::kAffine;
  node.inputs = {x};
  node.channels = channels(x);
  node.scale = norm.scale;
  node.bias = norm.shift;
  node.activation = activation;
  return Append(std::move(node));
}

Value GraphBuilder::Apply(const Conv& conv, Value x, Value residual) {
  const ConvShape& shape = conv.shape;
  Node node;
  node.op = Node::Op::kConv;
  node.inputs = {x};
  if (residual != kNothing) node.inputs.push_back(residual);
  node.channels = conv.out;
  node.activation = conv.activation;
  node.kernel_bands = shape.kernel_bands;
  node.kernel_frames = shape.kernel_frames;
  node.stride_bands = shape.stride_bands;
  node.stride_frames = shape.stride_frames;
  node.pad_bands = shape.pad_bands;
  node.pad_frames = shape.pad_frames;
  node.dilation_frames = shape.dilation_frames;
  node.groups = shape.groups;
  VPR_CHECK(channels(x) % shape.groups == 0 && conv.out % shape.groups == 0);
  std::vector<std::int64_t> dims = {Signed(conv.out), Signed(channels(x) / shape.groups)};
  if (conv.dimensions == 2) dims.push_back(Signed(shape.kernel_bands));
  if (conv.dimensions >= 1) dims.push_back(Signed(shape.kernel_frames));
  node.weights = Take(conv.name + ".weight", dims);
  node.bias = conv.bias ? Take(conv.name + ".bias", {dims[0]}) : std::vector<float>(conv.out);
  if (!conv.norm.empty()) {
    const Norm norm = ReadNorm(conv.norm, conv.out);
    const std::size_t each = node.weights.size() / conv.out;
    for (std::size_t c = 0; c < conv.out; ++c) {
      for (std::size_t i = 0; i < each; ++i) node.weights[c * each + i] *= norm.scale[c];
      node.bias[c] = node.bias[c] * norm.scale[c] + norm.shift[c];
    }
  }
  return Append(std::move(node));
}

Value GraphBuilder::Add(Value a, Value b, Activation activation) {
  Node node;
  node.op = Node::Op::kAdd;
  node.inputs = {a, b};
  node.channels = channels(a);
  node.activation = activation;
  return Append(std::move(node));
}

Value GraphBuilder::Slice(Value x, std::size_t begin, std::size_t count) {
  Node node;
  node.op = Node::Op::kSlice;
  node.inputs = {x};
  node.begin = begin;
  node.channels = count;
  return Append(std::move(node));
}

Value GraphBuilder::Concat(const std::vector<Value>& values) {
  Node node;
  node.op = Node::Op::kConcat;
  node.inputs = values;
  for (Value value : values) node.channels += channels(value);
  return Append(std::move(node));
}

Value GraphBuilder::BandsAsChannels(Value x, std::size_t bands) {
  Node node;
  node.op = Node::Op::kBandsAsChannels;
  node.inputs = {x};
  node.channels = channels(x) * bands;
  return Append(std::move(node));
}

Value GraphBuilder::ChannelsAsBands(Value x) {
  Node node;
  node.op = Node::Op::kChannelsAsBands;
  node.inputs = {x};
  node.channels = 1;
  return Append(std::move(node));
}

Value GraphBuilder::Plain(Node::Op op, const std::vector<Value>& inputs) {
  Node node;
  node.op = op;
  node.inputs = inputs;
  node.channels = channels(inputs[0]);
  return Append(std::move(node));
}

Value GraphBuilder::Statistics(Value x, float variance_floor, bool unbiased) {
  const Value statistics = Plain(Node::Op::kStatistics, {x});
  Node& node = graph_.nodes[statistics];
  node.channels *= 2;
  node.variance_floor = variance_floor;
  node.unbiased = unbiased;
  return statistics;
}

Value GraphBuilder::SegmentMean(Value x, std::size_t segment) {
  const Value means = Plain(Node::Op::kSegmentMean, {x});
  graph_.nodes[means].segment = segment;
  return means;
}

Value GraphBuilder::MultiplySegments(Value x, Value gates, std::size_t segment) {
  const Value product = Plain(Node::Op::kMultiplySegments, {x, gates});
  graph_.nodes[product].segment = segment;
  return product;
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
  const std::size_t own = channels(x), seen = context ? 3 * own : own;
  const std::string hidden = name + ".hidden";
  Node node;
  node.op = Node::Op::kConv;
  node.channels = bottleneck;
  const std::vector<float> weights =
      Take(hidden + ".weight", {Signed(bottleneck), Signed(seen), 1});
  auto part = [&](std::size_t begin, std::size_t end) {
    std::vector<float> columns;
    for (std::size_t r = 0; r < bottleneck; ++r)
      columns.insert(columns.end(), weights.data() + r * seen + begin,
                     weights.data() + r * seen + end);
    return columns;
  };
  node.inputs = {x};
  node.weights = part(0, own);
  node.bias = Take(hidden + ".bias", {Signed(bottleneck)});
  node.activation = Activation::kTanh;
  if (context) {
    // The context is the same for all frames: its part of the product is computed once.
    Node of_context = node;
    of_context.inputs = {Statistics(x)};
    of_context.weights = part(own, seen);
    of_context.activation = node.activation = Activation::kNone;
    node.bias.assign(bottleneck, 0.0f);
    const Value of_frames = Append(std::move(node));
    node = {};
    node.op = Node::Op::kAdd;
    node.channels = bottleneck;
    node.inputs = {of_frames, Append(std::move(of_context))};
    node.activation = Activation::kTanh;
  }
  const Value scores = Apply({name + ".weights", own, 1}, Append(std::move(node)));
  const Value statistics =
      Plain(Node::Op::kWeightedStatistics, {x, Plain(Node::Op::kSoftmax, {scores})});
  graph_.nodes[statistics].channels *= 2;
  return statistics;
}

Graph GraphBuilder::Finish(Value output) {
  VPR_CHECK(output + 1 == graph_.nodes.size());
  if (!tensors_.empty())
    throw Error(ErrorCode::kIncompatible, "the model has a tensor '" + tensors_.begin()->first +
                                              "' that its architecture has not");
  if (graph_.nodes[output].channels != static_cast<std::size_t>(info_.embedding_dim))
    throw Error(ErrorCode::kIncompatible, "the network's embeddings have another size");
  return std::move(graph_);
}

}  // namespace vpr
