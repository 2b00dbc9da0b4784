// The engines that run networks, each in a module of its own that is opened at first need, so that
// commands without a network start in milliseconds: oneDNN for embeddings on the CPU, LibTorch for
// everything else. What else LibTorch does is declared where it is used: vpr/train/step_engine.h,
// vpr/classify/network_classifier.h, vpr/transcribe/transcriber_training.h, vpr/network/export.h.
#pragma once

#include <memory>
#include <string>

#include "vpr/model/embedding_extractor.h"

namespace vpr {

// The network of a model on the engine that `options` ask for. Throws kNotFound with the reason if
// the engine cannot be opened, kInvalidArgument for one that is unknown or cannot use the device,
// kIncompatible for a model it cannot run.
std::unique_ptr<Network> MakeNetwork(Model model, const ExtractorOptions& options);

// A TorchScript module that takes features [1, frames, n_mels] and returns an embedding, or several
// of which the last counts. Throws kNotFound as above, kCorrupt for what is none, kIncompatible
// where it cannot be run.
std::unique_ptr<Network> LoadTorchScript(const std::string& path, const ExtractorOptions& options);

// What LibTorch's module offers for this.
class NetworkEngine {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_network_engine";

  virtual ~NetworkEngine() = default;
  virtual std::unique_ptr<Network> MakeNetwork(const Model& model,
                                               const ExtractorOptions& options) = 0;
  virtual std::unique_ptr<Network> LoadTorchScript(const std::string& path,
                                                   const ExtractorOptions& options) = 0;
};

// Network* (Model&), in lib/vpr/vpr_onednn.so; the model is moved from, or null comes back for an
// architecture that it does not know.
inline constexpr const char* kOneDnnEntry = "vpr_onednn_network";
// Network* (Graph&), in the same module; the graph is moved from. For networks that are no speaker
// models: Forward gives all frames of the last node, one after the other.
inline constexpr const char* kOneDnnGraphEntry = "vpr_onednn_graph";

}  // namespace vpr
