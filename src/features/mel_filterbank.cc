#include <algorithm>
#include <cmath>
#include <vector>

#include "features/mel_scale.h"
#include "vpr/features/mel.h"

namespace vpr {

Matrix MelFilterbank(const FeatureOptions& options) {
  options.Validate();
  return MelFiltersOfAnySize(options);
}

Matrix MelFiltersOfAnySize(const FeatureOptions& options) {
  auto bands = static_cast<std::size_t>(options.n_mels);
  auto bins = static_cast<std::size_t>(options.n_fft) / 2 + 1;
  std::vector<double> edge(bands + 2);
  double low = HzToMel(options.fmin), high = HzToMel(options.fmax);
  for (std::size_t i = 0; i < edge.size(); ++i)
    edge[i] = MelToHz(low + (high - low) * static_cast<double>(i) / static_cast<double>(bands + 1));
  Matrix filters(bands, bins);
  for (std::size_t m = 0; m < bands; ++m) {
    double area = 2.0 / (edge[m + 2] - edge[m]);
    for (std::size_t k = 0; k < bins; ++k) {
      double hz = static_cast<double>(k) * options.sample_rate / options.n_fft;
      double rising = (hz - edge[m]) / (edge[m + 1] - edge[m]);
      double falling = (edge[m + 2] - hz) / (edge[m + 2] - edge[m + 1]);
      // librosa rounds to float32 before the scaling and again after it.
      auto weight = static_cast<float>(std::max(0.0, std::min(rising, falling)));
      filters(m, k) = static_cast<float>(static_cast<double>(weight) * area);
    }
  }
  return filters;
}

}  // namespace vpr
