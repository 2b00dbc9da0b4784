// The mel spectrogram by its definition, in double precision: a sum for every bin, nothing clever.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/rng.h"
#include "vpr/features/mel.h"

namespace vpr::testing {

// Power mel of frame `t`, with librosa's framing.
inline std::vector<double> OracleFrame(const std::vector<float>& samples, std::size_t t,
                                       const FeatureOptions& options, const Matrix& filters) {
  auto n_fft = static_cast<std::size_t>(options.n_fft);
  auto length = static_cast<std::size_t>(options.win_length);
  std::size_t lead = (n_fft - length) / 2;
  std::vector<double> frame(n_fft, 0.0);
  for (std::size_t i = 0; i < length; ++i) {
    auto at = static_cast<std::ptrdiff_t>(t) * options.hop_length - options.n_fft / 2 +
              static_cast<std::ptrdiff_t>(lead + i);
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(samples.size())) continue;
    double phase = 2 * M_PI * static_cast<double>(i) / static_cast<double>(length);
    double hann = length == 1 ? 1.0 : 0.5 - 0.5 * std::cos(phase);
    frame[lead + i] = static_cast<double>(samples[static_cast<std::size_t>(at)]) * hann;
  }
  std::vector<double> mel(filters.rows, 0.0);
  for (std::size_t k = 0; k <= n_fft / 2; ++k) {
    std::complex<double> sum = 0;
    for (std::size_t i = 0; i < n_fft; ++i) {
      double phase = 2 * M_PI * static_cast<double>(k * i % n_fft) / static_cast<double>(n_fft);
      sum += frame[i] * std::polar(1.0, -phase);
    }
    for (std::size_t m = 0; m < mel.size(); ++m)
      mel[m] += static_cast<double>(filters(m, k)) * std::norm(sum);
  }
  return mel;
}

inline std::vector<float> Noise(std::size_t size, std::uint64_t seed, double level = 0.1) {
  Rng rng(seed);
  std::vector<float> samples(size);
  for (float& sample : samples) sample = static_cast<float>(level * rng.Normal());
  return samples;
}

}  // namespace vpr::testing
