// Removes what lies below every voice: a constant offset, rumble, the mains' hum.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace vpr {

// A Butterworth high-pass of order 8 at 70 Hz for 16 kHz, as four second-order sections (bilinear
// transform; sections as in R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad
// filter coefficients"). A constant is gone, 50 Hz is lowered by 23 dB, 60 Hz by 11 dB; the
// fundamental of a low voice (80 Hz) loses less than 0.5 dB. One object is one stream of any
// length.
class HighPass {
 public:
  HighPass();
  // In place; the same numbers however a stream is cut into blocks.
  void Apply(std::span<float> samples);

 private:
  struct Section {
    double b0 = 0, b1 = 0, b2 = 0, a1 = 0, a2 = 0;
    double s1 = 0, s2 = 0;  // transposed direct form II
  };
  std::array<Section, 4> sections_;
};

// A whole recording.
std::vector<float> WithoutHum(std::span<const float> samples);

}  // namespace vpr
