#include "network/onnx_trace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "base/printable_name.h"
#include "network/graph_simplify.h"
#include "network/onnx_fold.h"
#include "network/onnx_value.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Op = Node::Op;
using Shape = std::vector<std::int64_t>;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kMostNodes = 1 << 16, kMostExtent = 1 << 16;
// A factor this close to 1 is a 1 that was computed in single precision.
constexpr double kClose = 1e-6;

bool Close(double a, double b) { return std::abs(a - b) <= kClose * std::abs(b); }

// What a node is, where it is part of a pooling.
struct Role {
  enum Kind {
    kPlain,
    kMean,          // of x over the frames, weighted by w where there is one
    kOff,           // x less its mean
    kSquare,        // of x
    kOffSquare,     // of x less its mean
    kWeighted,      // x times w, whose sum over the frames is 1
    kMeanOfSquare,  // of x
    kVariance,      // of x; `factor` times it, plus `floor`, or at least that
    kDeviation,     // the square root of that
    kSumOfSquares,  // of x over the channels
    kLength,        // the square root of that
  } kind = kPlain;
  std::size_t x = kNone, w = kNone;
  double factor = 1, floor = 0;
  bool least = false, unbiased = false;
};

// A value: known numbers, or traced, or some next to one another along an axis that do not all have
// frames.
struct Value {
  std::shared_ptr<const OnnxTensor> known;
  std::vector<TracedValue> parts;
  std::size_t axis = 0;

  bool traced() const { return known == nullptr && parts.size() == 1; }
};

class Tracer {
 public:
  Tracer(const OnnxGraph& onnx, const OnnxInterface& interface) : onnx_(onnx), in_(interface) {}

