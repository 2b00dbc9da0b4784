// Random numbers that are the same with every compiler and standard library.
//
// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
// The state is one 64-bit number, so a generator can be made for every (seed, epoch, item) and
// nothing has to be saved for a training run to continue with the very same draws.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace vpr {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  // Independent streams: Rng(seed, epoch, item).
  template <typename... Rest>
  Rng(std::uint64_t seed, std::uint64_t stream, Rest... rest)
      : Rng(Mix(Mix(seed + kGamma) ^ (stream * kGamma + 1)), static_cast<std::uint64_t>(rest)...) {}

  std::uint64_t Next() { return Mix(state_ += kGamma); }

  // Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }

  // Uniform in 0 .. n-1; n must be positive. The bias is below n / 2^64.
  std::size_t Below(std::size_t n) {
    return static_cast<std::size_t>((static_cast<Wide>(Next()) * n) >> 64);
  }

  // Standard normal (Box-Muller, the cosine half).
  double Normal() {
    double u = 1.0 - Uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * M_PI * Uniform());
  }

  // Fisher-Yates.
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

 private:
  __extension__ typedef unsigned __int128 Wide;  // ISO C++ has no such type
  static constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15ull;
  static std::uint64_t Mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace vpr
