// Training the network of the speech detector (vpr/audio/speech_detector.h) on one processor,
// without LibTorch: it is small.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/audio/speech_detector.h"
#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/base/rng.h"

namespace vpr {

struct SpeechTrainConfig {
  std::vector<std::string> speech;  // packed sets of recordings of one voice, not trimmed
  std::vector<std::string> sounds;  // packed sets of everything else; every label counts as much
  std::string rooms;                // packed room responses; empty: simulated ones only
  std::string output;               // network file to write
  std::string init_from;            // network file to begin with; empty: random weights

  std::size_t channels = 48;
  std::vector<std::size_t> dilations = {1, 2, 4, 8};  // of the layers after the first two
  std::uint64_t steps = 2000;
  std::size_t batch_size = 16;  // crops
  double crop_seconds = 4;
  double lr = 3e-3;        // highest; half a cosine to 1 % of it, Adam
  double threshold = 0.5;  // stored with the network
  // Loss on a moment without speech counts so many times as much.
  double sound_weight = 2;
  std::uint64_t seed = 1;
  int threads = 1;

  void Validate() const;  // throws kInvalidArgument naming the field
};

struct SpeechTrainResult {
  SpeechNetwork network;  // as written
  double loss = 0;        // mean over the last tenth of the steps
  double missed = 0;      // there: share of the speech below the threshold ...
  double kept = 0;        // ... and of the rest above it
  bool interrupted = false;
};

// Trains and writes the network, every 200 steps and at the end. Each crop is made anew: speech or
// none, in a room or not, with other sounds, at any level, through telephones and codecs; the
// labels are those of the clean speech, frame by frame. Throws what PackedDataset throws.
SpeechTrainResult TrainSpeech(const SpeechTrainConfig& config, Progress& progress,
                              const StopRequested& stop);

// Parts of it, for tests.

// What a detector has to tell from speech and no recordings are needed for: tones, chords, hum,
// DTMF, sirens, clicks, coloured and modulated noise, silence. `length` samples.
std::vector<float> SynthesizeSound(std::size_t length, Rng& rng);

// For every 10 ms of a clean recording: 1 speech, 0 none, -1 unclear. Speech is what is within 30
// dB of the loudest 110 ms, and above the quietest moments by a third of what lies between; pauses
// below 200 ms belong to it.
std::vector<int> LabelSpeech(std::span<const float> samples);

// The mean loss (cross-entropy) of the network's answers to frames [kSpeechBands, frames] where
// `targets` (of every kSpeechStride-th frame) are 0 or 1; gradients are added to `gradients`, of
// the network's shape. The answers (logits) come back in `logits`.
double SpeechLoss(const SpeechNetwork& network, const std::vector<float>& frames,
                  const std::vector<int>& targets, double sound_weight, SpeechNetwork* gradients,
                  std::vector<float>* logits);

// Random weights (He et al., "Delving deep into rectifiers", 2015).
SpeechNetwork NewSpeechNetwork(std::size_t channels, const std::vector<std::size_t>& dilations,
                               Rng& rng);

}  // namespace vpr
