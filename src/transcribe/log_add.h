// Sums of probabilities given by their logarithms.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace vpr {

inline constexpr double kLogZero = -std::numeric_limits<double>::infinity();

inline double LogAdd(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return low == kLogZero ? high : high + std::log1p(std::exp(low - high));
}

}  // namespace vpr
