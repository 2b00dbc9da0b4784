// libsoxr, fed block by block.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

struct soxr;

namespace vpr {

// Mono, very high quality. The output of all blocks is exactly round(n * to / from) samples long.
class Resampler {
 public:
  Resampler(int from_rate, int to_rate);
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  // Appends to `out` what is ready.
  void Accept(std::span<const float> samples, std::vector<float>& out);
  // No more input: appends the rest.
  void Finish(std::vector<float>& out);

 private:
  void Pull(std::span<const float> samples, bool last, std::vector<float>& out);
  int from_rate_, to_rate_;
  soxr* handle_ = nullptr;  // null: equal rates, nothing to do
  std::uint64_t accepted_ = 0, produced_ = 0;
};

}  // namespace vpr
