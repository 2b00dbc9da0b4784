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

  // Of a family whose networks see parts of a recording, whose embeddings of length 1 are averaged:
  // frames of a part, and the first frame of each for so many samples; Compute gives as many frames
  // as they need. 0, and nothing: the network sees all.
  virtual std::size_t part_frames() const { return 0; }
  virtual std::vector<std::size_t> Parts(std::size_t /*samples*/) const { return {}; }
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
// "resemblyzer": Resemblyzer's wav_to_mel_spectrogram, librosa's melspectrogram with its default
// settings for 40 bands: transforms of 400 with Hann windows (periodic) every 160, zeros before and
// after, powers. Quiet recordings are raised to a root mean square of -30 dB first, as its
// preprocess_wav does; silence is not cut. Parts of 160 frames every 77, zeros behind the end; the
// last only where the recording fills three quarters of it, or where it is the only one.
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
