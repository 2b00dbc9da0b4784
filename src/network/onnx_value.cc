#include "network/onnx_value.h"

#include <algorithm>

namespace vpr {
namespace {

bool Contains(const Parts& parts, Part part) {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

}  // namespace

Parts PartTable::New(std::int64_t size, bool repeats) {
  if (size == 1) return {};
  infos_.push_back({size, repeats, 0, 0});
  return {infos_.size() - 1};
}

Parts PartTable::Stretched(Part of, std::size_t segment, std::int64_t size) {
  infos_.push_back({size, false, segment, of});
  return {infos_.size() - 1};
}

std::int64_t PartTable::SizeOf(const Parts& parts) const {
  std::int64_t size = 1;
  for (Part part : parts) size *= infos_[part].size;
  return size;
}

std::vector<std::int64_t> PartTable::ShapeOf(const TracedValue& value) const {
  std::vector<std::int64_t> shape;
  for (const Parts& axis : value.axes) shape.push_back(SizeOf(axis));
  return shape;
}

void PartTable::Replace(TracedValue& value, Part part, const Parts& by) const {
  auto replace = [&](Parts& parts) {
    const auto found = std::find(parts.begin(), parts.end(), part);
    if (found == parts.end()) return;
    const auto place = parts.erase(found);
    parts.insert(place, by.begin(), by.end());
  };
  replace(value.channels);
  replace(value.bands);
  replace(value.frames);
  for (Parts& axis : value.axes) replace(axis);
}

// Into one of the size `first` and the rest.
bool PartTable::Split(TracedValue& value, Part part, std::int64_t first) {
  const PartInfo info = infos_[part];
  if (info.segment != 0 || first < 1 || info.size % first != 0 || Contains(value.frames, part))
    return false;
  Parts by = New(first, info.repeats);
  for (Part rest : New(info.size / first, info.repeats)) by.push_back(rest);
  Replace(value, part, by);
  return true;
}

std::optional<TracedValue> PartTable::Regrouped(TracedValue value,
                                                const std::vector<std::int64_t>& shape) {
  Parts left;
  for (const Parts& axis : value.axes) left.insert(left.end(), axis.begin(), axis.end());
  std::vector<Parts> axes;
  for (std::int64_t extent : shape) {
    Parts& axis = axes.emplace_back();
    std::int64_t size = 1;
    while (size < extent) {
      if (left.empty() || extent % size != 0) return std::nullopt;
      const Part part = left.front();
      const std::int64_t wanted = extent / size;
      if (infos_[part].size > wanted) {
        if (!Split(value, part, wanted)) return std::nullopt;
        // The new parts are the last two of the table.
        left.front() = infos_.size() - 2;
        left.insert(left.begin() + 1, infos_.size() - 1);
        continue;
      }
      size *= infos_[part].size;
      axis.push_back(part);
      left.erase(left.begin());
    }
    if (size != extent) return std::nullopt;
    // Frames that are each repeated.
    if (axis.size() == 2 && infos_[axis[1]].repeats && Contains(value.frames, axis[0]) &&
        value.frames.size() == 1 && infos_[axis[0]].segment == 0)
      axis = Stretched(axis[0], static_cast<std::size_t>(infos_[axis[1]].size), extent);
  }
  if (!left.empty()) return std::nullopt;
  value.axes = std::move(axes);
  return value;
}

bool PartTable::AlignAxis(TracedValue& a, TracedValue& b, std::size_t axis, Parts& result) {
  const std::int64_t size_a = SizeOf(a.axes[axis]), size_b = SizeOf(b.axes[axis]);
  if (size_a == 1 || size_b == 1) {
    result = size_a == 1 ? b.axes[axis] : a.axes[axis];
    return true;
  }
  if (size_a != size_b) return false;
  // One that only repeats takes whatever the other is.
  auto repeats = [&](const Parts& parts) {
    return std::all_of(parts.begin(), parts.end(), [&](Part p) { return infos_[p].repeats; });
  };
  if (repeats(a.axes[axis]) || repeats(b.axes[axis])) {
    result = repeats(a.axes[axis]) ? b.axes[axis] : a.axes[axis];
    return true;
  }
  for (std::size_t i = 0; i < a.axes[axis].size() && i < b.axes[axis].size(); ++i) {
    const Part p = a.axes[axis][i], q = b.axes[axis][i];
    if (p == q) continue;
    const PartInfo x = infos_[p], y = infos_[q];
    if (x.size > y.size) {
      if (!Split(a, p, y.size)) return false;
      --i;
      continue;
    }
    if (y.size > x.size) {
      if (!Split(b, q, x.size)) return false;
      --i;
      continue;
    }
    if (x.repeats || y.repeats) return false;
    if (x.segment != 0 && y.segment != 0) {
      if (x.segment != y.segment) return false;
      if (x.of != y.of) Replace(b, y.of, {x.of});
      Replace(b, q, {p});
      continue;
    }
    if (x.segment != 0 || y.segment != 0) continue;  // frames of one, segments of the other
    for (const Parts& other : b.axes) {
      if (Contains(other, p)) return false;
    }
    Replace(b, q, {p});
  }
  if (a.axes[axis].size() != b.axes[axis].size()) return false;
  result = a.axes[axis];
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (infos_[result[i]].segment != 0) result[i] = b.axes[axis][i];
  }
  return true;
}

std::optional<std::vector<Parts>> PartTable::Align(TracedValue& a, TracedValue& b) {
  const std::size_t rank = std::max(a.axes.size(), b.axes.size());
  a.axes.insert(a.axes.begin(), rank - a.axes.size(), {});
  b.axes.insert(b.axes.begin(), rank - b.axes.size(), {});
  std::vector<Parts> result(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (!AlignAxis(a, b, axis, result[axis])) return std::nullopt;
  }
  // Splits along a later axis do not change earlier ones: a part lies along one axis only.
  return result;
}

}  // namespace vpr
