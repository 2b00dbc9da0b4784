#include <algorithm>
#include <cmath>

#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::vector<bool> OnnxTracer::ReducedAxes(const TracedValue& value) const {
  std::vector<bool> reduced(value.axes.size(), false);
  if (Has(1) && KnownInput(1) == nullptr) Refuse("has axes that are not known");
  const std::vector<std::int64_t> axes = AxesOf(*node_, known_);
  if (axes.empty() && IntegerOf(*node_, "noop_with_empty_axes", 0) == 0)
    reduced.assign(value.axes.size(), true);
  for (std::int64_t axis : axes) reduced[AxisOf(*node_, axis, value.axes.size())] = true;
  return reduced;
}

void OnnxTracer::DropAxes(TracedValue& value, const std::vector<bool>& reduced) const {
  const bool keep = IntegerOf(*node_, "keepdims", 1) != 0;
  std::vector<Parts> axes;
  for (std::size_t i = 0; i < value.axes.size(); ++i) {
    if (!reduced[i]) axes.push_back(value.axes[i]);
    if (reduced[i] && keep) axes.emplace_back();
  }
  value.axes = std::move(axes);
}

void OnnxTracer::Reduce(bool sum) {
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

void OnnxTracer::GlobalAveragePool() {
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

void OnnxTracer::ReduceL2() {
  TracedValue value = Whole(0);
  DropAxesOfChannels(value);
  const std::size_t x = value.node;
  value.channels.clear();
  value.scale = 1;
  SetRole(std::move(value), {Role::kLength, x, kNone, 1, 0, false, false});
}

void OnnxTracer::DropAxesOfChannels(TracedValue& value) const {
  const std::vector<bool> reduced = ReducedAxes(value);
  Parts parts;
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (reduced[i]) parts.insert(parts.end(), value.axes[i].begin(), value.axes[i].end());
  }
  if (parts != value.channels || HasFrames(value) || !value.bands.empty() || value.scale != 1)
    Refuse("takes a length of what is no embedding");
  DropAxes(value, reduced);
}

void OnnxTracer::LpNormalization() {
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

void OnnxTracer::Softmax() {
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

void OnnxTracer::Where() {
  const OnnxTensor* mask = KnownInput(0);
  const std::optional<double> chosen = mask == nullptr ? std::nullopt : Uniform(*mask);
  if (!chosen || !Has(1) || !Has(2))
    Refuse("chooses by a mask that is not the same for all frames");
  const std::size_t which = *chosen != 0 ? 1 : 2;
  if (inputs_[which]->known != nullptr) {
    const OnnxTensor& tensor = *inputs_[which]->known;
    const Shape other =
        inputs_[3 - which]->traced() ? table_.ShapeOf(inputs_[3 - which]->parts[0]) : tensor.shape;
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

}  // namespace vpr
