// The state of a training run between two steps: a tensor file (docs/formats.md) in the run folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/train/step_engine.h"
#include "vpr/train/trainer.h"

namespace vpr {

struct TrainState {
  int epoch = 1;                 // the one under way, counted from 1
  std::uint64_t next_batch = 0;  // of this epoch
  // Sums over this epoch's steps so far:
  double loss_sum = 0;
  double correct_sum = 0;
  double seconds = 0;
  double wait_seconds = 0;
  std::vector<EpochMetrics> history;  // finished epochs
  EpochMetrics best;
  std::string identity;  // of what must not change: data sets and settings
};

std::string CheckpointPath(const std::string& run_dir);

// True if there is a checkpoint in the folder, also one of an older version.
bool HoldsTrainingRun(const std::string& run_dir);

// Writes atomically: a kill leaves the checkpoint before or this one. Throws kIo.
void SaveCheckpoint(const std::string& path, const TrainState& state, const StepEngine& engine);

// Throws kNotFound; kCorrupt for what is damaged or of another network; kIncompatible if its
// identity is not `identity`, before anything is changed, or if there is only one that an older
// version wrote.
TrainState LoadCheckpoint(const std::string& path, const std::string& identity, StepEngine& engine);

// Network and loss of another run, to start with. Throws as LoadCheckpoint, and kIncompatible if
// they have another shape or `data` is not part of the run's identity.
void LoadTrained(const std::string& path, const std::string& data, StepEngine& engine);

}  // namespace vpr
