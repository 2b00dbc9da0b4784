// What happens to training crops: rooms, noise and narrow bands before their features are computed,
// frequency responses after.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vpr/audio/degrade.h"
#include "vpr/base/rng.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/features/mel.h"
#include "vpr/train/train_config.h"

namespace vpr {

// Every draw comes from the Rng given; the object is immutable and may be used by many threads.
class Augmenter {
 public:
  // `speech` is the training set, for babble. Opens the packed noises and room responses that the
  // configuration names; throws what PackedDataset throws, kInvalidArgument if they are not PCM.
  Augmenter(const PackedDataset& speech, const TrainConfig& config);
  ~Augmenter();

  // In place; the length stays.
  void Apply(std::vector<float>& samples, Rng& rng) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Parts of it, for tests.

// A smooth random frequency response, in dB, for `bands` bands: the first four cosines across them
// with normal amplitudes of standard deviation slope_db / 1 .. slope_db / 4.
std::vector<float> DrawFrequencyResponse(std::size_t bands, double slope_db, Rng& rng);

// Spectrograms [bands, frames] of the given kind as if heard through that response.
void Equalize(Matrix& features, FeatureKind kind, std::span<const float> response_db);

}  // namespace vpr