  TracedGraph Trace(std::int64_t frames) {
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

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kIncompatible, NameOf(*node_) + " " + what);
  }
  [[noreturn]] void RefuseOperation() const {
    if (node_->attributes.contains("then_branch") || node_->type == "Loop" || node_->type == "Scan")
      Refuse("decides what is computed while it runs, which is not understood");
    Refuse("is an operation that is not understood");
  }

  void Begin(std::int64_t frames) {
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

  // Nothing that stands for a step on the way to a pooling may be left over.
  void CheckFinished(std::size_t last) const {
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

  // Operations that the output needs.
  std::vector<bool> Needed() const {
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

  void Run() {
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

  static Value Known(OnnxTensor tensor) {
    return {std::make_shared<const OnnxTensor>(std::move(tensor)), {}, 0};
  }
  void Set(std::size_t output, Value value) {
    if (output < node_->outputs.size()) values_[node_->outputs[output]] = std::move(value);
  }
  void Set(TracedValue value) { Set(0, Value{nullptr, {std::move(value)}, 0}); }

  // An input that is features, or made of them.
  TracedValue Traced(std::size_t i) const {
    if (i >= inputs_.size() || inputs_[i] == nullptr) Refuse(Format("lacks its input %zu", i + 1));
    if (inputs_[i]->known != nullptr) Refuse(Format("takes known values as its input %zu", i + 1));
    if (inputs_[i]->parts.size() != 1)
      Refuse("works on values with and without frames that were joined, which is not understood");
    return inputs_[i]->parts[0];
  }
  // One that any operation may work on.
  TracedValue Whole(std::size_t i) const {
    TracedValue value = Traced(i);
    if (value.padded_segment != 0)
      Refuse("works on means of padded segments, which is not understood");
    return value;
  }
  const OnnxTensor& Weights(std::size_t i) const {
    if (i < inputs_.size() && inputs_[i] != nullptr && inputs_[i]->known != nullptr &&
        inputs_[i]->known->integer)
      Refuse(Format("has integers as its input %zu, which needs weights", i + 1));
    if (i >= inputs_.size() || inputs_[i] == nullptr || inputs_[i]->known == nullptr)
      Refuse(Format("needs weights that are known as its input %zu", i + 1));
    return *inputs_[i]->known;
  }
  bool Has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const OnnxTensor* KnownInput(std::size_t i) const {
    return Has(i) ? inputs_[i]->known.get() : nullptr;
  }

  // ---- Nodes.

  std::size_t Append(Node node) {
    if (graph_.nodes.size() >= kMostNodes) Refuse("is one operation too many");
    if (node.channels == 0 || node.channels > kMostExtent)
      Refuse(Format("makes %zu channels", node.channels));
    graph_.nodes.push_back(std::move(node));
    names_.push_back(NameOf(*node_));
    roles_.resize(graph_.nodes.size());
    return graph_.nodes.size() - 1;
  }
  const Role& RoleOf(std::size_t node) const {
    static const Role kNothing;
    return node < roles_.size() ? roles_[node] : kNothing;
  }
  std::size_t ChannelsOf(std::size_t node) const { return graph_.nodes[node].channels; }

  std::size_t Plain(Op op, std::vector<std::size_t> inputs, std::size_t channels) {
    Node node;
    node.op = op;
    node.inputs = std::move(inputs);
    node.channels = channels;
    return Append(std::move(node));
  }
  // The same operation on the same value is the same node, so that poolings are recognised.
  std::size_t Once(Op op, std::size_t input, std::size_t channels) {
    const auto [entry, inserted] = once_.try_emplace({op, input}, 0);
    if (inserted) entry->second = Plain(op, {input}, channels);
    return entry->second;
  }

  std::size_t Affine(std::size_t x, std::vector<float> scale, std::vector<float> bias,
                     Activation activation = Activation::kNone, float most = 0) {
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
  std::size_t Affine(std::size_t x, double scale, double bias,
                     Activation activation = Activation::kNone, float most = 0) {
    const std::size_t channels = ChannelsOf(x);
    return Affine(x, std::vector<float>(channels, static_cast<float>(scale)),
                  std::vector<float>(channels, static_cast<float>(bias)), activation, most);
  }

  // With nothing but a node.
  TracedValue Settled(TracedValue value) {
    if (value.padded_segment != 0)
      Refuse("works on means of padded segments, which is not understood");
    if (value.scale != 1) value.node = Affine(value.node, value.scale, 0);
    value.scale = 1;
    return value;
  }

  // The same value of a node whose channels are these parts.
  TracedValue Arranged(TracedValue value, const Parts& channels) {
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
  TracedValue WithChannelsOf(TracedValue value, std::size_t axis) {
    if (axis >= value.axes.size()) Refuse("works on a value of fewer dimensions");
    const Parts channels = value.axes[axis];
    return Arranged(std::move(value), channels);
  }

  bool HasFrames(const TracedValue& value) const { return !value.frames.empty(); }
  std::int64_t FramesOf(const TracedValue& value) const { return table_.SizeOf(value.frames); }
  bool IsStretched(const TracedValue& value) const {
    for (const Parts& axis : value.axes) {
      for (Part part : axis) {
        if (table_[part].segment != 0) return true;
      }
    }
    return false;
  }
  std::size_t SegmentOf(const TracedValue& value) const {
    for (const Parts& axis : value.axes) {
      for (Part part : axis) {
        if (table_[part].segment != 0) return table_[part].segment;
      }
    }
    return 0;
  }

  // ---- Operations that give each value its own.

  void Activate(Activation activation, float most = 0) {
    TracedValue value = Settled(Whole(0));
    value.node = Affine(value.node, 1, 0, activation, most);
    Set(std::move(value));
  }
  void Relu() { Activate(Activation::kRelu); }
  void Tanh() { Activate(Activation::kTanh); }
  void Sigmoid() { Activate(Activation::kSigmoid); }
  void Same() { Set(0, *inputs_[0]); }
  void Cast() {
    const std::int64_t to = IntegerOf(*node_, "to", 1);
    if (to != 1 && to != 11) Refuse("turns features into other than numbers");
    Same();
  }
  void Neg() {
    TracedValue value = Whole(0);
    value.scale = -value.scale;
    Set(std::move(value));
  }

  // A bound, by attribute or by input; `otherwise` without it.
  double Bound(const char* name, std::size_t input, double otherwise) const {
    if (const OnnxTensor* tensor = KnownInput(input)) {
      if (tensor->size() != 1) Refuse("has more than one bound");
      return tensor->integer ? static_cast<double>(tensor->integers[0])
                             : static_cast<double>(tensor->numbers[0]);
    }
    if (Has(input)) Refuse("has bounds that are not known");
    const auto found = node_->attributes.find(name);
    return found == node_->attributes.end() ? otherwise : static_cast<double>(found->second.number);
  }
  void Clip() {
    constexpr double kOpen = 1e30;
    const double low = Bound("min", 1, -kOpen), high = Bound("max", 2, kOpen);
    const TracedValue value = Whole(0);
    const Role role = RoleOf(value.node);
    if (high >= kOpen && low > 0 && role.kind == Role::kVariance && role.floor == 0) {
      Role floored = role;
      floored.factor *= value.scale;
      floored.floor = low;
      floored.least = true;
      return SetRole(value, floored);
    }
    // What keeps a length from being 0.
    if (high >= kOpen && low > 0 && low < kClose && role.kind == Role::kLength) return Same();
    if (low != 0) Refuse("limits values in a way that is not understood");
    high >= kOpen ? Activate(Activation::kRelu)
                  : Activate(Activation::kClippedRelu, static_cast<float>(high));
  }

  // A stand-in for a step on the way to a pooling; nothing else can use it.
  void SetRole(TracedValue value, const Role& role) {
    value = Settled(std::move(value));
    value.node = Affine(value.node, 1, 0);
    roles_[value.node] = role;
    unfinished_.insert(value.node);
    Set(std::move(value));
  }

  void BatchNormalization() {
    TracedValue value = WithChannelsOf(Whole(0), 1);
    const std::size_t channels = ChannelsOf(value.node);
    const OnnxTensor &gain = Weights(1), &bias = Weights(2), &mean = Weights(3),
                     &variance = Weights(4);
    for (const OnnxTensor* tensor : {&gain, &bias, &mean, &variance}) {
      if (tensor->numbers.size() != channels)
        Refuse(Format("has statistics of %zu channels for %zu", tensor->numbers.size(), channels));
    }
    const auto epsilon = static_cast<double>(NumberOf(*node_, "epsilon", 1e-5f));
    std::vector<float> scales, shifts;
    for (std::size_t c = 0; c < channels; ++c) {
      const double scale = static_cast<double>(gain.numbers[c]) /
                           std::sqrt(static_cast<double>(variance.numbers[c]) + epsilon);
      scales.push_back(static_cast<float>(scale * value.scale));
      shifts.push_back(static_cast<float>(static_cast<double>(bias.numbers[c]) -
                                          static_cast<double>(mean.numbers[c]) * scale));
    }
    value.scale = 1;
    value.node = Affine(value.node, std::move(scales), std::move(shifts));
    Set(std::move(value));
  }

  // ---- Operations of two values.

  enum class Kind { kAdd, kSub, kMul, kDiv };

  void Add() { Binary(Kind::kAdd); }
  void Sub() { Binary(Kind::kSub); }
  void Mul() { Binary(Kind::kMul); }
  void Div() { Binary(Kind::kDiv); }

  void Binary(Kind kind) {
    if (inputs_.size() != 2 || !Has(0) || !Has(1)) Refuse("needs two inputs");
    if (KnownInput(1) != nullptr) return WithKnown(kind, 0, *KnownInput(1), false);
    if (KnownInput(0) != nullptr) return WithKnown(kind, 1, *KnownInput(0), true);
    TracedValue a = Whole(0), b = Whole(1);
    switch (kind) {
      case Kind::kSub:
        if (Variance(a, b)) return;
        b.scale = -b.scale;
        return Sum(a, b);
      case Kind::kAdd:
        return Sum(a, b);
      case Kind::kMul:
        return Product(a, b);
      case Kind::kDiv:
        return Quotient(a, b);
    }
  }

  // The only number that a tensor has, however often.
  static std::optional<double> Uniform(const OnnxTensor& tensor) {
    if (tensor.size() == 0) return std::nullopt;
    auto at = [&](std::size_t i) {
      return tensor.integer ? static_cast<double>(tensor.integers[i])
                            : static_cast<double>(tensor.numbers[i]);
    };
    for (std::size_t i = 1; i < tensor.size(); ++i) {
      if (at(i) != at(0)) return std::nullopt;
    }
    return at(0);
  }

  // A value repeated along axes of size 1 as `shape` needs it.
  TracedValue Broadcast(TracedValue value, const Shape& shape) {
    const Shape result = BroadcastShape(*node_, table_.ShapeOf(value), shape);
    CountOf(result, std::size_t{1} << 40);
    value.axes.insert(value.axes.begin(), result.size() - value.axes.size(), {});
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (table_.SizeOf(value.axes[i]) == 1 && result[i] > 1)
        value.axes[i] = table_.New(result[i], true);
      if (result[i] == 0) Refuse("makes an empty value");
    }
    return value;
  }

  void WithKnown(Kind kind, std::size_t input, const OnnxTensor& known, bool known_first) {
    TracedValue value = Traced(input);
    if (value.padded_segment != 0) return Shares(kind, value, known, known_first);
    if (const std::optional<double> number = Uniform(known)) {
      value = Broadcast(std::move(value), known.shape);
      return WithNumber(kind, value, *number, known_first);
    }
    // One number a channel.
    value = Broadcast(std::move(value), known.shape);
    std::size_t axis = kNone;
    const std::size_t ahead = value.axes.size() - known.shape.size();
    for (std::size_t i = 0; i < known.shape.size(); ++i) {
      if (known.shape[i] == 1) continue;
      if (axis != kNone)
        Refuse("has known values along more than one axis, which is not understood");
      axis = ahead + i;
    }
    value = WithChannelsOf(std::move(value), axis);
    const std::size_t channels = ChannelsOf(value.node);
    if (known.size() != channels || known.integer)
      Refuse("has known values along another axis than the channels, which is not understood");
    std::vector<float> scale(channels, static_cast<float>(value.scale)), bias(channels, 0.0f);
    for (std::size_t c = 0; c < channels; ++c) {
      const float number = known.numbers[c];
      switch (kind) {
        case Kind::kAdd:
          bias[c] = number;
          break;
        case Kind::kSub:
          bias[c] = known_first ? number : -number;
          if (known_first) scale[c] = -scale[c];
          break;
        case Kind::kMul:
          scale[c] *= number;
          break;
        case Kind::kDiv:
          if (known_first) Refuse("divides by features, which is not understood");
          scale[c] /= number;
          break;
      }
    }
    value.scale = 1;
    value.node = Affine(value.node, std::move(scale), std::move(bias));
    Set(std::move(value));
  }

  void WithNumber(Kind kind, TracedValue value, double number, bool known_first) {
    if (kind == Kind::kMul || kind == Kind::kDiv) {
      if (kind == Kind::kDiv && (known_first || number == 0))
        Refuse("divides by features, which is not understood");
      value.scale *= kind == Kind::kMul ? number : 1 / number;
      if (Close(value.scale, 1)) value.scale = 1;
      if (value.scale != 0) return Set(std::move(value));
      OnnxTensor zeros;
      zeros.shape = table_.ShapeOf(value);
      zeros.numbers.assign(CountOf(zeros.shape, std::size_t{1} << 25), 0.0f);
      return Set(0, Known(std::move(zeros)));
    }
    const Role role = RoleOf(value.node);
    if (kind == Kind::kAdd && role.kind == Role::kVariance && role.floor == 0 && number > 0) {
      Role floored = role;
      floored.factor *= value.scale;
      floored.floor = number;
      return SetRole(std::move(value), floored);
    }
    if (number == 0 && !(kind == Kind::kSub && known_first)) return Set(std::move(value));
    if (kind == Kind::kSub) {
      if (known_first) {
        value.scale = -value.scale;
      } else {
        number = -number;
      }
    }
    value.node = Affine(value.node, value.scale, number);
    value.scale = 1;
    Set(std::move(value));
  }

  // Means of padded segments divided by how much of each segment there was.
  void Shares(Kind kind, TracedValue value, const OnnxTensor& known, bool known_first) {
    const std::size_t segment = value.padded_segment;
    const std::int64_t frames = value.padded_frames;
    const auto count = static_cast<std::size_t>(FramesOf(value));
    if (kind != Kind::kDiv || known_first || known.integer || known.size() % count != 0 ||
        known.shape.empty() || (known.shape.back() != 1 && count == 1))
      Refuse("works on means of padded segments, which is not understood");
    for (std::size_t i = 0; i < known.size(); ++i) {
      const auto begin = static_cast<std::int64_t>(i % count * segment);
      const std::int64_t there =
          std::min<std::int64_t>(static_cast<std::int64_t>(segment), frames - begin);
      if (!Close(static_cast<double>(known.numbers[i]),
                 static_cast<double>(there) / static_cast<double>(segment)))
        Refuse("divides by other numbers than the shares of segments");
    }
    value.padded_segment = 0;
    Set(std::move(value));
  }

  // Gives two values nodes whose dimensions are the same, or the second's [channels, 1, 1]. Swaps
  // them if need be.
  std::vector<Parts> Match(TracedValue& a, TracedValue& b) {
    std::optional<std::vector<Parts>> axes = table_.Align(a, b);
    if (!axes) Refuse("has inputs whose dimensions do not go together in a way that is understood");
    auto weight = [](const TracedValue& value) {
      return value.bands.size() + 2 * value.frames.size();
    };
    const bool stretched_a = IsStretched(a), stretched_b = IsStretched(b);
    if (stretched_a != stretched_b && HasFrames(a) && HasFrames(b)) {
      if (stretched_a) std::swap(a, b);
    } else if (weight(a) < weight(b)) {
      std::swap(a, b);
    }
    if (a.channels != b.channels) {
      if (a.channels.size() < b.channels.size()) {
        a = Arranged(std::move(a), b.channels);
      } else {
        b = Arranged(std::move(b), a.channels);
      }
    }
    const bool same = a.bands == b.bands && (a.frames == b.frames || stretched_a != stretched_b);
    const bool vector = b.bands.empty() && b.frames.empty();
    if (!same && !vector)
      Refuse("has inputs whose dimensions do not go together in a way that is understood");
    return *axes;
  }

  void Sum(TracedValue a, TracedValue b) {
    a = Settled(std::move(a));
    const double scale_b = b.scale;
    const std::size_t node_b = b.node;
    b = Settled(std::move(b));
    // What is taken off, before it was turned round.
    const std::size_t settled_b = b.node;
    TracedValue x = a, y = b;
    std::vector<Parts> axes = Match(x, y);
    if (IsStretched(x) != IsStretched(y) && HasFrames(x) && HasFrames(y))
      Refuse("adds means of segments to frames, which is not understood");
    Node node;
    node.op = Op::kAdd;
    node.inputs = {x.node, y.node};
    node.channels = ChannelsOf(x.node);
    x.node = Append(std::move(node));
    x.axes = std::move(axes);
    // Features less their mean. The mean's channels may have been bands of the features.
    if (scale_b == -1 && y.node == settled_b) {
      const Role& mean = RoleOf(node_b);
      const std::size_t from = graph_.nodes[x.node].inputs[0];
      if (mean.kind == Role::kMean && mean.x == from)
        roles_[x.node] = {Role::kOff, mean.x, mean.w, 1, 0, false, false};
    }
    Set(std::move(x));
  }

  void Product(TracedValue a, TracedValue b) {
    const double scale = a.scale * b.scale;
    a.scale = b.scale = 1;
    std::vector<Parts> axes = Match(a, b);
    TracedValue x = a;
    const std::size_t p = a.node, q = b.node;
    const Role role_p = RoleOf(p);
    x.scale = scale;
    x.axes = std::move(axes);
    if (IsStretched(a) != IsStretched(b) && HasFrames(a) && HasFrames(b)) {
      if (!a.bands.empty()) Refuse("multiplies segments of bands, which is not understood");
      x.node = Plain(Op::kMultiplySegments, {p, q}, ChannelsOf(p));
      graph_.nodes[x.node].segment = SegmentOf(b);
      return Set(std::move(x));
    }
    // x sigmoid(x)
    for (const auto& [gate, from] : {std::pair(q, p), std::pair(p, q)}) {
      const Node& node = graph_.nodes[gate];
      if (node.op == Op::kAffine && node.activation == Activation::kSigmoid && IsIdentity(node) &&
          node.inputs[0] == from && scale == 1) {
        x.node = Affine(from, 1, 0, Activation::kSilu);
        return Set(std::move(x));
      }
    }
    x.node = Plain(Op::kMultiply, {p, q}, ChannelsOf(p));
    if (p == q) {
      roles_[x.node] = role_p.kind == Role::kOff
                           ? Role{Role::kOffSquare, role_p.x, role_p.w, 1, 0, false, false}
                           : Role{Role::kSquare, p, kNone, 1, 0, false, false};
    } else if (graph_.nodes[q].op == Op::kSoftmax) {
      roles_[x.node] = {Role::kWeighted, p, q, 1, 0, false, false};
    } else if (graph_.nodes[p].op == Op::kSoftmax) {
      roles_[x.node] = {Role::kWeighted, q, p, 1, 0, false, false};
    }
    Set(std::move(x));
  }

  void Quotient(const TracedValue& a, const TracedValue& b) {
    const Role role = RoleOf(b.node);
    if (role.kind != Role::kLength || role.x != a.node || HasFrames(a) || !a.bands.empty())
      Refuse("divides by features, which is not understood");
    TracedValue value = a;
    value.scale = a.scale / b.scale;
    value.node = Plain(Op::kUnitLength, {a.node}, ChannelsOf(a.node));
    Set(std::move(value));
  }

  void Pow() {
    const OnnxTensor* exponent = KnownInput(1);
    const std::optional<double> number = exponent == nullptr ? std::nullopt : Uniform(*exponent);
    if (!number || *number != 2) Refuse("raises features to a power that is not understood");
    const TracedValue value = Whole(0);
    Product(value, value);
  }

  // Mean of the square less square of the mean.
  bool Variance(const TracedValue& a, const TracedValue& b) {
    const Role squares = RoleOf(a.node), square = RoleOf(b.node);
    if (squares.kind != Role::kMeanOfSquare || square.kind != Role::kSquare || a.scale != 1 ||
        b.scale != 1)
      return false;
    const Role mean = RoleOf(square.x);
    if (mean.kind != Role::kMean || mean.x != squares.x || mean.w != squares.w) return false;
    SetRole(a, {Role::kVariance, squares.x, squares.w, 1, 0, false, false});
    return true;
  }

  void Sqrt() {
    TracedValue value = Whole(0);
    Role role = RoleOf(value.node);
    if (role.kind == Role::kSumOfSquares && value.scale == 1) {
      role.kind = Role::kLength;
      return SetRole(std::move(value), role);
    }
    if (role.kind != Role::kVariance) Refuse("takes a root of what is no variance over the frames");
    if (role.floor == 0) {
      role.factor *= value.scale;
    } else if (value.scale != 1) {
      Refuse("takes a root of a variance in a way that is not understood");
    }
    const auto found = frames_of_.find(role.x);
    const double frames = found == frames_of_.end() ? 0 : found->second;
    role.unbiased = frames > 1 && Close(role.factor, frames / (frames - 1));
    if (!role.unbiased && !Close(role.factor, 1))
      Refuse("takes a root of a variance in a way that is not understood");
    if (role.unbiased && role.w != kNone)
      Refuse("takes a root of a variance in a way that is not understood");
    const std::size_t channels = ChannelsOf(role.x);
    const std::size_t statistics = Statistics(role);
    value.scale = 1;
    value.node = Half(statistics, channels, channels);
    role.kind = Role::kDeviation;
    roles_[value.node] = role;
    Set(std::move(value));
  }

  std::size_t Statistics(const Role& role) {
    for (const auto& [made, node] : statistics_) {
      if (made.x == role.x && made.w == role.w && made.floor == role.floor &&
          made.least == role.least && made.unbiased == role.unbiased)
        return node;
    }
    Node node;
    node.op = role.w == kNone ? Op::kStatistics : Op::kWeightedStatistics;
    node.inputs = {role.x};
    if (role.w != kNone) node.inputs.push_back(role.w);
    node.channels = 2 * ChannelsOf(role.x);
    node.variance_floor = static_cast<float>(role.floor);
    node.floor_is_least = role.least;
    node.unbiased = role.unbiased;
    statistics_.emplace_back(role, Append(std::move(node)));
    return statistics_.back().second;
  }
  std::size_t Half(std::size_t node, std::size_t begin, std::size_t channels) {
    const std::size_t half = Plain(Op::kSlice, {node}, channels);
    graph_.nodes[half].begin = begin;
    return half;
  }

  // ---- Over the frames.

  void ReduceMean() { Reduce(false); }
  void ReduceSum() { Reduce(true); }

  std::vector<bool> ReducedAxes(const TracedValue& value) const {
    std::vector<bool> reduced(value.axes.size(), false);
    if (Has(1) && KnownInput(1) == nullptr) Refuse("has axes that are not known");
    const std::vector<std::int64_t> axes = AxesOf(*node_, known_);
    if (axes.empty() && IntegerOf(*node_, "noop_with_empty_axes", 0) == 0)
      reduced.assign(value.axes.size(), true);
    for (std::int64_t axis : axes) reduced[AxisOf(*node_, axis, value.axes.size())] = true;
    return reduced;
  }
  void DropAxes(TracedValue& value, const std::vector<bool>& reduced) const {
    const bool keep = IntegerOf(*node_, "keepdims", 1) != 0;
    std::vector<Parts> axes;
    for (std::size_t i = 0; i < value.axes.size(); ++i) {
      if (!reduced[i]) axes.push_back(value.axes[i]);
      if (reduced[i] && keep) axes.emplace_back();
    }
    value.axes = std::move(axes);
  }

  void Reduce(bool sum) {
    TracedValue value = Whole(0);
    const std::vector<bool> reduced = ReducedAxes(value);
    Parts parts, left;
    for (std::size_t i = 0; i < value.axes.size(); ++i) {
      for (Part part : value.axes[i]) {
        if (!reduced[i]) {
          left.push_back(part);
        } else if (!table_[part].repeats) {
          parts.push_back(part);
        } else if (sum) {
          value.scale *= static_cast<double>(table_[part].size);
        }
      }
    }
    DropAxes(value, reduced);
    if (parts.empty()) return Set(std::move(value));
    if (parts == value.channels && !HasFrames(value) && value.bands.empty() && sum) {
      const Role role = RoleOf(value.node);
      if (role.kind != Role::kSquare || value.scale != 1)
        Refuse("adds up channels, which is not understood");
      value.channels.clear();
      return SetRole(std::move(value), {Role::kSumOfSquares, role.x, kNone, 1, 0, false, false});
    }
    std::sort(parts.begin(), parts.end());
    Parts all = value.bands;
    all.insert(all.end(), value.frames.begin(), value.frames.end());
    std::sort(all.begin(), all.end());
    const double frames = static_cast<double>(FramesOf(value));
    if (parts == all && !value.bands.empty()) {  // over bands and frames
      if (sum) value.scale *= static_cast<double>(table_.SizeOf(all));
      value.node = Once(Op::kMean, value.node, ChannelsOf(value.node));
      value.bands.clear();
      value.frames.clear();
    } else if (parts == value.frames) {
      Parts channels = value.channels;
      channels.insert(channels.end(), value.bands.begin(), value.bands.end());
      value = Arranged(std::move(value), channels);
      value.frames.clear();
      const Role role = RoleOf(value.node);
      std::size_t x = value.node, w = kNone;
      Role inner = role;
      if (role.kind == Role::kWeighted) {
        x = role.x;
        w = role.w;
        inner = RoleOf(x);
        Role statistics;
        statistics.x = x;
        statistics.w = w;
        value.node = Half(Statistics(statistics), 0, ChannelsOf(x));
        if (!sum) value.scale /= frames;
      } else {
        value.node = Once(Op::kMean, x, ChannelsOf(x));
        if (sum) value.scale *= frames;
      }
      frames_of_[x] = frames;
      if (inner.kind == Role::kOffSquare && inner.w == w) {
        roles_[value.node] = {Role::kVariance, inner.x, w, 1, 0, false, false};
        frames_of_[inner.x] = frames;
      } else if (inner.kind == Role::kSquare) {
        roles_[value.node] = {Role::kMeanOfSquare, inner.x, w, 1, 0, false, false};
        frames_of_[inner.x] = frames;
      } else {
        roles_[value.node] = {Role::kMean, x, w, 1, 0, false, false};
      }
    } else {
      Refuse("reduces other axes than the frames, which is not understood");
    }
    if (Close(value.scale, 1)) value.scale = 1;
    Set(std::move(value));
  }

  void GlobalAveragePool() {
    TracedValue value = Whole(0);
    value = WithChannelsOf(std::move(value), 1);
    if (IsStretched(value)) Refuse("works on means of segments, which is not understood");
    for (std::size_t i = 2; i < value.axes.size(); ++i) value.axes[i].clear();
    if (HasFrames(value) || !value.bands.empty()) {
      const bool mean = value.bands.empty();
      const std::size_t x = value.node;
      const auto frames = static_cast<double>(FramesOf(value));
      value.node = Once(Op::kMean, x, ChannelsOf(x));
      if (mean) {
        roles_[value.node] = {Role::kMean, x, kNone, 1, 0, false, false};
        frames_of_[x] = frames;
      }
      value.bands.clear();
      value.frames.clear();
    }
    Set(std::move(value));
  }

  void ReduceL2() {
    TracedValue value = Whole(0);
    DropAxesOfChannels(value);
    const std::size_t x = value.node;
    value.channels.clear();
    value.scale = 1;
    SetRole(std::move(value), {Role::kLength, x, kNone, 1, 0, false, false});
  }
  // Checks that the axes reduced are the channels of a vector.
  void DropAxesOfChannels(TracedValue& value) const {
    const std::vector<bool> reduced = ReducedAxes(value);
    Parts parts;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (reduced[i]) parts.insert(parts.end(), value.axes[i].begin(), value.axes[i].end());
    }
    if (parts != value.channels || HasFrames(value) || !value.bands.empty() || value.scale != 1)
      Refuse("takes a length of what is no embedding");
    DropAxes(value, reduced);
  }
  void LpNormalization() {
    TracedValue value = Whole(0);
    const std::size_t axis =
        AxisOf(*node_, IntegerOf(*node_, "axis", -1), std::max<std::size_t>(value.axes.size(), 1));
    if (IntegerOf(*node_, "p", 2) != 2 || value.axes[axis] != value.channels || HasFrames(value) ||
        !value.bands.empty())
      Refuse("takes a length of what is no embedding");
    value.node = Plain(Op::kUnitLength, {value.node}, ChannelsOf(value.node));
    value.scale = 1;
    Set(std::move(value));
  }

  void Softmax() {
    TracedValue value = Settled(Whole(0));
    const std::size_t rank = value.axes.size();
    const std::int64_t otherwise = onnx_.operators >= 13 ? -1 : 1;
    const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", otherwise), rank);
    if (value.axes[axis] != value.frames || !HasFrames(value) ||
        (onnx_.operators < 13 && axis + 1 != rank))
      Refuse("is taken over other than the frames, which is not understood");
    if (!value.bands.empty()) Refuse("is taken over frames of bands, which is not understood");
    value.node = Plain(Op::kSoftmax, {value.node}, ChannelsOf(value.node));
    Set(std::move(value));
  }

  // Where a value is chosen by a mask that is all alike.
  void Where() {
    const OnnxTensor* mask = KnownInput(0);
    const std::optional<double> chosen = mask == nullptr ? std::nullopt : Uniform(*mask);
    if (!chosen || !Has(1) || !Has(2))
      Refuse("chooses by a mask that is not the same for all frames");
    const std::size_t which = *chosen != 0 ? 1 : 2;
    if (inputs_[which]->known != nullptr) {
      const OnnxTensor& tensor = *inputs_[which]->known;
      const Shape other = inputs_[3 - which]->traced()
                              ? table_.ShapeOf(inputs_[3 - which]->parts[0])
                              : tensor.shape;
      if (BroadcastShape(*node_, tensor.shape, other) != tensor.shape)
        Refuse("chooses known values for features, which is not understood");
      return Set(0, *inputs_[which]);
    }
    TracedValue value = Broadcast(Whole(which), mask->shape);
    const Value& other = *inputs_[3 - which];
    value = Broadcast(std::move(value), other.known != nullptr ? other.known->shape
                                        : other.traced()       ? table_.ShapeOf(other.parts[0])
                                                               : Shape{});
    Set(std::move(value));
  }

  // ---- Convolutions and products with weights.

  struct Extents {
    std::int64_t kernel = 1, stride = 1, pad = 0, dilation = 1;
  };

  // Of the axes after the channels.
  std::vector<Extents> Window(std::size_t count, const OnnxTensor* weights) const {
    const Shape kernel = IntegersOf(*node_, "kernel_shape"),
                strides = IntegersOf(*node_, "strides"), pads = IntegersOf(*node_, "pads"),
                dilations = IntegersOf(*node_, "dilations");
    const auto padding = node_->attributes.find("auto_pad");
    if (padding != node_->attributes.end() && padding->second.text != "NOTSET" &&
        padding->second.text != "VALID" && !padding->second.text.empty())
      Refuse("pads by itself (auto_pad), which is not understood");
    auto fits = [&](const Shape& list, std::size_t size) {
      return list.empty() || list.size() == size;
    };
    if (!fits(kernel, count) || !fits(strides, count) || !fits(pads, 2 * count) ||
        !fits(dilations, count) || (kernel.empty() && weights == nullptr))
      Refuse("has settings for another number of axes");
    std::vector<Extents> window(count);
    for (std::size_t i = 0; i < count; ++i) {
      Extents& one = window[i];
      if (weights != nullptr) one.kernel = weights->shape[2 + i];
      if (!kernel.empty() && weights != nullptr && kernel[i] != one.kernel)
        Refuse("has a kernel of another size than its weights");
      if (!kernel.empty()) one.kernel = kernel[i];
      if (!strides.empty()) one.stride = strides[i];
      if (!dilations.empty()) one.dilation = dilations[i];
      if (!pads.empty()) one.pad = pads[i];
      constexpr std::int64_t kMost = 4096;
      for (std::int64_t value : {one.kernel, one.stride, one.dilation}) {
        if (value < 1 || value > kMost) Refuse("has a kernel, stride or dilation out of range");
      }
      if (one.pad < 0 || one.pad > kMost) Refuse("has a padding out of range");
    }
    return window;
  }
  bool PadsAlike() const {
    const Shape pads = IntegersOf(*node_, "pads");
    for (std::size_t i = 0; i < pads.size() / 2; ++i) {
      if (pads[i] != pads[pads.size() / 2 + i]) return false;
    }
    return true;
  }

  void Conv() {
    const OnnxTensor& weights = Weights(1);
    if (weights.shape.size() < 3 || weights.shape.size() > 4)
      Refuse(Format("is a convolution over %zu axes; 1 and 2 are understood",
                    weights.shape.size() < 2 ? 0 : weights.shape.size() - 2));
    const std::vector<Extents> window = Window(weights.shape.size() - 2, &weights);
    if (!PadsAlike()) Refuse("pads one side more than the other, which is not understood");
    const std::int64_t groups = IntegerOf(*node_, "group", 1);
    const std::int64_t out = weights.shape[0];
    if (groups < 1 || out < 1 || out > static_cast<std::int64_t>(kMostExtent) || out % groups != 0)
      Refuse("has groups that do not fit");
    const OnnxTensor* bias = Has(2) ? &Weights(2) : nullptr;
    if (bias != nullptr && bias->numbers.size() != static_cast<std::size_t>(out))
      Refuse("has a bias of another size");
    // A sum of squares that is given to every channel.
    if (!Has(0)) Refuse("lacks its input 1");
    if (inputs_[0]->traced() && RoleOf(inputs_[0]->parts[0].node).kind == Role::kSumOfSquares &&
        Uniform(weights) == 1.0 && weights.numbers.size() == static_cast<std::size_t>(out) &&
        bias == nullptr) {
      TracedValue value = inputs_[0]->parts[0];
      value.axes[1] = table_.New(out, true);
      return Set(std::move(value));
    }
    if (inputs_[0]->known == nullptr && inputs_[0]->parts.size() > 1)
      return JoinedProduct(weights.numbers, out, bias);
    TracedValue value = Settled(Whole(0));
    if (value.axes.size() != weights.shape.size() || !value.axes[0].empty())
      Refuse("is a convolution of a value of another number of dimensions");
    value = WithChannelsOf(std::move(value), 1);
    if (weights.shape[1] * groups != static_cast<std::int64_t>(ChannelsOf(value.node)))
      Refuse(Format("takes %lld channels, its input has %zu",
                    static_cast<long long>(weights.shape[1] * groups), ChannelsOf(value.node)));
    Convolve(std::move(value), weights, window, groups, bias);
  }

  void Convolve(TracedValue value, const OnnxTensor& weights, const std::vector<Extents>& window,
                std::int64_t groups, const OnnxTensor* bias) {
    const bool two = window.size() == 2;
    // Which axis has the frames: the last, or the one before it.
    bool frames_first = false;
    if (two) {
      const Parts& first = value.axes[2];
      frames_first = HasFrames(value) && !first.empty() &&
                     std::find(first.begin(), first.end(), value.frames[0]) != first.end();
    }
    Extents frames = window.back(), bands;
    if (two) bands = window[0];
    if (frames_first) std::swap(frames, bands);
    const std::size_t frames_axis = value.axes.size() - (frames_first ? 2 : 1);
    const bool point = frames.kernel == 1 && frames.stride == 1 && frames.pad == 0;
    if (!point && value.axes[frames_axis] != value.frames)
      Refuse("is a convolution over values that are no frames, which is not understood");
    if (two && value.axes[frames_first ? 3 : 2] != value.bands)
      Refuse("is a convolution over axes in an order that is not understood");
    if (!two && !value.bands.empty())
      Refuse("is a convolution over axes in an order that is not understood");
    if (bands.dilation != 1 && bands.kernel != 1)
      Refuse("dilates its kernel along the bands, which is not understood");
    Node node;
    node.op = Op::kConv;
    node.inputs = {value.node};
    node.channels = static_cast<std::size_t>(weights.shape[0]);
    node.kernel_bands = static_cast<std::size_t>(bands.kernel);
    node.kernel_frames = static_cast<std::size_t>(frames.kernel);
    node.stride_bands = static_cast<std::size_t>(bands.stride);
    node.stride_frames = static_cast<std::size_t>(frames.stride);
    node.pad_bands = static_cast<std::size_t>(bands.pad);
    node.pad_frames = static_cast<std::size_t>(frames.pad);
    node.dilation_frames = frames.kernel == 1 ? 1 : static_cast<std::size_t>(frames.dilation);
    node.groups = static_cast<std::size_t>(groups);
    node.weights = weights.numbers;
    if (frames_first) {
      const std::size_t size = node.kernel_bands * node.kernel_frames;
      for (std::size_t i = 0; i < node.weights.size(); i += size)
        for (std::size_t b = 0; b < node.kernel_bands; ++b)
          for (std::size_t f = 0; f < node.kernel_frames; ++f)
            node.weights[i + b * node.kernel_frames + f] =
                weights.numbers[i + f * node.kernel_bands + b];
    }
    node.bias = bias != nullptr ? bias->numbers : std::vector<float>(node.channels, 0.0f);
    const std::size_t count_frames = FramesAfter(node, static_cast<std::size_t>(FramesOf(value)));
    const std::size_t count_bands = BandsAfter(
        node, static_cast<std::size_t>(table_.SizeOf(value.bands)), ChannelsOf(value.node));
    if (count_frames == 0 || count_bands == 0) Refuse("leaves no frames or bands");
    const auto channels = static_cast<std::int64_t>(node.channels);
    value.node = Append(std::move(node));
    value.channels = table_.New(channels);
    value.axes[1] = value.channels;
    if (two) {
      value.bands = table_.New(static_cast<std::int64_t>(count_bands));
      value.axes[frames_first ? 3 : 2] = value.bands;
    }
    if (!point) {
      value.frames = table_.New(static_cast<std::int64_t>(count_frames));
      value.axes[frames_axis] = value.frames;
    }
    Set(std::move(value));
  }

  // A product with weights [out, in] of values along an axis of which only some have frames: those
  // that have none are multiplied once.
  void JoinedProduct(const std::vector<float>& weights, std::int64_t out, const OnnxTensor* bias) {
    const Value& joined = *inputs_[0];
    std::size_t total = 0;
    for (const TracedValue& part : joined.parts) total += ChannelsOf(part.node);
    const auto rows = static_cast<std::size_t>(out);
    const std::vector<Extents> window =
        Window(joined.parts[0].axes.size() < 3 ? 0 : joined.parts[0].axes.size() - 2, &Weights(1));
    const bool point = std::all_of(window.begin(), window.end(), [](const Extents& one) {
      return one.kernel == 1 && one.stride == 1 && one.pad == 0;
    });
    if (joined.axis != 1 || weights.size() != rows * total || !point ||
        IntegerOf(*node_, "group", 1) != 1)
      Refuse("is a convolution of joined values in a way that is not understood");
    bool with = false;
    std::size_t begin = 0, node = kNone;
    TracedValue result;
    for (std::size_t i = 0; i < joined.parts.size(); ++i) {
      const TracedValue part = Settled(joined.parts[i]);
      const std::size_t columns = ChannelsOf(part.node);
      Node product;
      product.op = Op::kConv;
      product.inputs = {part.node};
      product.channels = rows;
      for (std::size_t r = 0; r < rows; ++r)
        product.weights.insert(
            product.weights.end(), weights.begin() + static_cast<std::ptrdiff_t>(r * total + begin),
            weights.begin() + static_cast<std::ptrdiff_t>(r * total + begin + columns));
      product.bias.assign(rows, 0.0f);
      if (i == 0 && bias != nullptr) product.bias = bias->numbers;
      begin += columns;
      const std::size_t made = Append(std::move(product));
      const bool frames = HasFrames(part);
      if (node == kNone) {
        node = made;
        with = frames;
        result = part;
        continue;
      }
      Node sum;
      sum.op = Op::kAdd;
      sum.channels = rows;
      sum.inputs = frames && !with ? std::vector<std::size_t>{made, node}
                                   : std::vector<std::size_t>{node, made};
      if (frames && !with) result = part;
      with = with || frames;
      node = Append(std::move(sum));
    }
    result.node = node;
    result.channels = table_.New(out);
    result.axes[1] = result.channels;
    Set(std::move(result));
  }

  // Along the last axis.
  void Linear(const std::vector<float>& weights, std::size_t in, std::size_t out,
              std::vector<float> bias) {
    TracedValue value = Settled(Whole(0));
    if (value.axes.empty()) Refuse("works on a value of fewer dimensions");
    const std::size_t axis = value.axes.size() - 1;
    value = WithChannelsOf(std::move(value), axis);
    if (ChannelsOf(value.node) != in)
      Refuse(Format("takes %zu channels, its input has %zu", in, ChannelsOf(value.node)));
    Node node;
    node.op = Op::kConv;
    node.inputs = {value.node};
    node.channels = out;
    node.weights = weights;
    node.bias = std::move(bias);
    value.node = Append(std::move(node));
    value.channels = table_.New(static_cast<std::int64_t>(out));
    value.axes[axis] = value.channels;
    Set(std::move(value));
  }

  static std::vector<float> TransposedWeights(const std::vector<float>& from, std::size_t rows,
                                              std::size_t columns) {
    std::vector<float> to(from.size());
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
    return to;
  }

  void Gemm() {
    const OnnxTensor& weights = Weights(1);
    if (weights.shape.size() != 2 || IntegerOf(*node_, "transA", 0) != 0)
      Refuse("is a product of matrices that is not understood");
    const bool transposed = IntegerOf(*node_, "transB", 0) != 0;
    const auto rows = static_cast<std::size_t>(weights.shape[0]),
               columns = static_cast<std::size_t>(weights.shape[1]);
    const std::size_t out = transposed ? rows : columns, in = transposed ? columns : rows;
    std::vector<float> matrix =
        transposed ? weights.numbers : TransposedWeights(weights.numbers, rows, columns);
    const float alpha = NumberOf(*node_, "alpha", 1), beta = NumberOf(*node_, "beta", 1);
    for (float& value : matrix) value *= alpha;
    std::vector<float> bias(out, 0.0f);
    if (Has(2)) {
      const OnnxTensor& own = Weights(2);
      if (own.numbers.size() != out && own.numbers.size() != 1)
        Refuse("has a bias of another size");
      for (std::size_t i = 0; i < out; ++i)
        bias[i] = beta * own.numbers[own.numbers.size() == 1 ? 0 : i];
    }
    Linear(matrix, in, out, std::move(bias));
  }

  void MatMul() {
    const OnnxTensor& weights = Weights(1);
    if (weights.shape.size() != 2) Refuse("is a product of matrices that is not understood");
    const auto rows = static_cast<std::size_t>(weights.shape[0]),
               columns = static_cast<std::size_t>(weights.shape[1]);
    Linear(TransposedWeights(weights.numbers, rows, columns), rows, columns,
           std::vector<float>(columns, 0.0f));
  }

  // ---- Pooling with windows, padding.

  void AveragePool() {
    TracedValue value = WithChannelsOf(Whole(0), 1);
    if (value.axes.size() < 3) Refuse("works on a value of fewer dimensions");
    const std::vector<Extents> window = Window(value.axes.size() - 2, nullptr);
    for (std::size_t i = 0; i + 1 < window.size(); ++i) {
      if (window[i].kernel != 1 || window[i].stride != 1 || window[i].pad != 0)
        Refuse("takes means over bands, which is not understood");
    }
    const Extents& frames = window.back();
    const bool ceiling = IntegerOf(*node_, "ceil_mode", 0) != 0;
    const Shape pads = IntegersOf(*node_, "pads");
    const bool padded = !pads.empty() && pads.back() == frames.kernel - 1 && frames.pad == 0 &&
                        frames.kernel > 1 && IntegerOf(*node_, "count_include_pad", 0) != 0;
    const bool plain = pads.empty() || std::count(pads.begin(), pads.end(), 0) ==
                                           static_cast<std::ptrdiff_t>(pads.size());
    if (frames.kernel != frames.stride || value.axes.back() != value.frames || !HasFrames(value) ||
        !value.bands.empty() || !(padded || (plain && ceiling)))
      Refuse("takes means of windows other than whole segments with the rest at the end");
    const std::int64_t before = FramesOf(value);
    value.node = Plain(Op::kSegmentMean, {value.node}, ChannelsOf(value.node));
    graph_.nodes[value.node].segment = static_cast<std::size_t>(frames.kernel);
    value.frames = table_.New((before + frames.kernel - 1) / frames.kernel);
    value.axes.back() = value.frames;
    if (padded) {
      value.padded_segment = static_cast<std::size_t>(frames.kernel);
      value.padded_frames = before;
    }
    Set(std::move(value));
  }

  void MaxPool() {
    TracedValue value = WithChannelsOf(Whole(0), 1);
    const std::vector<Extents> window = Window(2, nullptr);
    for (const Extents& one : window) {
      if (one.kernel != 2 || one.stride != 2 || one.pad != 0 || one.dilation != 1)
        Refuse("takes the greatest of windows other than 2 x 2");
    }
    if (value.axes.size() != 4 || !PadsAlike() || IntegerOf(*node_, "ceil_mode", 0) != 0 ||
        value.axes[2] != value.bands || value.axes[3] != value.frames || value.scale < 0)
      Refuse("takes the greatest of windows in a way that is not understood");
    const std::int64_t bands = table_.SizeOf(value.bands) / 2, frames = FramesOf(value) / 2;
    if (bands == 0 || frames == 0) Refuse("leaves no frames or bands");
    value.node = Plain(Op::kMaxPool, {value.node}, ChannelsOf(value.node));
    value.bands = table_.New(bands);
    value.frames = table_.New(frames);
    value.axes[2] = value.bands;
    value.axes[3] = value.frames;
    Set(std::move(value));
  }

  void Pad() {
    TracedValue value = Whole(0);
    Shape pads = IntegersOf(*node_, "pads");
    if (pads.empty() && KnownInput(1) != nullptr && KnownInput(1)->integer)
      pads = KnownInput(1)->integers;
    const std::size_t rank = value.axes.size();
    if (pads.size() != 2 * rank || Has(3)) Refuse("pads in a way that is not understood");
    const auto mode = node_->attributes.find("mode");
    const bool reflect = mode != node_->attributes.end() && mode->second.text == "reflect";
    std::int64_t pad = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      if (pads[i] == 0 && pads[rank + i] == 0) continue;
      if (!reflect || pads[i] != pads[rank + i] || value.axes[i] != value.frames || pads[i] < 0 ||
          pads[i] >= FramesOf(value))
        Refuse(
            "pads other than frames by reflection, alike on both sides, which is not understood");
      pad = pads[i];
    }
    if (pad == 0) return Set(std::move(value));
    const auto axis = std::find(value.axes.begin(), value.axes.end(), value.frames);
    Node node;
    node.op = Op::kReflect;
    node.inputs = {value.node};
    node.channels = ChannelsOf(value.node);
    node.pad_frames = static_cast<std::size_t>(pad);
    const std::int64_t frames = FramesOf(value) + 2 * pad;
    value.node = Append(std::move(node));
    value.frames = table_.New(frames);
    *axis = value.frames;
    Set(std::move(value));
  }

  // ---- Operations that move values.

  void Transpose() {
    const Shape order = IntegersOf(*node_, "perm");
    TracedValue value = Traced(0);
    const std::size_t rank = value.axes.size();
    std::vector<Parts> axes;
    for (std::size_t i = 0; i < rank; ++i) {
      if (!order.empty() && order.size() != rank) Refuse("orders other axes than there are");
      axes.push_back(value.axes[order.empty() ? rank - 1 - i : AxisOf(*node_, order[i], rank)]);
    }
    if (std::set<std::int64_t>(order.begin(), order.end()).size() != order.size())
      Refuse("names an axis twice");
    value.axes = std::move(axes);
    Set(std::move(value));
  }

  void Reshape() {
    if (Has(1) && KnownInput(1) == nullptr) Refuse("makes a shape that depends on values");
    TracedValue value = Traced(0);
    std::optional<TracedValue> regrouped =
        table_.Regrouped(value, ShapeAfter(*node_, table_.ShapeOf(value), known_));
    if (!regrouped) Refuse("cuts frames apart, which is not understood");
    Set(std::move(*regrouped));
  }

  void ShapeOfValue() {
    if (inputs_[0]->parts.size() != 1) Refuse("takes the shape of joined values");
    OnnxTensor shape;
    shape.integer = true;
    const Shape all = table_.ShapeOf(inputs_[0]->parts[0]);
    const auto rank = static_cast<std::int64_t>(all.size());
    auto within = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    const std::int64_t begin = within(IntegerOf(*node_, "start", 0)),
                       end = within(IntegerOf(*node_, "end", rank));
    for (std::int64_t i = begin; i < end; ++i)
      shape.integers.push_back(all[static_cast<std::size_t>(i)]);
    shape.shape = {static_cast<std::int64_t>(shape.integers.size())};
    Set(0, Known(std::move(shape)));
  }

  void Expand() {
    if (KnownInput(1) == nullptr || !KnownInput(1)->integer)
      Refuse("makes a shape that depends on values");
    Set(Broadcast(Whole(0), KnownInput(1)->integers));
  }
  void Tile() {
    if (KnownInput(1) == nullptr || !KnownInput(1)->integer)
      Refuse("makes a shape that depends on values");
    TracedValue value = Whole(0);
    const Shape& times = KnownInput(1)->integers;
    if (times.size() != value.axes.size()) Refuse("repeats other axes than there are");
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (times[i] == 1) continue;
      if (!value.axes[i].empty() || times[i] < 1 ||
          times[i] > static_cast<std::int64_t>(kMostExtent))
        Refuse("repeats values next to one another, which is not understood");
      value.axes[i] = table_.New(times[i], true);
    }
    Set(std::move(value));
  }

  TracedValue KeptPart(TracedValue value, std::size_t axis, std::int64_t begin,
                       std::int64_t count) {
    const Parts parts = value.axes[axis];
    if (count < 1) Refuse("keeps nothing");
    if (begin == 0 && count == table_.SizeOf(parts)) return value;
    if (parts.size() == 1) {
      const PartInfo info = table_[parts[0]];
      if (info.repeats) {
        value.axes[axis] = table_.New(count, true);
        return value;
      }
      // The frames that the segments stand for, of which the last may be fewer.
      if (info.segment != 0 && begin == 0) {
        const std::int64_t segments = table_[info.of].size;
        const auto segment = static_cast<std::int64_t>(info.segment);
        if (count <= (segments - 1) * segment) Refuse("leaves out segments");
        value.axes[axis] = table_.Stretched(info.of, info.segment, count);
        return value;
      }
    }
    if (parts == value.frames || parts.empty())
      Refuse("takes some of the frames, which is not understood");
    value = WithChannelsOf(std::move(value), axis);
    value.node = Plain(Op::kSlice, {value.node}, static_cast<std::size_t>(count));
    graph_.nodes[value.node].begin = static_cast<std::size_t>(begin);
    value.channels = table_.New(count);
    value.axes[axis] = value.channels;
    return value;
  }

  void Slice() {
    for (std::size_t i = 1; i < inputs_.size(); ++i) {
      if (Has(i) && KnownInput(i) == nullptr) Refuse("cuts at places that depend on values");
    }
    TracedValue value = Whole(0);
    const std::vector<KeptRange> ranges = RangesOf(*node_, table_.ShapeOf(value), known_);
    for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
      if (ranges[axis].begin < 0) Refuse("turns features round, which is not understood");
      value = KeptPart(std::move(value), axis, ranges[axis].begin, ranges[axis].count);
    }
    Set(std::move(value));
  }

  void Split() {
    const TracedValue value = Whole(0);
    const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", 0), value.axes.size());
    std::int64_t begin = 0;
    const std::vector<std::int64_t> parts =
        PartsOfSplit(*node_, table_.SizeOf(value.axes[axis]), known_);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Set(i, Value{nullptr, {KeptPart(value, axis, begin, parts[i])}, 0});
      begin += parts[i];
    }
  }

  void Gather() {
    const OnnxTensor* index = KnownInput(1);
    TracedValue value = Whole(0);
    if (index == nullptr || !index->integer || index->size() != 1)
      Refuse("takes some of the values, which is not understood");
    const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", 0), value.axes.size());
    if (table_.SizeOf(value.axes[axis]) != 1 ||
        (index->integers[0] != 0 && index->integers[0] != -1))
      Refuse("takes some of the values, which is not understood");
    value.axes.erase(value.axes.begin() + static_cast<std::ptrdiff_t>(axis));
    value.axes.insert(value.axes.begin() + static_cast<std::ptrdiff_t>(axis), index->shape.size(),
                      {});
    Set(std::move(value));
  }

  void Concat() {
    std::vector<TracedValue> parts;
    for (std::size_t i = 0; i < inputs_.size(); ++i) parts.push_back(Whole(i));
    const std::size_t rank = parts[0].axes.size();
    const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", 0), rank);
    if (parts.size() == 1) return Set(std::move(parts[0]));
    // Of one value again and again.
    const bool alike = std::all_of(parts.begin(), parts.end(), [&](const TracedValue& part) {
      return part.node == parts[0].node && part.axes == parts[0].axes &&
             part.scale == parts[0].scale;
    });
    if (alike && parts[0].axes[axis].empty()) {
      parts[0].axes[axis] = table_.New(static_cast<std::int64_t>(parts.size()), true);
      return Set(std::move(parts[0]));
    }
    for (TracedValue& part : parts) {
      if (part.axes.size() != rank) Refuse("joins values of different numbers of dimensions");
      if (part.axes[axis] == part.frames && HasFrames(part))
        Refuse("joins frames, which is not understood");
      part = WithChannelsOf(Settled(std::move(part)), axis);
      if (IsStretched(part)) Refuse("joins means of segments, which is not understood");
      for (std::size_t i = 0; i < rank; ++i) {
        if (i != axis && table_.SizeOf(part.axes[i]) != table_.SizeOf(parts[0].axes[i]))
          Refuse("joins values of different shapes");
      }
    }
    // Neighbours that both have frames, or both have none, are one.
    std::vector<TracedValue> joined;
    for (std::size_t begin = 0; begin < parts.size();) {
      std::size_t end = begin + 1;
      while (end < parts.size() && HasFrames(parts[end]) == HasFrames(parts[begin])) ++end;
      joined.push_back(Joined({parts.begin() + static_cast<std::ptrdiff_t>(begin),
                               parts.begin() + static_cast<std::ptrdiff_t>(end)},
                              axis));
      begin = end;
    }
    Set(0, Value{nullptr, std::move(joined), axis});
  }

  TracedValue Joined(const std::vector<TracedValue>& parts, std::size_t axis) {
    TracedValue value = parts[0];
    if (parts.size() == 1) return value;
    for (const TracedValue& part : parts) {
      if (table_.SizeOf(part.bands) != table_.SizeOf(value.bands) ||
          table_.SizeOf(part.frames) != table_.SizeOf(value.frames))
        Refuse("joins values of different shapes");
      // Where one repeats what the other has, they are not alike.
      for (std::size_t i = 0; i < value.axes.size(); ++i) {
        auto repeats = [&](const TracedValue& one) {
          return std::any_of(one.axes[i].begin(), one.axes[i].end(),
                             [&](Part p) { return table_[p].repeats; });
        };
        if (i != axis && repeats(part) != repeats(value))
          Refuse("joins values of different shapes");
      }
    }
    Node node;
    node.op = Op::kConcat;
    for (const TracedValue& part : parts) {
      node.inputs.push_back(part.node);
      node.channels += ChannelsOf(part.node);
    }
    const auto channels = static_cast<std::int64_t>(node.channels);
    value.node = kNone;
    if (parts.size() == 2) {
      const Role mean = RoleOf(parts[0].node), deviation = RoleOf(parts[1].node);
      if (mean.kind == Role::kMean && deviation.kind == Role::kDeviation && mean.x == deviation.x &&
          mean.w == deviation.w)
        value.node = Statistics(deviation);
    }
    if (value.node == kNone) value.node = Append(std::move(node));
    value.channels = table_.New(channels);
    value.axes[axis] = value.channels;
    return value;
  }

  // The node that makes the embedding.
  std::size_t Finish(const Value& result) {
    if (!result.traced()) Refuse("does not depend on the features");
    TracedValue value = Settled(result.parts[0]);
    Parts all;
    for (const Parts& axis : value.axes) all.insert(all.end(), axis.begin(), axis.end());
    for (Part part : all) {
      if (table_[part].repeats || table_[part].segment != 0 || part == FirstOf(value.frames))
        Refuse("still has frames; an embedding has one value for every dimension");
    }
    if (HasFrames(value))
      Refuse("still has frames; an embedding has one value for every dimension");
    value = Arranged(std::move(value), all);
    if (value.node == 0) Refuse("is the input");
    return value.node;
  }
  static Part FirstOf(const Parts& parts) { return parts.empty() ? kNone : parts[0]; }

  struct Operation {
    const char* type;
    void (Tracer::*run)();
  };
  static std::span<const Operation> Operations();
  // What runs this node; null if nothing does.
  const Operation* FindOperation() const {
    for (const Operation& operation : Operations()) {
      if (node_->type == operation.type) return &operation;
    }
    return nullptr;
  }

  const OnnxGraph& onnx_;
  const OnnxInterface& in_;
  Graph graph_;
  std::vector<std::string> names_;
  std::vector<Role> roles_;
  std::map<std::size_t, double> frames_of_;  // of nodes that are pooled
  std::set<std::size_t> unfinished_;
  std::map<std::pair<Op, std::size_t>, std::size_t> once_;
  std::vector<std::pair<Role, std::size_t>> statistics_;
  PartTable table_;
  OnnxFolder folder_;
  std::map<std::string, Value> values_;
  const OnnxNode* node_ = nullptr;  // the one under way, and its inputs
  std::vector<const Value*> inputs_;
  std::vector<const OnnxTensor*> known_;
};

