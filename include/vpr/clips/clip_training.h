// What an engine needs to know to train the network of clips.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/clips/clip_network.h"
#include "vpr/model/model_file.h"

namespace vpr {

struct ClipTraining {
  int epochs = 50;
  int batch_size = 32;
  double lr = 1e-3;  // highest; half a cosine to 1 % of it, Adam with decoupled decay
  double weight_decay = 1e-5;
  double clip_norm = 1;  // of the gradient
  double dropout = 0.5;
  double drop_side = 0.2;      // probability of leaving out a whole side, never both
  double branch_weight = 0.3;  // of each branch's own cross-entropy, beside that of the answer
  double label_smoothing = 0;
  int crop_frames = 300;  // of sounds, from a random place on: 9.6 s
  // SpecAugment's widest masks (Park et al., Interspeech 2019), one of each a sound.
  int freq_mask = 8, time_mask = 16;
  bool augment = true;  // pictures, noise and masks
  std::uint64_t seed = 1;
  int threads = 0;  // 0: all
  std::string device = "cpu";
};

// One clip as it goes into a batch.
struct ClipExample {
  std::vector<float> pictures;  // [frames, 3 side, side]; empty: not seen
  Matrix sound;                 // [bands, frames]; no frames: not heard
  int class_number = 0;
};

// A training after an epoch, to go on from.
struct ClipState {
  int epoch = 0;                // trained so far
  std::int64_t step = 0;        // of the optimizer
  std::vector<Tensor> network;  // as ClipTensorShapes
  // What the optimizer remembers of each parameter: "NAME.exp_avg", "NAME.exp_avg_sq",
  // "NAME.step".
  std::vector<Tensor> optimizer;
};

struct ClipTask {
  ClipShape shape;
  ClipTraining training;
  std::size_t examples = 0;  // of an epoch
  int frames = 1;            // pictures of every example that is seen
  // Called by several threads.
  std::function<ClipExample(int epoch, std::size_t number)> make;
  std::vector<Tensor> initial;  // to start from, by name; others are drawn; empty: all are
  ClipState resume;             // to go on from; epoch 0: from the start
  std::function<void(std::int64_t step, double loss, double lr)> on_step;
  // After every epoch, with its mean loss, and before the training stops.
  std::function<void(const ClipState& state, double loss)> on_epoch;
};

// LibTorch's module.
class ClipEngine {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_clip_engine";

  virtual ~ClipEngine() = default;
  // Returns the network's tensors. Throws kInvalidArgument for a task that cannot be, kIncompatible
  // for tensors that do not fit, kUnusable if the loss is no number any more, kInterrupted if
  // stopped, and what the task's functions throw.
  virtual std::vector<Tensor> Train(const ClipTask& task, Progress& progress,
                                    const StopRequested& stop) = 0;
  // The answer of the network as training computes it: what tests hold ClipNetwork against.
  virtual ClipAnswer Forward(const ClipShape& shape, const std::vector<Tensor>& tensors,
                             const ClipExample& example, int frames) = 0;
};

}  // namespace vpr
