// Networks that classify: what the engine (vpr/model/backend.h) needs to know to train and run one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"

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

}  // namespace vpr
