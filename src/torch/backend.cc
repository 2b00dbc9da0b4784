#include "vpr/model/backend.h"

#include "torch/classifier.h"
#include "torch/device.h"
#include "torch/registry.h"
#include "torch/torch_network.h"
#include "torch/torchscript.h"
#include "torch/trainer.h"
#include "torch/transcriber.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

template <typename Entry>
std::vector<std::string> Names(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.push_back(entry.name);
  return names;
}

class TorchBackend : public Backend {
 public:
  std::unique_ptr<Network> MakeNetwork(const Model& model,
                                       const ExtractorOptions& options) override {
    torch::Device device = ParseDevice(options.device);
    // Checks options and shapes against the tensors that are there, before memory is taken by them.
    if (HasGraph(model.info)) BuildGraph(model);
    std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
    ImportTensors(model.tensors, *network);
    network->to(device);
    // One thread each, since several files are embedded at once: that scales better than threads
    // inside the network, and results do not depend on their number.
    return WrapModule(std::move(network), device, 1);
  }

  std::unique_ptr<Network> LoadTorchScript(const std::string& path,
                                           const ExtractorOptions& options) override {
    return vpr::LoadTorchScript(path, ParseDevice(options.device));
  }

  std::string TorchScriptArchive(const ScriptModule& script) override {
    return vpr::TorchScriptArchive(script);
  }

  TrainResult Train(const TrainConfig& config, Progress& progress,
                    const StopRequested& stop) override {
    return TrainWithTorch(config, progress, stop);
  }

  std::vector<Tensor> TrainClassifier(const NetworkTask& task, Progress& progress,
                                      const StopRequested& stop) override {
    return TrainClassifierWithTorch(task, progress, stop);
  }

  std::unique_ptr<Network> MakeClassifier(const NetworkShape& shape,
                                          const std::vector<Tensor>& tensors) override {
    std::shared_ptr<EmbeddingNetwork> network = MakeClassifierModule(shape);
    ImportTensors(tensors, *network);
    return WrapModule(std::move(network), torch::kCPU, 1);
  }

  std::vector<Tensor> TrainTranscriber(const TranscriberTask& task, Progress& progress,
                                       const StopRequested& stop) override {
    return TrainTranscriberWithTorch(task, progress, stop);
  }

  std::vector<std::string> Architectures() override { return Names(vpr::Architectures()); }
  std::vector<std::string> Losses() override { return Names(vpr::Losses()); }
};

}  // namespace
}  // namespace vpr

extern "C" __attribute__((visibility("default"))) vpr::Backend* vpr_torch_backend_v4() {
  static vpr::TorchBackend backend;
  return &backend;
}
