// What the module offers, one entry point a customer.
#include "torch/classifier.h"
#include "torch/clips.h"
#include "torch/device.h"
#include "torch/step_engine.h"
#include "torch/torch_network.h"
#include "torch/torchscript.h"
#include "torch/transcriber.h"
#include "vpr/base/api.h"
#include "vpr/model/network_engine.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

class TorchNetworkEngine : public NetworkEngine {
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
};

class TorchScriptEngine : public ScriptEngine {
 public:
  std::string Archive(const ScriptModule& script) override { return TorchScriptArchive(script); }
};

class TorchStepEngines : public StepEngines {
 public:
  std::unique_ptr<StepEngine> Make(const TrainConfig& config) override {
    return MakeTorchStepEngine(config);
  }
};

class TorchClassifierEngine : public ClassifierEngine {
 public:
  std::vector<Tensor> Train(const NetworkTask& task, Progress& progress,
                            const StopRequested& stop) override {
    return TrainClassifierWithTorch(task, progress, stop);
  }

  std::unique_ptr<Network> MakeNetwork(const NetworkShape& shape,
                                       const std::vector<Tensor>& tensors) override {
    std::shared_ptr<EmbeddingNetwork> network = MakeClassifierModule(shape);
    ImportTensors(tensors, *network);
    return WrapModule(std::move(network), torch::kCPU, 1);
  }
};

class TorchClipEngine : public ClipEngine {
 public:
  std::vector<Tensor> Train(const ClipTask& task, Progress& progress,
                            const StopRequested& stop) override {
    return TrainClipsWithTorch(task, progress, stop);
  }
  ClipAnswer Forward(const ClipShape& shape, const std::vector<Tensor>& tensors,
                     const ClipExample& example, int frames) override {
    return ForwardClipWithTorch(shape, tensors, example, frames);
  }
};

class TorchTranscriberEngine : public TranscriberEngine {
 public:
  std::vector<Tensor> Train(const TranscriberTask& task, Progress& progress,
                            const StopRequested& stop) override {
    return TrainTranscriberWithTorch(task, progress, stop);
  }
};

}  // namespace
}  // namespace vpr

extern "C" {

VPR_API vpr::NetworkEngine* vpr_torch_network_engine() {
  static vpr::TorchNetworkEngine engine;
  return &engine;
}

VPR_API vpr::ScriptEngine* vpr_torch_script_engine() {
  static vpr::TorchScriptEngine engine;
  return &engine;
}

VPR_API vpr::StepEngines* vpr_torch_step_engines() {
  static vpr::TorchStepEngines engines;
  return &engines;
}

VPR_API vpr::ClassifierEngine* vpr_torch_classifier_engine() {
  static vpr::TorchClassifierEngine engine;
  return &engine;
}

VPR_API vpr::ClipEngine* vpr_torch_clip_engine() {
  static vpr::TorchClipEngine engine;
  return &engine;
}

VPR_API vpr::TranscriberEngine* vpr_torch_transcriber_engine() {
  static vpr::TorchTranscriberEngine engine;
  return &engine;
}

}  // extern "C"
