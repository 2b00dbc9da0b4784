// What is known of a value of an ONNX graph while it is traced: which node of ours makes it, and
// how its dimensions lie in that node's channels, bands and frames.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vpr/network/graph.h"

namespace vpr {

// Dimensions are products of parts. Each has a number, and there is none for a size of 1.
using Part = std::size_t;
using Parts = std::vector<Part>;

struct PartInfo {
  std::int64_t size = 0;
  // All values along it are the same; no dimension of the node stands for it.
  bool repeats = false;
  // Not 0: every value of the node's frames `of` stands for so many frames, the last for fewer.
  std::size_t segment = 0;
  Part of = 0;
};

// `scale` times the result of a node.
struct TracedValue {
  std::size_t node = 0;
  Parts channels, bands, frames;  // of the node
  std::vector<Parts> axes;        // of the value
  double scale = 1;
  // Not 0: means of segments of so many frames as if the last one were whole; of `padded_frames`.
  std::size_t padded_segment = 0;
  std::int64_t padded_frames = 0;
};

class PartTable {
 public:
  // A part of its own; for a size of 1 none.
  Parts New(std::int64_t size, bool repeats = false);
  Parts Stretched(Part of, std::size_t segment, std::int64_t size);
  const PartInfo& operator[](Part part) const { return infos_[part]; }
  std::int64_t SizeOf(const Parts& parts) const;
  std::vector<std::int64_t> ShapeOf(const TracedValue& value) const;

  // The value with its dimensions regrouped to `shape` of as many values; none if that would cut
  // frames apart.
  std::optional<TracedValue> Regrouped(TracedValue value, const std::vector<std::int64_t>& shape);

  // Makes parts of `b` that lie along the same places as those of `a` the same parts, so that the
  // values can be combined one by one, and gives both as many axes. Returns the axes of the
  // combination; none if they do not go together.
  std::optional<std::vector<Parts>> Align(TracedValue& a, TracedValue& b);

 private:
  void Replace(TracedValue& value, Part part, const Parts& by) const;
  bool Split(TracedValue& value, Part part, std::int64_t first);
  bool AlignAxis(TracedValue& a, TracedValue& b, std::size_t axis, Parts& result);

  std::vector<PartInfo> infos_;
};

}  // namespace vpr
