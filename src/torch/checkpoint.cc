#include "torch/checkpoint.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <type_traits>

#include "model/tensor_file.h"
#include "torch/device.h"
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

using NamedTensor = std::pair<std::string, torch::Tensor>;

// Batch normalisation's count of batches is the only tensor that is no float32; nobody reads it.
std::vector<NamedTensor> StateOf(const std::string& prefix, const torch::nn::Module& module) {
  std::vector<NamedTensor> state;
  for (const auto& item : module.named_parameters())
    state.emplace_back(prefix + "." + item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (!item.key().ends_with("num_batches_tracked"))
      state.emplace_back(prefix + "." + item.key(), item.value());
  }
  for (const auto& [name, value] : state) VPR_CHECK(value.scalar_type() == torch::kFloat);
  return state;
}

// What an optimizer remembers of one parameter; `step` is null if it counts none.
struct Memory {
  std::vector<std::pair<const char*, torch::Tensor*>> tensors;
  std::int64_t* step = nullptr;
};

Memory MemoryIn(torch::optim::SGDParamState& state) {
  return {{{"momentum_buffer", &state.momentum_buffer()}}, nullptr};
}

template <typename AdamState>  // Adam's or AdamW's
Memory MemoryIn(AdamState& state) {
  return {{{"exp_avg", &state.exp_avg()}, {"exp_avg_sq", &state.exp_avg_sq()}}, &state.step()};
}

// LibTorch 1 files what it remembers under the parameter's address as text, LibTorch 2 under the
// address.
template <typename States>
typename States::key_type KeyOf(const States&, const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<typename States::key_type, std::string>) {
    return c10::str(parameter.unsafeGetTensorImpl());
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

// Calls visit(number, parameter, memory) for each parameter that has a memory, or is given an empty
// one since make(number).
template <typename State, typename Make, typename Visit>
void VisitMemoryOf(torch::optim::Optimizer& optimizer, Make&& make, Visit&& visit) {
  auto& states = optimizer.state();
  std::size_t number = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const torch::Tensor& parameter : group.params()) {
      const auto key = KeyOf(states, parameter);
      if (make(number)) states[key] = std::make_unique<State>();
      if (const auto found = states.find(key); found != states.end())
        visit(number, parameter, MemoryIn(static_cast<State&>(*found->second)));
      ++number;
    }
  }
}

template <typename Make, typename Visit>
void VisitMemory(torch::optim::Optimizer& optimizer, Make&& make, Visit&& visit) {
  namespace optim = torch::optim;
  if (dynamic_cast<optim::SGD*>(&optimizer) != nullptr) {
    VisitMemoryOf<optim::SGDParamState>(optimizer, make, visit);
  } else if (dynamic_cast<optim::Adam*>(&optimizer) != nullptr) {
    VisitMemoryOf<optim::AdamParamState>(optimizer, make, visit);
  } else {
    VPR_CHECK(dynamic_cast<optim::AdamW*>(&optimizer) != nullptr);
    VisitMemoryOf<optim::AdamWParamState>(optimizer, make, visit);
  }
}

std::string MemoryName(std::size_t parameter, const char* what) {
  return "optimizer." + std::to_string(parameter) + "." + what;
}

Tensor Stored(const std::string& name, const torch::Tensor& value) {
  const torch::Tensor flat =
      value.detach().to(torch::kCPU).contiguous(torch::MemoryFormat::Contiguous);
  return {
      name, value.sizes().vec(), {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()}};
}

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
      state = nlohmann::json(file_.header.at("state")).get<TrainState>();
      if (file_.header.contains("steps")) file_.header.at("steps").get_to(steps_);
    } catch (const nlohmann::json::exception& error) {
      throw Damaged(std::string("its description is not as expected: ") + Printable(error.what()));
    }
    if (state.epoch < 1 || state.history.size() != static_cast<std::size_t>(state.epoch) - 1)
      throw Damaged(Format("it is at epoch %d and has figures of %zu epochs", state.epoch,
                           state.history.size()));
    for (const Tensor& tensor : file_.tensors) by_name_[tensor.name] = &tensor;
    if (by_name_.size() != file_.tensors.size()) throw Damaged("a tensor is in it twice");
  }

  Error Refused(const std::string& what) const {
    return Error(ErrorCode::kIncompatible,
                 std::string("cannot ") + verb_ + " '" + Printable(path_) + "': " + what);
  }
  Error Damaged(const std::string& what) const {
    return CannotUse(path_, kFormat, ErrorCode::kCorrupt, what);
  }

  // False if there is none or one of another shape.
  bool Has(const std::string& name, const torch::Tensor& like) const {
    const auto found = by_name_.find(name);
    return found != by_name_.end() && found->second->shape == like.sizes().vec();
  }
  bool Has(const std::vector<NamedTensor>& wanted) const {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const NamedTensor& one) { return Has(one.first, one.second); });
  }
  std::size_t Count(std::string_view prefix) const {
    return static_cast<std::size_t>(
        std::count_if(file_.tensors.begin(), file_.tensors.end(),
                      [&](const Tensor& tensor) { return tensor.name.starts_with(prefix); }));
  }
  std::size_t tensors() const { return file_.tensors.size(); }

  void CopyTo(const std::vector<NamedTensor>& wanted) const {
    for (const auto& [name, value] : wanted) CopyTo(name, value);
  }
  void CopyTo(const std::string& name, const torch::Tensor& value) const {
    torch::NoGradGuard guard;
    const Tensor& stored = *by_name_.at(name);
    torch::Tensor(value).copy_(
        torch::from_blob(const_cast<float*>(stored.data.data()), value.sizes(), torch::kFloat));
  }

  // Of a parameter, at least 1; 0: not there.
  std::int64_t Step(std::size_t parameter) const {
    const auto found = steps_.find(std::to_string(parameter));
    return found == steps_.end() ? 0 : std::max<std::int64_t>(found->second, 0);
  }

  TrainState state;

 private:
  static std::string OldCheckpointBeside(const std::string& path) {
    const std::string old = path.substr(0, path.rfind('/') + 1) + kOldName;
    return IsRegularFile(old) ? old : "";
  }

  std::string path_;
  const char* verb_;
  TensorFile file_;
  std::map<std::string, const Tensor*> by_name_;
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

