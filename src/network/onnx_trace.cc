#include "network/onnx_trace.h"

#include <algorithm>

#include "base/printable_name.h"
#include "network/graph_simplify.h"
#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

TracedGraph OnnxTracer::Trace(std::int64_t frames) {
  for (const auto& [name, tensor] : onnx_.initializers) values_[name] = {tensor, {}, 0};
  Begin(frames);
  const std::vector<bool> needed = Needed();
  for (std::size_t i = 0; i < onnx_.nodes.size(); ++i) {
    if (!needed[i]) continue;
    node_ = &onnx_.nodes[i];
    Run();
  }
  const auto found = values_.find(in_.output);
  if (found == values_.end())
    throw Error(ErrorCode::kCorrupt,
                "no operation makes its output '" + PrintableName(in_.output) + "'");
  OnnxNode output;
  output.type = "output";
  output.name = in_.output;
  node_ = &output;
  const std::size_t last = Finish(found->second);
  CheckFinished(last);
  TracedGraph traced{std::move(graph_), std::move(names_)};
  Simplify(traced.graph, traced.names, last, static_cast<std::size_t>(frames));
  return traced;
}

void OnnxTracer::Refuse(const std::string& what) const {
  throw Error(ErrorCode::kIncompatible, NameOf(*node_) + " " + what);
}

void OnnxTracer::RefuseOperation() const {
  if (node_->attributes.contains("then_branch") || node_->type == "Loop" || node_->type == "Scan")
    Refuse("decides what is computed while it runs, which is not understood");
  Refuse("is an operation that is not understood");
}

void OnnxTracer::Begin(std::int64_t frames) {
  Node input;
  input.channels = static_cast<std::size_t>(in_.bands);
  graph_.nodes.push_back(std::move(input));
  names_.emplace_back("input");
  TracedValue value;
  value.channels = table_.New(in_.bands);
  value.frames = table_.New(frames);
  value.axes.resize(in_.rank);
  value.axes[in_.bands_axis] = value.channels;
  value.axes[in_.frames_axis] = value.frames;
  for (const OnnxInput& input_info : onnx_.inputs) {
    if (!input_info.integer) {
      values_[input_info.name] = {nullptr, {value}, 0};
      continue;
    }
    // The length of the only utterance.
    auto length = std::make_shared<OnnxTensor>();
    length->integer = true;
    length->integers = {frames};
    length->shape.assign(input_info.shape.size(), 1);
    values_[input_info.name] = {length, {}, 0};
  }
}

void OnnxTracer::CheckFinished(std::size_t last) const {
  std::vector<bool> seen(graph_.nodes.size(), false);
  std::vector<std::size_t> open = {last};
  while (!open.empty()) {
    const std::size_t n = open.back();
    open.pop_back();
    if (seen[n]) continue;
    seen[n] = true;
    if (unfinished_.contains(n))
      throw Error(ErrorCode::kIncompatible,
                  names_[n] + " belongs to a pooling of a kind that is not understood");
    open.insert(open.end(), graph_.nodes[n].inputs.begin(), graph_.nodes[n].inputs.end());
  }
}

std::vector<bool> OnnxTracer::Needed() const {
  std::map<std::string_view, std::size_t> maker;
  for (std::size_t i = 0; i < onnx_.nodes.size(); ++i)
    for (const std::string& output : onnx_.nodes[i].outputs) maker[output] = i;
  std::vector<bool> needed(onnx_.nodes.size(), false);
  std::vector<std::string_view> open = {in_.output};
  while (!open.empty()) {
    const auto found = maker.find(open.back());
    open.pop_back();
    if (found == maker.end() || needed[found->second]) continue;
    needed[found->second] = true;
    for (const std::string& input : onnx_.nodes[found->second].inputs) open.push_back(input);
  }
  return needed;
}

void OnnxTracer::Run() {
  inputs_.clear();
  known_.clear();
  bool all_known = true;
  for (const std::string& name : node_->inputs) {
    if (name.empty()) {
      inputs_.push_back(nullptr);
      known_.push_back(nullptr);
      continue;
    }
    const auto found = values_.find(name);
    if (found == values_.end())
      Refuse("needs '" + PrintableName(name) + "', which no operation before it makes");
    inputs_.push_back(&found->second);
    known_.push_back(found->second.known.get());
    all_known = all_known && found->second.known != nullptr;
  }
  if (all_known) {
    std::optional<std::vector<OnnxTensor>> results = folder_.Fold(*node_, known_);
    if (!results) {
      if (FindOperation() != nullptr)
        Refuse(inputs_.empty() ? "has no input" : "works on known values alone, not on features");
      RefuseOperation();
    }
    for (std::size_t i = 0; i < std::min(results->size(), node_->outputs.size()); ++i)
      Set(i, Known(std::move((*results)[i])));
    return;
  }
  if (const Operation* operation = FindOperation()) return (this->*operation->run)();
  RefuseOperation();
}

