#include <algorithm>
#include <cmath>

#include "network/graph_simplify.h"
#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

void OnnxTracer::Activate(Activation activation, float most) {
  TracedValue value = Settled(Whole(0));
  value.node = Affine(value.node, 1, 0, activation, most);
  Set(std::move(value));
}

void OnnxTracer::Cast() {
  const std::int64_t to = IntegerOf(*node_, "to", 1);
  if (to != 1 && to != 11) Refuse("turns features into other than numbers");
  Same();
}

void OnnxTracer::Neg() {
  TracedValue value = Whole(0);
  value.scale = -value.scale;
  Set(std::move(value));
}

double OnnxTracer::Bound(const char* name, std::size_t input, double otherwise) const {
  if (const OnnxTensor* tensor = KnownInput(input)) {
    if (tensor->size() != 1) Refuse("has more than one bound");
    return tensor->integer ? static_cast<double>(tensor->integers[0])
                           : static_cast<double>(tensor->numbers[0]);
  }
  if (Has(input)) Refuse("has bounds that are not known");
  const auto found = node_->attributes.find(name);
  return found == node_->attributes.end() ? otherwise : static_cast<double>(found->second.number);
}

void OnnxTracer::Clip() {
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

void OnnxTracer::SetRole(TracedValue value, const Role& role) {
  value = Settled(std::move(value));
  value.node = Affine(value.node, 1, 0);
  roles_[value.node] = role;
  unfinished_.insert(value.node);
  Set(std::move(value));
}

void OnnxTracer::BatchNormalization() {
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

void OnnxTracer::Binary(Kind kind) {
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

std::optional<double> OnnxTracer::Uniform(const OnnxTensor& tensor) {
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

TracedValue OnnxTracer::Broadcast(TracedValue value, const Shape& shape) {
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

void OnnxTracer::WithKnown(Kind kind, std::size_t input, const OnnxTensor& known,
                           bool known_first) {
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
    if (axis != kNone) Refuse("has known values along more than one axis, which is not understood");
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

void OnnxTracer::WithNumber(Kind kind, TracedValue value, double number, bool known_first) {
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

void OnnxTracer::Shares(Kind kind, TracedValue value, const OnnxTensor& known, bool known_first) {
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

std::vector<Parts> OnnxTracer::Match(TracedValue& a, TracedValue& b) {
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

void OnnxTracer::Sum(TracedValue a, TracedValue b) {
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

void OnnxTracer::Product(TracedValue a, TracedValue b) {
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

void OnnxTracer::Quotient(const TracedValue& a, const TracedValue& b) {
  const Role role = RoleOf(b.node);
  if (role.kind != Role::kLength || role.x != a.node || HasFrames(a) || !a.bands.empty())
    Refuse("divides by features, which is not understood");
  TracedValue value = a;
  value.scale = a.scale / b.scale;
  value.node = Plain(Op::kUnitLength, {a.node}, ChannelsOf(a.node));
  Set(std::move(value));
}

void OnnxTracer::Pow() {
  const OnnxTensor* exponent = KnownInput(1);
  const std::optional<double> number = exponent == nullptr ? std::nullopt : Uniform(*exponent);
  if (!number || *number != 2) Refuse("raises features to a power that is not understood");
  const TracedValue value = Whole(0);
  Product(value, value);
}

bool OnnxTracer::Variance(const TracedValue& a, const TracedValue& b) {
  const Role squares = RoleOf(a.node), square = RoleOf(b.node);
  if (squares.kind != Role::kMeanOfSquare || square.kind != Role::kSquare || a.scale != 1 ||
      b.scale != 1)
    return false;
  const Role mean = RoleOf(square.x);
  if (mean.kind != Role::kMean || mean.x != squares.x || mean.w != squares.w) return false;
  SetRole(a, {Role::kVariance, squares.x, squares.w, 1, 0, false, false});
  return true;
}

void OnnxTracer::Sqrt() {
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

std::size_t OnnxTracer::Statistics(const Role& role) {
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

std::size_t OnnxTracer::Half(std::size_t node, std::size_t begin, std::size_t channels) {
  const std::size_t half = Plain(Op::kSlice, {node}, channels);
  graph_.nodes[half].begin = begin;
  return half;
}

}  // namespace vpr
