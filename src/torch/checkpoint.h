// The state of a training run between two steps: a tensor file (docs/formats.md) in the run folder.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "torch/registry.h"
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

// What is trained; `average` is null without a moving average of the network, `distillation`
// without a teacher.
struct TrainedParts {
  EmbeddingNetwork& network;
  Loss& loss;
  torch::optim::Optimizer& optimizer;
  EmbeddingNetwork* average = nullptr;
  torch::nn::Module* distillation = nullptr;  // what comes between network and teacher
};

std::string CheckpointPath(const std::string& run_dir);

// True if there is a checkpoint in the folder, also one of an older version.
bool HoldsTrainingRun(const std::string& run_dir);

// Writes atomically: a kill leaves the checkpoint before or this one. Throws kIo.
void SaveCheckpoint(const std::string& path, const TrainState& state, const TrainedParts& parts);

// Throws kNotFound; kCorrupt for what is damaged or of another network; kIncompatible if its
// identity is not `identity`, before anything is changed, or if there is only one that an older
// version wrote.
TrainState LoadCheckpoint(const std::string& path, const std::string& identity,
                          const TrainedParts& parts);

// Network and loss of another run, to start with. Throws as LoadCheckpoint, and kIncompatible if
// they have another shape or `data` is not part of the run's identity.
void LoadTrained(const std::string& path, const std::string& data, EmbeddingNetwork& network,
                 Loss& loss);

}  // namespace vpr
