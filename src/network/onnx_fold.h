// Operations of an ONNX graph on values that are known: shape arithmetic, masks, weights.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "network/onnx_reader.h"

namespace vpr {

// "Conv 'layer1/Conv'", for messages.
std::string NameOf(const OnnxNode& node);

// Attributes and their defaults.
std::int64_t IntegerOf(const OnnxNode& node, const char* name, std::int64_t otherwise);
float NumberOf(const OnnxNode& node, const char* name, float otherwise);
std::vector<std::int64_t> IntegersOf(const OnnxNode& node, const char* name);

// An axis from 0 to rank - 1; negative ones count from the end. Throws kIncompatible.
std::size_t AxisOf(const OnnxNode& node, std::int64_t axis, std::size_t rank);

// The axes of Unsqueeze, Squeeze and the Reduce operations, which are an attribute or, since
// later operator sets, the second input; none: all, as the operation takes it.
std::vector<std::int64_t> AxesOf(const OnnxNode& node,
                                 const std::vector<const OnnxTensor*>& inputs);

// Whether two shapes go together element by element, and what comes out.
std::vector<std::int64_t> BroadcastShape(const OnnxNode& node, const std::vector<std::int64_t>& a,
                                         const std::vector<std::int64_t>& b);

// The shape that Reshape, Squeeze, Unsqueeze or Flatten gives a value of `shape`. `inputs` as of
// the operation, the first not looked at.
std::vector<std::int64_t> ShapeAfter(const OnnxNode& node, const std::vector<std::int64_t>& shape,
                                     const std::vector<const OnnxTensor*>& inputs);

// Begin and number of what Slice keeps of each axis; steps other than 1 are not understood.
struct KeptRange {
  std::int64_t begin = 0, count = 0;
};
std::vector<KeptRange> RangesOf(const OnnxNode& node, const std::vector<std::int64_t>& shape,
                                const std::vector<const OnnxTensor*>& inputs);

// Sizes of the parts that Split makes of an axis of `extent`.
std::vector<std::int64_t> PartsOfSplit(const OnnxNode& node, std::int64_t extent,
                                       const std::vector<const OnnxTensor*>& inputs);

class OnnxFolder {
 public:
  // The results of an operation, null inputs being those left out; none if it is not among those
  // that are computed here. Throws kIncompatible for impossible arguments, and for more values
  // than any network's shape arithmetic needs.
  std::optional<std::vector<OnnxTensor>> Fold(const OnnxNode& node,
                                              const std::vector<const OnnxTensor*>& inputs);

 private:
  std::size_t Reserve(const OnnxNode& node, const std::vector<std::int64_t>& shape);

  std::size_t left_ = std::size_t{1} << 28;  // values that may still be computed
};

}  // namespace vpr
