// Features of speech as the families of networks trained elsewhere are given them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"

namespace vpr {

// Immutable; one object may be used by many threads at once.
class FrontEnd {
 public:
  virtual ~FrontEnd() = default;
  // Of 16 kHz: [num_bins, frames]. Throws kUnusable for less than a frame.
  virtual Matrix Compute(std::span<const float> samples) const = 0;
  virtual int num_bins() const = 0;
};

// "wespeaker", "3dspeaker", "fbank80", ...: see ParseFbank (vpr/features/fbank.h).
//
// "titanet": NVIDIA NeMo's AudioToMelSpectrogramPreprocessor with the settings of TitaNet and
// SpeakerNet: preemphasis 0.97, 80 bands of librosa's mel scale with its area norm up to 8 kHz,
// transforms of 512 around Hann windows (symmetric) of 400 samples every 160, zeros before and
// after, log(power + 2^-24), each band less its mean and over its deviation (n - 1) plus 1e-5.
// samples / 160 frames: the zeros that NeMo puts behind, and masks in the network, are left out.
//
// "speechbrain": SpeechBrain's lobes.features.Fbank with the settings of its ECAPA: 80 triangles,
// symmetric in Hz, their centres even on the mel scale, up to 8 kHz, transforms of 400 with
// Hamming windows (periodic) every 160, zeros before and after, decibels of the power, at most 80
// below the loudest, each band less its mean.
//
// Throws kInvalidArgument for another name.
std::unique_ptr<FrontEnd> MakeFrontEnd(const std::string& name);

// Sums of a power spectrum with the weights of bands, of which most are zero.
class FilterBank {
 public:
  FilterBank() = default;
  explicit FilterBank(const Matrix& filters);  // [bands, bins of the spectrum]

  std::size_t size() const { return bands_.size(); }
  double Sum(std::size_t band, std::span<const double> power) const;

 private:
  struct Band {
    std::size_t begin = 0;  // bin of the first weight
    std::vector<double> weights;
  };
  std::vector<Band> bands_;
};

}  // namespace vpr
