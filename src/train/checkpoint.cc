#include "train/checkpoint.h"

#include <algorithm>
#include <string_view>

#include "base/json_reading.h"
#include "model/tensor_file.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {

using Json = nlohmann::ordered_json;

// Found by nlohmann::json through argument-dependent lookup.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochMetrics, epoch, loss, accuracy, dev_eer, lr, margin,
                                   crops_per_second, wait_share, seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainState, epoch, next_batch, loss_sum, correct_sum, seconds,
                                   wait_seconds, history, best, identity)

namespace {

constexpr TensorFileFormat kFormat = {"\x89VPT\r\n\x1a\n", 1, 0, "checkpoint"};

// Older versions wrote TorchScript archives, which may run code when they are read.
constexpr char kOldName[] = "checkpoint.pt";

// A checkpoint that has been read and whose state makes sense.
class Checkpoint {
 public:
  Checkpoint(const std::string& path, const char* verb) : path_(path), verb_(verb) {
    try {
      file_ = ReadTensorFile(path, kFormat);
    } catch (const Error& error) {
      const std::string old = OldCheckpointBeside(path);
      if (error.code() != ErrorCode::kNotFound || old.empty()) throw;
      throw Error(ErrorCode::kIncompatible,
                  std::string("cannot ") + verb + " '" + Printable(old) +
                      "': an older vpr wrote it as a TorchScript archive, which may run code when "
                      "it is read; start from the run's model file with --init-from");
    }
    try {
      ReadState();
    } catch (const nlohmann::json::exception& error) {
      throw Damaged(std::string("its description is not as expected: ") + JsonReason(error));
    } catch (const Error& error) {
      throw Damaged(error.what());
    }
    if (state.epoch < 1 || state.history.size() != static_cast<std::size_t>(state.epoch) - 1)
      throw Damaged(Format("it is at epoch %d and has figures of %zu epochs", state.epoch,
                           state.history.size()));
  }

  Error Refused(const std::string& what) const {
    return Error(ErrorCode::kIncompatible,
                 std::string("cannot ") + verb_ + " '" + Printable(path_) + "': " + what);
  }
  Error Damaged(const std::string& what) const {
    return CannotUse(path_, kFormat, ErrorCode::kCorrupt, what);
  }

  EngineState TakeEngineState() { return {std::move(file_.tensors), std::move(steps_)}; }

  TrainState state;

 private:
  void ReadState() {
    const Json& json = file_.header.at("state");
    state = nlohmann::json(json).get<TrainState>();
    // Not as the library reads them.
    ReadWhole(json, "epoch", state.epoch);
    ReadWhole(json, "next_batch", state.next_batch);
    for (std::size_t i = 0; i < state.history.size(); ++i)
      ReadWhole(json.at("history")[i], "epoch", state.history[i].epoch);
    ReadWhole(json.at("best"), "epoch", state.best.epoch);
    if (!file_.header.contains("steps")) return;
    for (const auto& [name, steps] : file_.header.at("steps").items())
      steps_[name] = WholeNumber<std::int64_t>(steps, name);
  }

  static std::string OldCheckpointBeside(const std::string& path) {
    const std::string old = path.substr(0, path.rfind('/') + 1) + kOldName;
    return IsRegularFile(old) ? old : "";
  }

  std::string path_;
  const char* verb_;
  TensorFile file_;
  std::map<std::string, std::int64_t> steps_;
};

// Of two identities, "settings 0a1b, training data 2c3d", what they do not agree in, as the subject
// of a sentence: "the settings and the training data are".
std::string DifferentParts(std::string_view one, std::string_view other) {
  const auto split = [](std::string_view identity) {
    std::vector<std::string_view> parts = Split(identity, ',');
    for (std::string_view& part : parts) part.remove_prefix(part.starts_with(' ') ? 1 : 0);
    return parts;
  };
  const std::vector<std::string_view> parts = split(one), others = split(other);
  std::vector<std::string> names;
  auto add = [&](const std::vector<std::string_view>& from,
                 const std::vector<std::string_view>& in) {
    for (std::string_view part : from) {
      if (std::find(in.begin(), in.end(), part) != in.end()) continue;
      const std::string name = "the " + Printable(part.substr(0, part.rfind(' ')));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  };
  add(parts, others);
  add(others, parts);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text +
         (names.size() == 1 && !text.ends_with("s") && !text.ends_with("data") ? " is" : " are");
}

}  // namespace

std::string CheckpointPath(const std::string& run_dir) { return run_dir + "/checkpoint.vpt"; }

bool HoldsTrainingRun(const std::string& run_dir) {
  return IsRegularFile(CheckpointPath(run_dir)) || IsRegularFile(run_dir + "/" + kOldName);
}

void SaveCheckpoint(const std::string& path, const TrainState& state, const StepEngine& engine) {
  const EngineState trained = engine.State();
  Json header;
  header["state"] = nlohmann::json(state);
  if (!trained.steps.empty()) header["steps"] = trained.steps;
  WriteTensorFile(path, kFormat, std::move(header), trained.tensors);
}

TrainState LoadCheckpoint(const std::string& path, const std::string& identity,
                          StepEngine& engine) {
  Checkpoint checkpoint(path, "resume");
  if (checkpoint.state.identity != identity)
    throw checkpoint.Refused(
        "it was made with other data or settings: " +
        DifferentParts(checkpoint.state.identity, identity) +
        " not what it was begun with; bring that back, or begin a new run (--init-from takes a "
        "model's network along)");
  try {
    engine.SetState(checkpoint.TakeEngineState());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    throw checkpoint.Damaged(error.what());
  }
  return std::move(checkpoint.state);
}

void LoadTrained(const std::string& path, const std::string& data, StepEngine& engine) {
  Checkpoint checkpoint(path, "start from");
  if (checkpoint.state.identity.find(data) == std::string::npos)
    throw checkpoint.Refused("it was trained on other data; start from its model file instead");
  if (!engine.StartFrom(checkpoint.TakeEngineState()))
    throw checkpoint.Refused(
        "its network, loss or number of classes is another than the one to train; start from its "
        "model file instead");
}

}  // namespace vpr
