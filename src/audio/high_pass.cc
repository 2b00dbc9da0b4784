#include "vpr/audio/high_pass.h"

#include <cmath>

#include "vpr/audio/audio_reader.h"

namespace vpr {

HighPass::HighPass() {
  constexpr double kCutoff = 70;  // Hz
  const double w = 2 * M_PI * kCutoff / kSampleRate, cosine = std::cos(w);
  const double order = 2 * static_cast<double>(sections_.size());
  for (std::size_t k = 0; k < sections_.size(); ++k) {
    const double q = 1 / (2 * std::cos(M_PI * (2 * static_cast<double>(k) + 1) / (2 * order)));
    const double alpha = std::sin(w) / (2 * q), a0 = 1 + alpha;
    Section& section = sections_[k];
    section.b0 = section.b2 = (1 + cosine) / 2 / a0;
    section.b1 = -(1 + cosine) / a0;
    section.a1 = -2 * cosine / a0;
    section.a2 = (1 - alpha) / a0;
  }
}

void HighPass::Apply(std::span<float> samples) {
  // What is left of a sound after seconds of digital silence; smaller numbers would be slow.
  constexpr double kNothing = 1e-30;
  for (Section& section : sections_) {
    double s1 = section.s1, s2 = section.s2;
    for (float& sample : samples) {
      const double x = static_cast<double>(sample), y = section.b0 * x + s1;
      s1 = section.b1 * x - section.a1 * y + s2;
      s2 = section.b2 * x - section.a2 * y;
      sample = static_cast<float>(y);
    }
    section.s1 = std::abs(s1) < kNothing ? 0 : s1;
    section.s2 = std::abs(s2) < kNothing ? 0 : s2;
  }
}

std::vector<float> WithoutHum(std::span<const float> samples) {
  std::vector<float> filtered(samples.begin(), samples.end());
  HighPass().Apply(filtered);
  return filtered;
}

}  // namespace vpr