void SaveCheckpoint(const std::string& path, const TrainState& state, const TrainedParts& parts) {
  std::vector<Tensor> tensors;
  auto add = [&](const char* prefix, const torch::nn::Module& module) {
    for (const auto& [name, value] : StateOf(prefix, module))
      tensors.push_back(Stored(name, value));
  };
  add("network", parts.network);
  add("loss", parts.loss);
  if (parts.average != nullptr) add("average", *parts.average);
  if (parts.distillation != nullptr) add("distillation", *parts.distillation);
  Json header;
  header["state"] = nlohmann::json(state);
  VisitMemory(
      parts.optimizer, [](std::size_t) { return false; },
      [&](std::size_t i, const torch::Tensor&, const Memory& memory) {
        for (const auto& [what, value] : memory.tensors)
          tensors.push_back(Stored(MemoryName(i, what), *value));
        if (memory.step != nullptr) header["steps"][std::to_string(i)] = *memory.step;
      });
  WriteTensorFile(path, kFormat, std::move(header), tensors);
}

TrainState LoadCheckpoint(const std::string& path, const std::string& identity,
                          const TrainedParts& parts) {
  const Checkpoint checkpoint(path, "resume");
  if (checkpoint.state.identity != identity)
    throw checkpoint.Refused(
        "it was made with other data or settings: " +
        DifferentParts(checkpoint.state.identity, identity) +
        " not what it was begun with; bring that back, or begin a new run (--init-from takes a "
        "model's network along)");
  std::vector<NamedTensor> wanted = StateOf("network", parts.network);
  auto add = [&](std::vector<NamedTensor> more) {
    wanted.insert(wanted.end(), more.begin(), more.end());
  };
  add(StateOf("loss", parts.loss));
  if (parts.average != nullptr) add(StateOf("average", *parts.average));
  if (parts.distillation != nullptr) add(StateOf("distillation", *parts.distillation));
  if (!checkpoint.Has(wanted))
    throw checkpoint.Damaged("its tensors are not those of the network and the loss to train");
  std::size_t remembered = 0;
  VisitMemory(
      parts.optimizer,
      // What has had no gradient yet has no memory.
      [&](std::size_t i) { return checkpoint.Count(MemoryName(i, "")) > 0; },
      [&](std::size_t i, const torch::Tensor& parameter, const Memory& memory) {
        for (const auto& [what, value] : memory.tensors) {
          const std::string name = MemoryName(i, what);
          if (!checkpoint.Has(name, parameter))
            throw checkpoint.Damaged("tensor '" + name + "' is missing or has another shape");
          *value = torch::empty_like(parameter.detach());
          checkpoint.CopyTo(name, *value);
          remembered += 1;
        }
        if (memory.step == nullptr) return;
        *memory.step = checkpoint.Step(i);
        if (*memory.step < 1) throw checkpoint.Damaged("a parameter has memory, but of no step");
      });
  if (wanted.size() + remembered != checkpoint.tensors())
    throw checkpoint.Damaged("it has tensors that do not belong to this training");
  checkpoint.CopyTo(wanted);
  return checkpoint.state;
}

void LoadTrained(const std::string& path, const std::string& data, EmbeddingNetwork& network,
                 Loss& loss) {
  const Checkpoint checkpoint(path, "start from");
  if (checkpoint.state.identity.find(data) == std::string::npos)
    throw checkpoint.Refused("it was trained on other data; start from its model file instead");
  const std::vector<NamedTensor> wanted[] = {StateOf("network", network), StateOf("loss", loss)};
  if (!checkpoint.Has(wanted[0]) || !checkpoint.Has(wanted[1]) ||
      checkpoint.Count("network.") != wanted[0].size() ||
      checkpoint.Count("loss.") != wanted[1].size())
    throw checkpoint.Refused(
        "its network, loss or number of classes is another than the one to train; start from its "
        "model file instead");
  for (const auto& part : wanted) checkpoint.CopyTo(part);
}

}  // namespace vpr
