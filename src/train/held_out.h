// The speakers kept out of training, and the EER on them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/score/scorer.h"
#include "vpr/train/train_config.h"

namespace vpr {

struct HeldOutResult {
  double eer = -1;  // negative: not measured
  ScoreThresholds thresholds;
};

// Decides once what is trained on and what is measured on: the set named by config.dev, else
// TRAIN-dev if it exists, else speakers drawn from the training set by the seed.
class HeldOut {
 public:
  HeldOut(const PackedDataset& train, const TrainConfig& config, Progress& progress);

  const std::vector<std::uint32_t>& training_records() const { return training_records_; }

  // False if there are not two speakers, or no speaker with two utterances.
  bool CanMeasure() const { return can_measure_; }

  // Embeddings of at most 2,000 utterances, spread evenly over the speakers, made on `threads`
  // threads. Nothing if stopped.
  std::optional<std::vector<Embedding>> Embed(const EmbeddingExtractor& extractor, int threads,
                                              Progress& progress, const StopRequested& stop) const;

  // All pairs of these utterances, scored.
  std::vector<CalibrationTrial> Score(const std::vector<Embedding>& embeddings,
                                      const Scorer& scorer) const;

  // EER and thresholds over all these pairs.
  HeldOutResult Measure(const std::vector<Embedding>& embeddings,
                        const ScoringModel& scoring) const;

  // What was measured on, for people: "all pairs of 1974 held-out utterances of 120 speakers".
  std::string Basis() const;

  std::string Description() const;

  // How many of its utterances are among these (SpeechFingerprints).
  std::size_t CountAmong(const std::string& fingerprints, int threads) const;

  // Of the data set and the records measured on; empty if there are none.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  void ChooseRecords(std::vector<std::uint32_t> candidates);

  const PackedDataset* dataset_ = nullptr;  // that the held-out records are in
  std::unique_ptr<PackedDataset> own_;      // if it is not the training set
  std::vector<std::uint32_t> training_records_, records_;
  std::size_t speakers_ = 0;
  bool can_measure_ = false;
  std::string fingerprint_;
};

}  // namespace vpr