OnnxTracer::Value OnnxTracer::Known(OnnxTensor tensor) {
  return {std::make_shared<const OnnxTensor>(std::move(tensor)), {}, 0};
}

void OnnxTracer::Set(std::size_t output, Value value) {
  if (output < node_->outputs.size()) values_[node_->outputs[output]] = std::move(value);
}

TracedValue OnnxTracer::Traced(std::size_t i) const {
  if (i >= inputs_.size() || inputs_[i] == nullptr) Refuse(Format("lacks its input %zu", i + 1));
  if (inputs_[i]->known != nullptr) Refuse(Format("takes known values as its input %zu", i + 1));
  if (inputs_[i]->parts.size() != 1)
    Refuse("works on values with and without frames that were joined, which is not understood");
  return inputs_[i]->parts[0];
}

TracedValue OnnxTracer::Whole(std::size_t i) const {
  TracedValue value = Traced(i);
  if (value.padded_segment != 0)
    Refuse("works on means of padded segments, which is not understood");
  return value;
}

const OnnxTensor& OnnxTracer::Weights(std::size_t i) const {
  if (i < inputs_.size() && inputs_[i] != nullptr && inputs_[i]->known != nullptr &&
      inputs_[i]->known->integer)
    Refuse(Format("has integers as its input %zu, which needs weights", i + 1));
  if (i >= inputs_.size() || inputs_[i] == nullptr || inputs_[i]->known == nullptr)
    Refuse(Format("needs weights that are known as its input %zu", i + 1));
  return *inputs_[i]->known;
}

const OnnxTensor* OnnxTracer::KnownInput(std::size_t i) const {
  return Has(i) ? inputs_[i]->known.get() : nullptr;
}

std::size_t OnnxTracer::Append(Node node) {
  if (graph_.nodes.size() >= kMostNodes) Refuse("is one operation too many");
  if (node.channels == 0 || node.channels > kMostExtent)
    Refuse(Format("makes %zu channels", node.channels));
  graph_.nodes.push_back(std::move(node));
  names_.push_back(NameOf(*node_));
  roles_.resize(graph_.nodes.size());
  return graph_.nodes.size() - 1;
}

const OnnxTracer::Role& OnnxTracer::RoleOf(std::size_t node) const {
  static const Role kNothing;
  return node < roles_.size() ? roles_[node] : kNothing;
}

std::size_t OnnxTracer::Plain(Op op, std::vector<std::size_t> inputs, std::size_t channels) {
  Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.channels = channels;
  return Append(std::move(node));
}

std::size_t OnnxTracer::Once(Op op, std::size_t input, std::size_t channels) {
  const auto [entry, inserted] = once_.try_emplace({op, input}, 0);
  if (inserted) entry->second = Plain(op, {input}, channels);
  return entry->second;
}

std::size_t OnnxTracer::Affine(std::size_t x, std::vector<float> scale, std::vector<float> bias,
                               Activation activation, float most) {
  Node node;
  node.op = Op::kAffine;
  node.inputs = {x};
  node.channels = ChannelsOf(x);
  node.scale = std::move(scale);
  node.bias = std::move(bias);
  node.activation = activation;
  node.most = most;
  return Append(std::move(node));
}

std::size_t OnnxTracer::Affine(std::size_t x, double scale, double bias, Activation activation,
                               float most) {
  const std::size_t channels = ChannelsOf(x);
  return Affine(x, std::vector<float>(channels, static_cast<float>(scale)),
                std::vector<float>(channels, static_cast<float>(bias)), activation, most);
}

TracedValue OnnxTracer::Settled(TracedValue value) {
  if (value.padded_segment != 0)
    Refuse("works on means of padded segments, which is not understood");
  if (value.scale != 1) value.node = Affine(value.node, value.scale, 0);
  value.scale = 1;
  return value;
}

TracedValue OnnxTracer::Arranged(TracedValue value, const Parts& channels) {
  if (value.channels == channels) return value;
  Parts joined = value.channels;
  joined.insert(joined.end(), value.bands.begin(), value.bands.end());
  if (joined == channels) {
    value.node =
        Once(Op::kBandsAsChannels, value.node, static_cast<std::size_t>(table_.SizeOf(channels)));
    value.channels = channels;
    value.bands.clear();
  } else if (channels.empty() && value.bands.empty()) {
    value.node = Once(Op::kChannelsAsBands, value.node, 1);
    value.bands = value.channels;
    value.channels.clear();
  } else {
    Refuse("takes channels and bands in an order that is not understood");
  }
  return value;
}

