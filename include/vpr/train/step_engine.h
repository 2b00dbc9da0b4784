// What trains networks step by step. The training loop (vpr/train/trainer.h) decides what is learnt
// from, at what rate, what is measured and what is kept; an engine knows the network, the losses,
// the optimizer, the device, and the other processes that train the same network.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"
#include "vpr/train/train_config.h"

namespace vpr {

// One step's input, of this process.
struct Batch {
  std::vector<float> features;  // [batch, n_mels, frames]
  std::size_t frames = 0;
  std::vector<std::int64_t> classes;   // -1: none
  std::vector<std::uint32_t> records;  // what the crops were cut from
  // With a teacher: the numbers of the crops whose recordings it knows, and of each of these what
  // is to be learnt, of length 1: [taught, teacher_dim].
  std::vector<std::int64_t> taught;
  std::vector<float> targets;
};

struct StepEngineSetup {
  ModelInfo info;       // what network
  int num_classes = 1;  // of the loss
  int teacher_dim = 0;  // 0: no teacher
  Matrix centers;       // [num_classes, embedding_dim]: directions in which classes begin, rows of
                        // zeros where nothing is known; empty: none
  bool one_shape = true;  // all batches have the same number of frames
};

struct StepSettings {
  double lr = 0, margin = 0;
  std::uint64_t seed = 0;    // of what the step draws, such as dropout
  double average_decay = 0;  // of the moving average of the weights, if there is one
  bool stop = false;         // this process was asked to stop
};

// What a step gave.
struct StepOutcome {
  std::uint64_t step = 0;
  double loss = 0;     // mean over the batch
  double correct = 0;  // crops whose class scores highest without the margin
  bool stop = false;   // one of the processes was asked to stop
};
// Called once a step. Throws to end the training.
using OnStep = std::function<void(const StepOutcome&)>;

// All that changes in a training, as float32: network and losses, the moving average, what the
// optimizer remembers, and of each parameter, by its number, how many steps that is of.
struct EngineState {
  std::vector<Tensor> tensors;
  std::map<std::string, std::int64_t> steps;
};

class StepEngine {
 public:
  virtual ~StepEngine() = default;

  // A batch where the engine wants it.
  struct Loaded {
    virtual ~Loaded() = default;
  };

  // This process among those that train together: 0 is the first, which writes and measures.
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Sums over all processes; all must call it with as many numbers, in the same order. Throws kIo
  // if one is gone.
  virtual std::vector<float> Sum(const std::vector<float>& numbers) = 0;

  // Name and version, as "LibTorch 2.1.0".
  virtual std::string Program() const = 0;
  // The options and the dimension of the embedding that `info` leaves open are the architecture's.
  // Throws kInvalidArgument for one that is unknown.
  virtual void Complete(ModelInfo& info) const = 0;

  // Makes the network, with initial weights by the seed. Called once, before what follows. Throws
  // kInvalidArgument for what cannot be trained.
  virtual void Begin(const StepEngineSetup& setup) = 0;
  virtual std::int64_t num_parameters() const = 0;
  // Where and how it computes, as "cpu, float32".
  virtual std::string Description() const = 0;

  // Sets the network's weights. Throws kIncompatible if a tensor is missing, left over, or of
  // another shape.
  virtual void SetNetwork(const std::vector<Tensor>& tensors) = 0;
  // Network and loss of another training. False, and nothing is changed, if it had others.
  virtual bool StartFrom(const EngineState& state) = 0;
  virtual EngineState State() const = 0;
  // Goes on where another process was. Throws kCorrupt, with the reason alone, for what is not the
  // state of such a training.
  virtual void SetState(const EngineState& state) = 0;

  // Weights may be averaged: what is to be measured and kept.
  virtual std::vector<Tensor> KeptTensors() const = 0;
  virtual std::unique_ptr<Network> KeptNetwork() = 0;
  // Any model's network, on the same device.
  virtual std::unique_ptr<Network> MakeNetwork(const Model& model) = 0;

  // May be called by several threads, beside the steps.
  virtual std::unique_ptr<Loaded> Load(Batch batch) const = 0;
  // One step. `on_step` may be called with what an earlier step gave, so that a device need not be
  // waited for; Settle waits for what is still missing.
  virtual void Step(const Loaded& batch, std::uint64_t step, const StepSettings& settings,
                    const OnStep& on_step) = 0;
  virtual void Settle(const OnStep& on_step) = 0;
};

// Joins the processes that train together, if there are several, and opens the device. Throws
// kInvalidArgument, kDevice, kIo.
class StepEngines {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_step_engines";

  virtual ~StepEngines() = default;
  virtual std::unique_ptr<StepEngine> Make(const TrainConfig& config) = 0;
};

}  // namespace vpr
