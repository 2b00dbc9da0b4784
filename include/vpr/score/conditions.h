// What is known of the recording behind an embedding that a decision should depend on.
#pragma once

#include <limits>
#include <span>

namespace vpr {

// Measured on the speech that an embedding was made of. NaN: not known, as for what older stores
// and packed spectrograms hold; a score then takes the mean of what it was fitted on.
struct SpeechConditions {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  SpeechConditions() = default;
  // Implicit, since often the seconds are all that is known.
  SpeechConditions(double speech_seconds) : seconds(speech_seconds) {}

  double seconds = 0;              // of speech
  double high_band_db = kUnknown;  // power from 4.1 to 7.5 kHz relative to 0.3 to 3.4 kHz: about
                                   // -10 to -40 of wide-band speech, far less of a telephone's
  double dynamics_db = kUnknown;   // between the 10th and the 90th percentile of the power over
                                   // time, mean over bands from 0.1 to 3.3 kHz: noise and rooms
                                   // fill the gaps
  double clipped = kUnknown;       // share of the samples at the loudest value, in 0 to 1
};

// Of several recordings that make one template: the seconds add up, the rest is the mean over those
// where it is known, weighted by their seconds.
SpeechConditions JoinConditions(std::span<const SpeechConditions> parts);

}  // namespace vpr
