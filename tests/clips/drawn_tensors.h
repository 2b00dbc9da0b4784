// Networks of clips with drawn weights.
#pragma once

#include <cmath>
#include <vector>

#include "vpr/base/rng.h"
#include "vpr/clips/clip_network.h"

namespace vpr::testing {

inline ClipShape SmallShape(ClipFusion fusion = ClipFusion::kAttention) {
  ClipShape shape;
  shape.side = 32;
  shape.bands = 16;
  shape.classes = 3;
  shape.fusion = fusion;
  return shape;
}

// Variances positive, weights about as large as training draws them.
inline std::vector<Tensor> DrawTensors(const ClipShape& shape, std::uint64_t seed) {
  std::vector<Tensor> tensors = ClipTensorShapes(shape);
  Rng rng(seed);
  for (Tensor& tensor : tensors) {
    std::size_t count = 1;
    for (std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    const double inputs = static_cast<double>(count) /
                          static_cast<double>(tensor.shape.empty() ? 1 : tensor.shape[0]);
    for (std::size_t i = 0; i < count; ++i) {
      const double spread = tensor.shape.size() > 1 ? 1.7 / std::sqrt(inputs) : 0.2;
      double value = spread * rng.Normal();
      const bool positive = tensor.name.ends_with("running_var") ||
                            (tensor.shape.size() == 1 && tensor.name.ends_with(".weight"));
      if (positive) value = 0.7 + 0.6 * rng.Uniform();
      tensor.data.push_back(static_cast<float>(value));
    }
  }
  return tensors;
}

inline Matrix DrawMatrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix matrix(rows, cols);
  Rng rng(seed);
  for (float& value : matrix.data) value = static_cast<float>(rng.Normal());
  return matrix;
}

}  // namespace vpr::testing
