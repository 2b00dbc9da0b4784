// Training a network to tell speakers apart.
#pragma once

#include <string>

#include "vpr/base/progress.h"
#include "vpr/model/model_file.h"
#include "vpr/train/train_config.h"

namespace vpr {

// One line of metrics.csv.
struct EpochMetrics {
  int epoch = 0;
  double loss = 0;
  double accuracy = 0;  // on training crops, without the margin
  double dev_eer = -1;  // on held-out speakers; negative: none
  double lr = 0;
  double margin = 0;
  double crops_per_second = 0;
  double wait_share = 0;  // of the time, spent waiting for data
  double seconds = 0;
};

struct TrainResult {
  ModelInfo model;  // as written
  EpochMetrics last, best;
  bool first_process = true;  // of several that train together: the one that writes and reports
  bool interrupted = false;   // stopped early; run_dir holds a checkpoint, and the best model so
                              // far, if there is one, is the output
};

// Trains as configured. Reports steps to `progress` and one Info line an epoch. Writes
// run_dir/{config.toml, checkpoint.vpt, metrics.csv} as it goes and config.output whenever held-out
// EER improves (each write atomic), with the decision threshold at the equal error rate.
//
// Several processes can train one network together, each started with the same configuration and
// the environment that torchrun sets (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, for GPUs
// LOCAL_RANK). Each takes its part of every batch; the loss curve is that of one process, to
// rounding (but for dropout, which only cnn has). The first process alone writes and reports; all
// must be able to read the data and, to resume, run_dir. One that dies stops all: kIo.
//
// Throws kInvalidArgument for the configuration, what PackedDataset throws, kUnusable for a data
// set with one speaker only or fewer utterances than a batch, kIncompatible for a checkpoint of
// other data or settings, kDevice.
TrainResult Train(const TrainConfig& config, Progress& progress, const StopRequested& stop);

}  // namespace vpr
