// The settings that turn a waveform into the input of a network. They travel with every model.
#pragma once

#include <string>

namespace vpr {

enum class FeatureKind {
  kMel,     // power mel spectrogram: librosa.feature.melspectrogram
  kLogMel,  // natural logarithm of max(mel, log_floor)
  kDb       // librosa.power_to_db(mel, ref=np.max): 10 log10, at most 80 dB below the maximum
};

// "mel", "logmel", "db". Parse throws kInvalidArgument.
const char* ToString(FeatureKind kind);
FeatureKind ParseFeatureKind(const std::string& name);

struct FeatureOptions {
  int sample_rate = 16000;  // Hz; audio is resampled to it
  int n_fft = 2048;         // samples; a power of two, at least 64
  int win_length = 2048;    // samples; Hann (periodic), zero-padded on both sides to n_fft
  int hop_length = 256;     // samples
  int n_mels = 128;         // Slaney mel scale, Slaney (area) norm
  double fmin = 0;          // Hz
  double fmax = 8000;       // Hz
  FeatureKind kind = FeatureKind::kMel;
  double log_floor = 1e-6;  // for kLogMel
  bool mean_norm = false;   // subtract each band's mean over the utterance (or crop)
  bool level_norm = false;  // scale the waveform to an RMS of 0.1 first: results do not depend on
                            // the recording level, the floor included
  double trim_top_db = 20;  // silence trimming before the features; 0: none

  bool operator==(const FeatureOptions&) const = default;

  // Throws kInvalidArgument naming the field that is out of range.
  void Validate() const;
};

// Frames for `samples` samples: 1 + samples / hop (centred). 32,640 samples give 128 at hop 256.
inline std::size_t NumFrames(std::size_t samples, const FeatureOptions& options) {
  return 1 + samples / static_cast<std::size_t>(options.hop_length);
}

}  // namespace vpr
