// The engines that run networks, each in a module of its own that is opened at first need, so that
// commands without a network start in milliseconds: oneDNN for embeddings on the CPU, LibTorch for
// everything else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct ScriptModule;
struct TrainConfig;
struct TrainResult;
struct NetworkShape;  // vpr/classify/network_classifier.h
struct NetworkTask;
struct TranscriberTask;  // vpr/transcribe/transcriber_training.h

// The network of a model on the engine that `options` ask for. Throws kNotFound with the reason if
// the engine cannot be opened, kInvalidArgument for one that is unknown or cannot use the device,
// kIncompatible for a model it cannot run.
std::unique_ptr<Network> MakeNetwork(Model model, const ExtractorOptions& options);

// LibTorch.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::unique_ptr<Network> MakeNetwork(const Model& model,
                                               const ExtractorOptions& options) = 0;
  // A TorchScript module that takes features [1, frames, n_mels] and returns an embedding, or
  // several of which the last counts. Throws kCorrupt for what is none, kIncompatible where it
  // cannot be run.
  virtual std::unique_ptr<Network> LoadTorchScript(const std::string& path,
                                                   const ExtractorOptions& options) = 0;
  // The archive of a module, as torch.jit.load reads it.
  virtual std::string TorchScriptArchive(const ScriptModule& script) = 0;
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
  // A transcriber's network. Throws as above, and what the task's functions throw.
  virtual std::vector<Tensor> TrainTranscriber(const TranscriberTask& task, Progress& progress,
                                               const StopRequested& stop) = 0;
};

// Opens the module (lib/vpr/vpr_torch.so beside the program's bin folder) the first time. Throws
// kNotFound with the reason if it cannot be opened.
Backend& OpenBackend();

// The modules' entry points; the names change with the interface.
inline constexpr const char* kBackendEntry = "vpr_torch_backend_v4";  // Backend* ()
// Network* (Model&), in lib/vpr/vpr_onednn.so; the model is moved from, or null comes back for an
// architecture that it does not know.
inline constexpr const char* kOneDnnEntry = "vpr_onednn_network_v2";
// Network* (Graph&), in the same module; the graph is moved from. For networks that are no speaker
// models: Forward gives all frames of the last node, one after the other.
inline constexpr const char* kOneDnnGraphEntry = "vpr_onednn_graph_v1";

}  // namespace vpr
