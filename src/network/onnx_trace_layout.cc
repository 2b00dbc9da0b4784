#include <algorithm>
#include <cmath>

#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

void OnnxTracer::Transpose() {
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

void OnnxTracer::Reshape() {
  if (Has(1) && KnownInput(1) == nullptr) Refuse("makes a shape that depends on values");
  TracedValue value = Traced(0);
  std::optional<TracedValue> regrouped =
      table_.Regrouped(value, ShapeAfter(*node_, table_.ShapeOf(value), known_));
  if (!regrouped) Refuse("cuts frames apart, which is not understood");
  Set(std::move(*regrouped));
}

void OnnxTracer::ShapeOfValue() {
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

void OnnxTracer::Expand() {
  if (KnownInput(1) == nullptr || !KnownInput(1)->integer)
    Refuse("makes a shape that depends on values");
  Set(Broadcast(Whole(0), KnownInput(1)->integers));
}

void OnnxTracer::Tile() {
  if (KnownInput(1) == nullptr || !KnownInput(1)->integer)
    Refuse("makes a shape that depends on values");
  TracedValue value = Whole(0);
  const Shape& times = KnownInput(1)->integers;
  if (times.size() != value.axes.size()) Refuse("repeats other axes than there are");
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] == 1) continue;
    if (!value.axes[i].empty() || times[i] < 1 || times[i] > static_cast<std::int64_t>(kMostExtent))
      Refuse("repeats values next to one another, which is not understood");
    value.axes[i] = table_.New(times[i], true);
  }
  Set(std::move(value));
}

// The node of some of the channels: where they are those of one that was joined with others, that.
std::size_t OnnxTracer::Channels(std::size_t node, std::size_t begin, std::size_t count) {
  if (begin == 0 && count == ChannelsOf(node)) return node;
  const Node& joined = graph_.nodes[node];
  if (joined.op == Op::kConcat) {
    std::size_t at = 0;
    for (std::size_t input : joined.inputs) {
      if (at == begin && ChannelsOf(input) == count) return input;
      at += ChannelsOf(input);
    }
  }
  const std::size_t slice = Plain(Op::kSlice, {node}, count);
  graph_.nodes[slice].begin = begin;
  return slice;
}

TracedValue OnnxTracer::KeptPart(TracedValue value, std::size_t axis, std::int64_t begin,
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
  const std::int64_t last = table_.SizeOf(parts) - 1;
  if (parts == value.frames && count == 1 && (begin == 0 || begin == last))
    return OneFrame(std::move(value), axis, begin != 0);
  if (parts == value.frames || parts.empty())
    Refuse("takes some of the frames, which is not understood");
  // Of channels that have more parts, the first may be an axis of its own: directions.
  Parts rest;
  if (value.channels.size() > parts.size() &&
      std::equal(parts.begin(), parts.end(), value.channels.begin())) {
    rest.assign(value.channels.begin() + static_cast<std::ptrdiff_t>(parts.size()),
                value.channels.end());
  } else {
    value = WithChannelsOf(std::move(value), axis);
  }
  const auto each = static_cast<std::size_t>(table_.SizeOf(rest));
  value.node = Channels(value.node, static_cast<std::size_t>(begin) * each,
                        static_cast<std::size_t>(count) * each);
  value.axes[axis] = table_.New(count);
  value.channels = value.axes[axis];
  value.channels.insert(value.channels.end(), rest.begin(), rest.end());
  return value;
}

void OnnxTracer::Slice() {
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

void OnnxTracer::Split() {
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

void OnnxTracer::Gather() {
  const OnnxTensor* index = KnownInput(1);
  TracedValue value = Whole(0);
  if (index == nullptr || !index->integer || index->size() != 1)
    Refuse("takes some of the values, which is not understood");
  const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", 0), value.axes.size());
  const std::int64_t extent = table_.SizeOf(value.axes[axis]);
  std::int64_t at = index->integers[0];
  if (at < 0) at += extent;
  if (at < 0 || at >= extent) Refuse("takes a value that is not there");
  value = KeptPart(std::move(value), axis, at, 1);
  value.axes.erase(value.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  value.axes.insert(value.axes.begin() + static_cast<std::ptrdiff_t>(axis), index->shape.size(),
                    {});
  Set(std::move(value));
}

void OnnxTracer::Concat() {
  std::vector<TracedValue> parts;
  for (std::size_t i = 0; i < inputs_.size(); ++i) parts.push_back(Whole(i));
  const std::size_t rank = parts[0].axes.size();
  const std::size_t axis = AxisOf(*node_, IntegerOf(*node_, "axis", 0), rank);
  if (parts.size() == 1) return Set(std::move(parts[0]));
  // Of one value again and again.
  const bool alike = std::all_of(parts.begin(), parts.end(), [&](const TracedValue& part) {
    return part.node == parts[0].node && part.axes == parts[0].axes && part.scale == parts[0].scale;
  });
  if (alike && parts[0].axes[axis].empty()) {
    parts[0].axes[axis] = table_.New(static_cast<std::int64_t>(parts.size()), true);
    return Set(std::move(parts[0]));
  }
  if (std::optional<TracedValue> states = JoinedStates(parts, axis)) return Set(std::move(*states));
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

std::optional<TracedValue> OnnxTracer::JoinedStates(const std::vector<TracedValue>& parts,
                                                    std::size_t axis) {
  Node node;
  node.op = Op::kConcat;
  Parts rest;
  std::int64_t first = 0;
  for (const TracedValue& part : parts) {
    Parts others;
    for (std::size_t i = 0; i < part.axes.size(); ++i) {
      if (i != axis) others.insert(others.end(), part.axes[i].begin(), part.axes[i].end());
    }
    Parts all = part.axes[axis];
    all.insert(all.end(), others.begin(), others.end());
    if (part.axes.size() != parts[0].axes.size() || others.empty() || all != part.channels ||
        HasFrames(part) || !part.bands.empty() || part.scale != 1)
      return std::nullopt;
    if (rest.empty()) rest = others;
    if (table_.SizeOf(others) != table_.SizeOf(rest)) return std::nullopt;
    for (std::size_t i = 0; i < part.axes.size(); ++i) {
      if (i != axis && table_.SizeOf(part.axes[i]) != table_.SizeOf(parts[0].axes[i]))
        return std::nullopt;
    }
    first += table_.SizeOf(part.axes[axis]);
    node.inputs.push_back(part.node);
    node.channels += ChannelsOf(part.node);
  }
  TracedValue value = parts[0];
  value.node = Append(std::move(node));
  value.axes[axis] = table_.New(first);
  value.channels = value.axes[axis];
  value.channels.insert(value.channels.end(), rest.begin(), rest.end());
  return value;
}

TracedValue OnnxTracer::Joined(const std::vector<TracedValue>& parts, std::size_t axis) {
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
      if (i != axis && repeats(part) != repeats(value)) Refuse("joins values of different shapes");
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

}  // namespace vpr
