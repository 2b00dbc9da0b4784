#include "torch/torch_network.h"

#include <algorithm>
#include <map>

#include "torch/device.h"
#include "torch/graph_network.h"
#include "vpr/base/error.h"
#include "vpr/model/fusion.h"

namespace vpr {
namespace {

// As long as it lives this thread's operations run on `threads` (0: as they are); then on as many
// as before.
class TorchThreads {
 public:
  explicit TorchThreads(int threads) : before_(threads > 0 ? torch::get_num_threads() : threads) {
    if (before_ != threads) torch::set_num_threads(threads);
    changed_ = before_ != threads;
  }
  ~TorchThreads() {
    if (changed_) torch::set_num_threads(before_);
  }
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_;
  bool changed_ = false;
};

class TorchNetwork : public Network {
 public:
  TorchNetwork(std::shared_ptr<EmbeddingNetwork> network, const torch::Device& device, int threads)
      : network_(std::move(network)), device_(device), threads_(threads) {
    network_->eval();
  }

  std::vector<float> Forward(const Matrix& features) override try {
    torch::InferenceMode guard;
    const TorchThreads threads(threads_);
    torch::Tensor input = torch::from_blob(const_cast<float*>(features.data.data()),
                                           {1, static_cast<std::int64_t>(features.rows),
                                            static_cast<std::int64_t>(features.cols)},
                                           torch::kFloat)
                              .to(device_);
    torch::Tensor output =
        network_->forward(input).to(torch::kCPU, torch::kFloat).contiguous().flatten();
    return {output.data_ptr<float>(), output.data_ptr<float>() + output.numel()};
  } catch (const c10::Error& error) {
    throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
  }

 private:
  std::shared_ptr<EmbeddingNetwork> network_;
  torch::Device device_;
  int threads_;
};

class Fusion : public EmbeddingNetwork {
 public:
  explicit Fusion(const std::vector<Model>& parts) {
    for (const Model& part : parts) {
      std::string name = PartPrefix(parts_.size());
      name.pop_back();  // the dot
      parts_.push_back(register_module(name, MakeModule(part.info)));
    }
  }

  torch::Tensor forward(torch::Tensor features) override {
    std::vector<torch::Tensor> embeddings;
    for (const auto& part : parts_)
      embeddings.push_back(
          torch::nn::functional::normalize(part->forward(features).to(torch::kFloat)));
    return torch::cat(embeddings, 1);
  }

 private:
  std::vector<std::shared_ptr<EmbeddingNetwork>> parts_;
};

}  // namespace

std::shared_ptr<EmbeddingNetwork> MakeModule(const ModelInfo& info) try {
  if (info.architecture == kFusion) return std::make_shared<Fusion>(PartsOf({info, {}, {}}));
  ModelInfo complete = info;
  complete.architecture_options =
      CompleteOptions(FindArchitecture(info.architecture), info.architecture_options);
  return MakeGraphNetwork(Describe(complete));
} catch (const Error& error) {
  throw Error(ErrorCode::kIncompatible, std::string("cannot use this model: ") + error.what());
}

std::vector<std::pair<std::string, torch::Tensor>> NetworkState(const torch::nn::Module& network) {
  std::vector<std::pair<std::string, torch::Tensor>> state;
  for (const auto& item : network.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : network.named_buffers()) {
    if (!item.key().ends_with("num_batches_tracked")) state.emplace_back(item.key(), item.value());
  }
  return state;
}

std::vector<Tensor> ExportTensors(const torch::nn::Module& network) {
  std::vector<Tensor> tensors;
  for (const auto& [name, value] : NetworkState(network)) {
    torch::Tensor flat =
        value.detach().to(torch::kCPU, torch::kFloat).contiguous(torch::MemoryFormat::Contiguous);
    tensors.push_back({name,
                       value.sizes().vec(),
                       {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()}});
  }
  return tensors;
}

void ImportTensors(const std::vector<Tensor>& tensors, torch::nn::Module& network) {
  torch::NoGradGuard guard;
  std::map<std::string, const Tensor*> by_name;
  for (const Tensor& tensor : tensors) by_name[tensor.name] = &tensor;
  auto state = NetworkState(network);
  for (auto& [name, value] : state) {
    auto found = by_name.find(name);
    if (found == by_name.end())
      throw Error(ErrorCode::kIncompatible, "the model has no tensor '" + name + "'");
    if (found->second->shape != value.sizes().vec())
      throw Error(ErrorCode::kIncompatible, "the model's tensor '" + name + "' has another shape");
    value.copy_(torch::from_blob(const_cast<float*>(found->second->data.data()), value.sizes(),
                                 torch::kFloat));
  }
  if (state.size() != by_name.size())
    throw Error(ErrorCode::kIncompatible, "the model has tensors that its architecture has not");
}

void MoveAverage(EmbeddingNetwork& average, const EmbeddingNetwork& network, double decay) {
  torch::NoGradGuard guard;
  auto to = NetworkState(average), from = NetworkState(network);
  for (std::size_t i = 0; i < to.size(); ++i) to[i].second.lerp_(from[i].second, 1 - decay);
}

std::unique_ptr<Network> WrapModule(std::shared_ptr<EmbeddingNetwork> network,
                                    const torch::Device& device, int threads) {
  return std::make_unique<TorchNetwork>(std::move(network), device, threads);
}

}  // namespace vpr