TracedValue OnnxTracer::WithChannelsOf(TracedValue value, std::size_t axis) {
  if (axis >= value.axes.size()) Refuse("works on a value of fewer dimensions");
  const Parts channels = value.axes[axis];
  return Arranged(std::move(value), channels);
}

bool OnnxTracer::IsStretched(const TracedValue& value) const {
  for (const Parts& axis : value.axes) {
    for (Part part : axis) {
      if (table_[part].segment != 0) return true;
    }
  }
  return false;
}

std::size_t OnnxTracer::SegmentOf(const TracedValue& value) const {
  for (const Parts& axis : value.axes) {
    for (Part part : axis) {
      if (table_[part].segment != 0) return table_[part].segment;
    }
  }
  return 0;
}

std::size_t OnnxTracer::Finish(const Value& result) {
  if (!result.traced()) Refuse("does not depend on the features");
  TracedValue value = Settled(result.parts[0]);
  Parts all;
  for (const Parts& axis : value.axes) all.insert(all.end(), axis.begin(), axis.end());
  for (Part part : all) {
    if (table_[part].repeats || table_[part].segment != 0 || part == FirstOf(value.frames))
      Refuse("still has frames; an embedding has one value for every dimension");
  }
  if (HasFrames(value)) Refuse("still has frames; an embedding has one value for every dimension");
  value = Arranged(std::move(value), all);
  if (value.node == 0) Refuse("is the input");
  return value.node;
}

const OnnxTracer::Operation* OnnxTracer::FindOperation() const {
  for (const Operation& operation : Operations()) {
    if (node_->type == operation.type) return &operation;
  }
  return nullptr;
}

std::span<const OnnxTracer::Operation> OnnxTracer::Operations() {
  static constexpr Operation kOperations[] = {
      {"Add", &OnnxTracer::Add},
      {"AveragePool", &OnnxTracer::AveragePool},
      {"BatchNormalization", &OnnxTracer::BatchNormalization},
      {"Cast", &OnnxTracer::Cast},
      {"Clip", &OnnxTracer::Clip},
      {"Concat", &OnnxTracer::Concat},
      {"Conv", &OnnxTracer::Conv},
      {"Div", &OnnxTracer::Div},
      {"Dropout", &OnnxTracer::Same},
      {"Expand", &OnnxTracer::Expand},
      {"Flatten", &OnnxTracer::Reshape},
      {"Gather", &OnnxTracer::Gather},
      {"Gemm", &OnnxTracer::Gemm},
      {"GlobalAveragePool", &OnnxTracer::GlobalAveragePool},
      {"Identity", &OnnxTracer::Same},
      {"LSTM", &OnnxTracer::Lstm},
      {"LpNormalization", &OnnxTracer::LpNormalization},
      {"MatMul", &OnnxTracer::MatMul},
      {"MaxPool", &OnnxTracer::MaxPool},
      {"Mul", &OnnxTracer::Mul},
      {"Neg", &OnnxTracer::Neg},
      {"Pad", &OnnxTracer::Pad},
      {"Pow", &OnnxTracer::Pow},
      {"ReduceL2", &OnnxTracer::ReduceL2},
      {"ReduceMean", &OnnxTracer::ReduceMean},
      {"ReduceSum", &OnnxTracer::ReduceSum},
      {"Relu", &OnnxTracer::Relu},
      {"Reshape", &OnnxTracer::Reshape},
      {"Shape", &OnnxTracer::ShapeOfValue},
      {"Sigmoid", &OnnxTracer::Sigmoid},
      {"Slice", &OnnxTracer::Slice},
      {"Softmax", &OnnxTracer::Softmax},
      {"Split", &OnnxTracer::Split},
      {"Sqrt", &OnnxTracer::Sqrt},
      {"Squeeze", &OnnxTracer::Reshape},
      {"Sub", &OnnxTracer::Sub},
      {"Tanh", &OnnxTracer::Tanh},
      {"Tile", &OnnxTracer::Tile},
      {"Transpose", &OnnxTracer::Transpose},
      {"Unsqueeze", &OnnxTracer::Reshape},
      {"Where", &OnnxTracer::Where}};
  return kOperations;
}

TracedGraph TraceOnnx(const OnnxGraph& onnx, const OnnxInterface& interface, std::int64_t frames) {
  return OnnxTracer(onnx, interface).Trace(frames);
}

}  // namespace vpr
