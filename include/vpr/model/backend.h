// The engine that runs and trains networks: LibTorch, in a module of its own that is opened at
// first need, so that commands without a network start in a millisecond.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct TrainConfig;
struct TrainResult;
struct NetworkShape;  // vpr/classify/network_classifier.h
struct NetworkTask;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::unique_ptr<Network> MakeNetwork(const Model& model,
                                               const ExtractorOptions& options) = 0;
  virtual TrainResult Train(const TrainConfig& config, Progress& progress,
                            const StopRequested& stop) = 0;
  // Classifiers: networks whose output has a value (logit) a class. Throw kInvalidArgument or
  // kIncompatible for an unknown network or tensors that do not fit, kInterrupted if stopped.
  virtual std::vector<Tensor> TrainClassifier(const NetworkTask& task, Progress& progress,
                                              const StopRequested& stop) = 0;
  virtual std::unique_ptr<Network> MakeClassifier(const NetworkShape& shape,
                                                  const std::vector<Tensor>& tensors) = 0;
  // Names known to the registries, for messages and --help.
  virtual std::vector<std::string> Architectures() = 0;
  virtual std::vector<std::string> Losses() = 0;
};

// Opens the module (lib/vpr/vpr_torch.so beside the program's bin folder) the first time. Throws
// kNotFound with the reason if it cannot be opened.
Backend& OpenBackend();

// The module's entry point; the name changes with this interface.
inline constexpr const char* kBackendEntry = "vpr_torch_backend_v2";

}  // namespace vpr
