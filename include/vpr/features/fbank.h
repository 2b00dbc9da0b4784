// Log mel filterbank energies as Kaldi computes them, which most extractors trained elsewhere take.
//
// Source: Kaldi's compute-fbank-feats with --dither=0 --preemphasis=0.97 --snip-edges=true, as in
// torchaudio 0.13.1, torchaudio.compliance.kaldi.fbank. What the families of extractors differ in:
// wespeaker, processor.compute_fbank and cli/speaker.py (window_type="hamming", samples times
// 2^15); 3D-Speaker, speakerlab/process/processor.py, FBank (Povey's window, samples in [-1, 1]).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/front_end.h"

namespace vpr {

enum class FbankWindow {
  kPovey,   // Hann's to the power of 0.85
  kHamming  // 0.54 - 0.46 cos
};

struct FbankOptions {
  int num_bins = 80;
  bool mean_norm = true;  // subtract each bin's mean over the utterance
  FbankWindow window = FbankWindow::kPovey;
  // What samples of -1 to 1 are multiplied by. It moves the floor of the logarithm (float's
  // epsilon): at 1 quiet recordings reach it, at 32768 none does.
  double scale = 32768;

  bool operator==(const FbankOptions&) const = default;

  // Throws kInvalidArgument naming the field that is out of range.
  void Validate() const;
};

// What a family of extractors was trained on: "wespeaker" (Hamming's window, scale 32768),
// "3dspeaker" (Povey's, scale 1), each with 80 bins, or others ("wespeaker40"), and "fbank80" (any
// number of bins; Povey's, scale 32768: Kaldi's own, and wespeaker's networks that come from
// ModelScope); with the bins' means subtracted, or "-raw" without. Throws kInvalidArgument.
FbankOptions ParseFbank(const std::string& name);

// For 16 kHz: frames of 25 ms every 10 ms without padding, bins between 20 Hz and 8 kHz. Immutable;
// one object may be used by many threads at once.
class FbankComputer : public FrontEnd {
 public:
  explicit FbankComputer(const FbankOptions& options);  // throws what Validate() throws

  // [num_bins, 1 + (samples - 400) / 160]. Throws kUnusable for less than a frame.
  Matrix Compute(std::span<const float> samples) const override;
  int num_bins() const override { return options_.num_bins; }

 private:
  FbankOptions options_;
  std::vector<double> window_;
  FilterBank filters_;
};

}  // namespace vpr