std::span<const Tracer::Operation> Tracer::Operations() {
  static constexpr Operation kOperations[] = {{"Add", &Tracer::Add},
                                              {"AveragePool", &Tracer::AveragePool},
                                              {"BatchNormalization", &Tracer::BatchNormalization},
                                              {"Cast", &Tracer::Cast},
                                              {"Clip", &Tracer::Clip},
                                              {"Concat", &Tracer::Concat},
                                              {"Conv", &Tracer::Conv},
                                              {"Div", &Tracer::Div},
                                              {"Dropout", &Tracer::Same},
                                              {"Expand", &Tracer::Expand},
                                              {"Flatten", &Tracer::Reshape},
                                              {"Gather", &Tracer::Gather},
                                              {"Gemm", &Tracer::Gemm},
                                              {"GlobalAveragePool", &Tracer::GlobalAveragePool},
                                              {"Identity", &Tracer::Same},
                                              {"LpNormalization", &Tracer::LpNormalization},
                                              {"MatMul", &Tracer::MatMul},
                                              {"MaxPool", &Tracer::MaxPool},
                                              {"Mul", &Tracer::Mul},
                                              {"Neg", &Tracer::Neg},
                                              {"Pad", &Tracer::Pad},
                                              {"Pow", &Tracer::Pow},
                                              {"ReduceL2", &Tracer::ReduceL2},
                                              {"ReduceMean", &Tracer::ReduceMean},
                                              {"ReduceSum", &Tracer::ReduceSum},
                                              {"Relu", &Tracer::Relu},
                                              {"Reshape", &Tracer::Reshape},
                                              {"Shape", &Tracer::ShapeOfValue},
                                              {"Sigmoid", &Tracer::Sigmoid},
                                              {"Slice", &Tracer::Slice},
                                              {"Softmax", &Tracer::Softmax},
                                              {"Split", &Tracer::Split},
                                              {"Sqrt", &Tracer::Sqrt},
                                              {"Squeeze", &Tracer::Reshape},
                                              {"Sub", &Tracer::Sub},
                                              {"Tanh", &Tracer::Tanh},
                                              {"Tile", &Tracer::Tile},
                                              {"Transpose", &Tracer::Transpose},
                                              {"Unsqueeze", &Tracer::Reshape},
                                              {"Where", &Tracer::Where}};
  return kOperations;
}

}  // namespace

TracedGraph TraceOnnx(const OnnxGraph& onnx, const OnnxInterface& interface, std::int64_t frames) {
  return Tracer(onnx, interface).Trace(frames);
}

}  // namespace vpr
