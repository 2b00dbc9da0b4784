// What another network says of the training recordings: the embeddings that a network is trained
// towards ("knowledge distillation": Hinton, Vinyals and Dean, arXiv 1503.02531).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/train/train_config.h"

namespace vpr {

// One embedding a recording, of any dimension.
struct EmbeddingTable {
  std::vector<std::string> paths;
  Matrix embeddings;                // [recordings, dim]; a row that is not finite stands for none
  std::vector<std::string> groups;  // what the list's column says of each; empty: not asked for
};

// Reads what `vpr embed` writes: a Kaldi text archive (.ark, lines "path  [ numbers ]"), JSON lines
// (.jsonl, objects with "path" and "embedding"), or a NumPy array (.npy) whose rows belong to the
// recordings of `list`: a path a line, or a table with a column "path". `group_by`: a column of
// that table to be read as well. Throws kNotFound, kCorrupt, kInvalidArgument for another ending,
// an array without its list or a list without the column.
EmbeddingTable ReadEmbeddingTable(const std::string& path, const std::string& list,
                                  const std::string& group_by = "");

// The targets of the records of a data set. A target is the teacher's embedding less the mean over
// all records that have one, scaled to length 1, mixed with the mean of its speaker (an embedding
// of one recording tells its words and its noise as well): config.teacher_mean_share of the latter,
// all of it where the recording has less than config.teacher_seconds of speech. With
// config.teacher_group_by the mean is that of the record's group instead: of the means of the
// voices in it (records without a label are voices of their own) and ten times the mean over all,
// so that small groups keep close to it. What a corpus has in common, devices and language, is
// nobody's voice (inter-dataset variability: Aronowitz, Odyssey 2014).
class Teacher {
 public:
  // `records`: those trained on. `unlabelled[i]`: whether record records[i] has no label to be
  // averaged by. A table's path belongs to the record whose key it ends with. Throws what
  // ReadEmbeddingTable throws; kIncompatible if tables differ in dimension; kUnusable if no
  // record has an embedding, or none differs from the mean.
  Teacher(const TrainConfig& config, const PackedDataset& dataset,
          const std::vector<std::uint32_t>& records, const std::vector<bool>& unlabelled);

  int dim() const { return static_cast<int>(targets_.cols); }
  std::size_t found() const { return found_; }  // records that have an embedding
  std::string Fingerprint() const;              // of all targets
  // Of length 1, or null if the teacher says nothing of the record.
  const float* Target(std::uint32_t record) const;
  // Mean target of the records of a label, of length 1; empty if none has one. [dim]
  std::vector<float> SpeakerMean(const std::vector<std::uint32_t>& records) const;

 private:
  std::vector<std::uint32_t> row_;  // of each record; kNone: none
  Matrix targets_;
  std::size_t found_ = 0;
};

}  // namespace vpr
