#include "torch/checkpoint.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "torch/device.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {

using Json = nlohmann::json;

// Found by nlohmann::json through argument-dependent lookup.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochMetrics, epoch, loss, accuracy, dev_eer, lr, margin,
                                   crops_per_second, wait_share, seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainState, epoch, next_batch, loss_sum, correct_sum, seconds,
                                   wait_seconds, history, best, identity)

namespace {

torch::serialize::OutputArchive Saved(const torch::nn::Module& module) {
  torch::serialize::OutputArchive archive;
  module.save(archive);
  return archive;
}

// Calls read(archive, state); what goes wrong in it becomes a clear error.
template <typename Read>
void ReadCheckpoint(const std::string& path, const char* verb, const torch::Device& device,
                    Read&& read) {
  const std::string bytes = ReadFile(path);
  const auto damaged = [&](const std::string& what) {
    return Error(ErrorCode::kCorrupt, std::string("cannot ") + verb + " '" + Printable(path) +
                                          "': it is damaged: " + what);
  };
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(bytes.data(), bytes.size(), device);
    c10::IValue text;
    archive.read("state", text);
    read(archive, Json::parse(text.toStringRef()).get<TrainState>());
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw damaged(OneLine(error));
  } catch (const std::exception& error) {
    throw damaged(std::string(Lines(error.what()).front()));
  }
}

// LibTorch itself takes tensors of any shape.
std::vector<std::vector<std::int64_t>> Shapes(const torch::nn::Module& module) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const torch::Tensor& tensor : module.parameters()) shapes.push_back(tensor.sizes().vec());
  for (const torch::Tensor& tensor : module.buffers()) shapes.push_back(tensor.sizes().vec());
  return shapes;
}

void Load(torch::serialize::InputArchive& archive, const char* key, torch::nn::Module& module) {
  torch::serialize::InputArchive part;
  archive.read(key, part);
  module.load(part);
}

}  // namespace

void SaveCheckpoint(const std::string& path, const TrainState& state, const TrainedParts& parts) {
  torch::serialize::OutputArchive archive, optimizer;
  archive.write("state", c10::IValue(Json(state).dump()));
  torch::serialize::OutputArchive network = Saved(parts.network), loss = Saved(parts.loss);
  archive.write("network", network);
  archive.write("loss", loss);
  parts.optimizer.save(optimizer);
  archive.write("optimizer", optimizer);
  if (parts.average != nullptr) {
    torch::serialize::OutputArchive average = Saved(*parts.average);
    archive.write("average", average);
  }
  if (parts.distillation != nullptr && !parts.distillation->parameters().empty()) {
    torch::serialize::OutputArchive distillation = Saved(*parts.distillation);
    archive.write("distillation", distillation);
  }
  AtomicFile file(path);
  archive.save_to([&](const void* data, std::size_t size) {
    file.Write(data, size);
    return size;
  });
  file.Commit();
}

TrainState LoadCheckpoint(const std::string& path, const std::string& identity,
                          const TrainedParts& parts, const torch::Device& device) {
  TrainState result;
  ReadCheckpoint(path, "resume", device,
                 [&](torch::serialize::InputArchive& archive, const TrainState& state) {
                   if (state.identity != identity)
                     throw Error(ErrorCode::kIncompatible,
                                 "cannot resume '" + Printable(path) +
                                     "': it was made with other data or settings; found " +
                                     Printable(identity) + ", expected " +
                                     Printable(state.identity));
                   Load(archive, "network", parts.network);
                   Load(archive, "loss", parts.loss);
                   torch::serialize::InputArchive optimizer;
                   archive.read("optimizer", optimizer);
                   parts.optimizer.load(optimizer);
                   if (parts.average != nullptr) Load(archive, "average", *parts.average);
                   if (parts.distillation != nullptr && !parts.distillation->parameters().empty())
                     Load(archive, "distillation", *parts.distillation);
                   result = state;
                 });
  return result;
}

void LoadTrained(const std::string& path, const std::string& data, EmbeddingNetwork& network,
                 Loss& loss, const torch::Device& device) {
  ReadCheckpoint(
      path, "start from", device,
      [&](torch::serialize::InputArchive& archive, const TrainState& state) {
        const auto network_shapes = Shapes(network), loss_shapes = Shapes(loss);
        if (state.identity.find(data) == std::string::npos)
          throw Error(ErrorCode::kIncompatible,
                      "cannot start from '" + Printable(path) +
                          "': it was trained on other data; start from its model file instead");
        Load(archive, "network", network);
        Load(archive, "loss", loss);
        if (Shapes(network) != network_shapes || Shapes(loss) != loss_shapes)
          throw Error(ErrorCode::kIncompatible,
                      "cannot start from '" + Printable(path) +
                          "': its network, loss or number of classes is another than the one to "
                          "train; start from its model file instead");
      });
}

}  // namespace vpr
