#include "vpr/score/cosine.h"

#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

void Normalize(std::span<float> vector) {
  double squares = 0;
  for (float x : vector) squares += static_cast<double>(x) * x;
  const double length = std::sqrt(squares);
  if (!std::isfinite(length) || length == 0) {
    throw Error(ErrorCode::kUnusable,
                Format("an embedding of length %g cannot be scaled to length 1", length));
  }
  for (float& x : vector) x = static_cast<float>(x / length);
}

double CosineScore(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot compare embeddings of %zu and %zu dimensions: they come from "
                       "different models",
                       a.size(), b.size()));
  }
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  // Vectors rounded to float may exceed length 1 by an ulp or two.
  return std::clamp(sum, -1.0, 1.0);
}

}  // namespace vpr
