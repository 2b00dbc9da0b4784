// Which crops an epoch consists of, and how a crop becomes the input of a network.
#pragma once

#include <cstdint>
#include <vector>

#include "train/augment.h"
#include "vpr/base/rng.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/features/mel.h"
#include "vpr/train/step_engine.h"
#include "vpr/train/train_config.h"

namespace vpr {

// A training example: a record, the class it counts for (-1: none), and its speed.
struct CropChoice {
  std::uint32_t record;
  std::int32_t class_number;
  float speed;
  std::uint32_t source;  // whose other records make it long enough
};

// Draws crops from those records of a data set that are not held out. Everything drawn is a
// function of (seed, epoch, position), so any batch of any epoch can be made again, on any thread.
class CropSampler {
 public:
  // `records`: the training records. Those of speakers with at least config.min_utterances become
  // classes 0 .. num_speakers-1 in label order. The others, and those labelled kUnlabelled, are
  // used without a class if there is a teacher, else not at all.
  CropSampler(const PackedDataset& dataset, const std::vector<std::uint32_t>& records,
              const TrainConfig& config);

  int num_speakers() const { return num_speakers_; }
  std::uint64_t num_utterances() const { return records().size(); }
  const std::vector<std::uint32_t>& records() const { return records_; }  // those used
  // Of records(): whether it has no class.
  const std::vector<bool>& unlabelled() const { return unlabelled_; }
  // Of each class at the speed as it is: its records.
  std::vector<std::uint32_t> RecordsOfClass(int class_number) const;
  // Speakers, times three with speed perturbation.
  int num_classes() const;
  std::uint64_t crops_per_epoch() const { return crops_per_epoch_; }
  double seconds() const { return seconds_; }  // of speech

  // The crops of one epoch, shuffled. Speakers are drawn in proportion to seconds^speaker_balance
  // by systematic sampling: each gets its expected number, rounded up or down.
  std::vector<CropChoice> DrawEpoch(int epoch) const;

  // The input for the batch that begins at crop `begin` of an epoch, all crops of one length.
  // Thread-safe. Of `parts` equal parts of it, the one of that number.
  Batch MakeBatch(const std::vector<CropChoice>& crops, int epoch, std::size_t begin, int part = 0,
                  int parts = 1) const;

 private:
  // A speaker, or a record without a class.
  struct Source {
    std::size_t begin = 0, end = 0;  // in records_
    double weight = 0;
  };
  std::size_t DrawLength(int epoch, std::size_t begin) const;
  Matrix MakeCrop(const CropChoice& crop, std::size_t length, Rng& rng) const;
  std::vector<float> DrawSamples(const CropChoice& crop, std::size_t length, Rng& rng) const;
  std::uint32_t DrawRecord(const Source& source, Rng& rng) const;
  void Mask(Matrix& features, Rng& rng) const;

  const PackedDataset& dataset_;
  const TrainConfig config_;
  Augmenter augmenter_;
  MelComputer mel_;
  // Twelve bytes a record.
  std::vector<std::uint32_t> records_;      // source by source
  std::vector<bool> unlabelled_;            // of records_
  std::vector<double> cumulative_seconds_;  // of the records of one source, each at least a crop
  std::vector<Source> sources_;             // the speakers first
  int num_speakers_ = 0;
  std::uint64_t crops_per_epoch_ = 0;
  double seconds_ = 0;
};

}  // namespace vpr
