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

void SaveCheckpoint(const std::string& path, const TrainState& state,
                    const EmbeddingNetwork& network, const Loss& loss,
                    const torch::optim::Optimizer& optimizer) {
  torch::serialize::OutputArchive archive;
  archive.write("state", c10::IValue(Json(state).dump()));
  torch::serialize::OutputArchive part;
  network.save(part);
  archive.write("network", part);
  part = torch::serialize::OutputArchive();
  loss.save(part);
  archive.write("loss", part);
  part = torch::serialize::OutputArchive();
  optimizer.save(part);
  archive.write("optimizer", part);
  AtomicFile file(path);
  archive.save_to([&](const void* data, std::size_t size) {
    file.Write(data, size);
    return size;
  });
  file.Commit();
}

TrainState LoadCheckpoint(const std::string& path, const std::string& identity,
                          EmbeddingNetwork& network, Loss& loss, torch::optim::Optimizer& optimizer,
                          const torch::Device& device) {
  const std::string bytes = ReadFile(path);
  try {
    torch::serialize::InputArchive archive, part;
    archive.load_from(bytes.data(), bytes.size(), device);
    c10::IValue text;
    archive.read("state", text);
    TrainState state = Json::parse(text.toStringRef()).get<TrainState>();
    if (state.identity != identity)
      throw Error(ErrorCode::kIncompatible,
                  "cannot resume '" + Printable(path) +
                      "': it was made with other data or settings; found " + Printable(identity) +
                      ", expected " + Printable(state.identity));
    archive.read("network", part);
    network.load(part);
    archive.read("loss", part);
    loss.load(part);
    archive.read("optimizer", part);
    optimizer.load(part);
    return state;
  } catch (const c10::Error& error) {
    throw Error(ErrorCode::kCorrupt,
                "cannot resume '" + Printable(path) + "': it is damaged: " + OneLine(error));
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kCorrupt,
                "cannot resume '" + Printable(path) + "': it is damaged: " + error.what());
  }
}

}  // namespace vpr
