// What an engine needs to know to train a transcriber's network.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/model/model_file.h"
#include "vpr/network/tdnn.h"

namespace vpr {

struct TranscriberTraining {
  int epochs = 30;
  int batch_size = 16;  // recordings
  double lr = 2e-3;     // highest; half a cosine to 1 % of it, Adam with decoupled decay
  double weight_decay = 1e-3;
  double clip_norm = 5;  // of the gradient
  // SpecAugment's widest masks, bands and frames, two of each (Park et al., Interspeech 2019).
  int freq_mask = 8, time_mask = 10;
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all
  std::string device = "cpu";
};

struct TranscriberTask {
  TdnnShape shape;
  TranscriberTraining training;
  std::vector<Tensor> initial;  // to start from; empty: random
  std::size_t examples = 0;     // of an epoch
  // Features [inputs, frames] and labels of an example of an epoch; called by several threads.
  struct Example {
    Matrix features;
    std::vector<int> labels;
  };
  std::function<Example(int epoch, std::size_t number)> make;
  // Called after every epoch with the mean loss a label and the network so far.
  std::function<void(int epoch, double loss, const std::vector<Tensor>& tensors)> on_epoch;
};

// LibTorch's module.
class TranscriberEngine {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_transcriber_engine";

  virtual ~TranscriberEngine() = default;
  // Returns the network's weights. Throws kInvalidArgument or kIncompatible for tensors that do not
  // fit, kInterrupted if stopped, and what the task's functions throw.
  virtual std::vector<Tensor> Train(const TranscriberTask& task, Progress& progress,
                                    const StopRequested& stop) = 0;
};

}  // namespace vpr
