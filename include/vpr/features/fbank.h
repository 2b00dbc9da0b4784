// Log mel filterbank energies as Kaldi computes them, which most extractors trained elsewhere take.
//
// Source: Kaldi's compute-fbank-feats with --dither=0 --window-type=povey --preemphasis=0.97
// --snip-edges=true, as in torchaudio 0.13.1, torchaudio.compliance.kaldi.fbank.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"

namespace vpr {

struct FbankOptions {
  int num_bins = 80;
  bool mean_norm = true;  // subtract each bin's mean over the utterance

  bool operator==(const FbankOptions&) const = default;

  // Throws kInvalidArgument naming the field that is out of range.
  void Validate() const;
};

// "fbank80": 80 bins with their means subtracted; "fbank80-raw": without. Throws kInvalidArgument.
FbankOptions ParseFbank(const std::string& name);

// For 16 kHz: frames of 25 ms every 10 ms without padding, the samples scaled by 32768, bins
// between 20 Hz and 8 kHz. Immutable; one object may be used by many threads at once.
class FbankComputer {
 public:
  explicit FbankComputer(const FbankOptions& options);  // throws what Validate() throws

  // [num_bins, 1 + (samples - 400) / 160]. Throws kUnusable for less than a frame.
  Matrix Compute(std::span<const float> samples) const;

 private:
  FbankOptions options_;
  std::vector<double> window_;
  Matrix filters_;  // [num_bins, 257]
};

}  // namespace vpr
