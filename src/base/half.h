// IEEE 754 binary16 numbers as bits.
#pragma once

#include <bit>
#include <cstdint>

namespace vpr {

// Without branches, so that the compiler makes it a vector's work: a model's weights are read at
// every start.
inline float FromHalf(std::uint16_t half) {
  constexpr std::uint32_t kExponent = 0x7C00 << 13, kRebias = (127 - 15) << 23, kOne = 1 << 23;
  const std::uint32_t bits = static_cast<std::uint32_t>(half & 0x7FFF) << 13,
                      exponent = bits & kExponent;
  // Infinity and NaN keep the greatest exponent.
  const std::uint32_t normal = bits + (exponent == kExponent ? 2 * kRebias : kRebias);
  // Below the normal numbers: a 1 put in front, and taken away again as a number.
  const auto small = std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits + kRebias + kOne) -
                                                  std::bit_cast<float>(kRebias + kOne));
  return std::bit_cast<float>((exponent == 0 ? small : normal) |
                              static_cast<std::uint32_t>(half & 0x8000) << 16);
}

}  // namespace vpr
