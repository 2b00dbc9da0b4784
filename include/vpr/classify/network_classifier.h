// Networks that classify: what an engine needs to know to train and run one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"

namespace vpr {

struct NetworkShape {
  // "mlp": linear layers of `hidden` units with ReLU and dropout, on inputs [rows, 1]. Otherwise an
  // architecture for spectrograms [rows, frames], whose embedding has a value a class.
  std::string network = "mlp";
  int rows = 0;
  int classes = 0;
  std::vector<int> hidden = {256, 256};
  double dropout = 0.5;
};

struct NetworkTraining {
  int epochs = 100;
  int batch_size = 32;
  double lr = 1e-3;  // highest; half a cosine to 1 % of it, Adam with decoupled decay
  double weight_decay = 1e-2;
  double label_smoothing = 0;
  // Spectrograms only: frames of the random crops trained on (shorter ones are repeated up to it),
  // and SpecAugment's widest masks, one of each a crop.
  int crop_frames = 0;
  int freq_mask = 0, time_mask = 0;
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all
  std::string device = "cpu";
};

struct NetworkTask {
  NetworkShape shape;
  NetworkTraining training;
  std::vector<const Matrix*> inputs;  // standardized: [rows, frames], all with one frame for "mlp"
  std::vector<int> classes;           // of the inputs
};

// LibTorch's module. Both throw kInvalidArgument or kIncompatible for an unknown network or tensors
// that do not fit.
class ClassifierEngine {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_classifier_engine";

  virtual ~ClassifierEngine() = default;
  // Throws kInterrupted if stopped.
  virtual std::vector<Tensor> Train(const NetworkTask& task, Progress& progress,
                                    const StopRequested& stop) = 0;
  // Its output has a value (logit) a class.
  virtual std::unique_ptr<Network> MakeNetwork(const NetworkShape& shape,
                                               const std::vector<Tensor>& tensors) = 0;
};

}  // namespace vpr
