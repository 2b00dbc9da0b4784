// Measuring what a decision depends on beside the embeddings.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "vpr/score/conditions.h"

namespace vpr {

// Of speech at 16 kHz, as an embedding is made of it (silence cut out). Powers come from at most
// 128 spectra of 512 samples, spread evenly, so that the cost does not grow with the length: about
// half a millisecond. Without samples, or of silence, everything but the seconds is unknown.
SpeechConditions MeasureConditions(std::span<const float> speech);

// The same, to the bit, of speech that comes block by block, in memory that does not grow with it.
class ConditionsMeter {
 public:
  explicit ConditionsMeter(std::size_t num_samples);  // that will come in all
  void Accept(std::span<const float> samples);
  SpeechConditions Finish();

 private:
  std::size_t Begin(std::size_t frame) const;
  void AddSpectrum(std::span<const float> samples);

  std::size_t hops_, frames_;
  std::size_t accepted_ = 0, frame_ = 0;
  std::vector<float> pending_;              // from where the next spectrum begins
  std::vector<double> power_;               // of each bin, summed over the spectra
  std::vector<std::vector<double>> bands_;  // [band][spectrum], dB
  // How often each value occurs whose size is at least 0.999 times the loudest so far.
  std::map<float, std::size_t> loudest_;
};

}  // namespace vpr
