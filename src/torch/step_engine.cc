#include "torch/step_engine.h"

#include <torch/version.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

#include "torch/batch_norm.h"
#include "torch/device.h"
#include "torch/distributed.h"
#include "torch/losses/distillation.h"
#include "torch/optimizer_memory.h"
#include "torch/registry.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Stream of random numbers that the initial weights are drawn from.
constexpr std::uint64_t kInitStream = 11;

std::unique_ptr<torch::optim::Optimizer> MakeOptimizer(const TrainConfig& config,
                                                       std::vector<torch::Tensor> parameters) {
  namespace optim = torch::optim;
  if (config.optimizer == "adam")
    return std::make_unique<optim::Adam>(
        parameters, optim::AdamOptions(config.lr).weight_decay(config.weight_decay));
  if (config.optimizer == "adamw")
    return std::make_unique<optim::AdamW>(
        parameters, optim::AdamWOptions(config.lr).weight_decay(config.weight_decay));
  return std::make_unique<optim::SGD>(
      parameters,
      optim::SGDOptions(config.lr).momentum(0.9).nesterov(true).weight_decay(config.weight_decay));
}

// On a CPU LibTorch 1.13 (oneDNN 2.7) crashes when such a convolution learns from 2 to 7 inputs.
void CheckConvolutions(const torch::nn::Module& network, const torch::Device& device) {
  if (TORCH_VERSION_MAJOR >= 2 || !device.is_cpu()) return;
  for (const auto& parameter : network.named_parameters()) {
    const torch::Tensor& weight = parameter.value();
    if (weight.dim() != 4 || weight.size(2) * weight.size(3) == 1) continue;
    if (weight.size(1) > 1 && weight.size(1) < 8)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("cannot train this network on a CPU with LibTorch %s: its convolution "
                         "'%s' has %d inputs, and fewer than 8 crash there; ask for 8 channels or "
                         "more, or train on a GPU or with LibTorch 2",
                         TORCH_VERSION, parameter.key().c_str(), static_cast<int>(weight.size(1))));
  }
}

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

std::string MemoryName(std::size_t parameter, const char* what) {
  return "optimizer." + std::to_string(parameter) + "." + what;
}

Tensor Stored(const std::string& name, const torch::Tensor& value) {
  const torch::Tensor flat =
      value.detach().to(torch::kCPU).contiguous(torch::MemoryFormat::Contiguous);
  return {
      name, value.sizes().vec(), {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()}};
}

// By name; two tensors of one name are one.
class StoredTensors {
 public:
  explicit StoredTensors(const EngineState& state) : state_(state) {
    for (const Tensor& tensor : state.tensors) by_name_[tensor.name] = &tensor;
  }

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
        std::count_if(state_.tensors.begin(), state_.tensors.end(),
                      [&](const Tensor& tensor) { return tensor.name.starts_with(prefix); }));
  }

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
    const auto found = state_.steps.find(std::to_string(parameter));
    return found == state_.steps.end() ? 0 : std::max<std::int64_t>(found->second, 0);
  }

 private:
  const EngineState& state_;
  std::map<std::string, const Tensor*> by_name_;
};

// Runs `work`; what LibTorch throws becomes an Error of one line.
template <typename Work>
auto Guarded(Work&& work) try {
  return work();
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

class TorchStepEngine : public StepEngine {
 public:
  explicit TorchStepEngine(const TrainConfig& config)
      : config_(config),
        loss_kind_(FindLoss(config.loss)),
        device_(ParseDevice(config.device)),
        world_(World::Join(device_)),
        transfers_(device_),
        bfloat16_(UseBfloat16(config.precision, device_)) {
    FindArchitecture(config.arch);
  }

  int rank() const override { return world_->rank(); }
  int size() const override { return world_->size(); }

  std::vector<float> Sum(const std::vector<float>& numbers) override {
    return Guarded([&] {
      const torch::Tensor sum = torch::tensor(numbers).to(device_);
      world_->Sum(sum);
      const torch::Tensor here = sum.cpu();
      return std::vector<float>(here.data_ptr<float>(), here.data_ptr<float>() + here.numel());
    });
  }

  std::string Program() const override { return std::string("LibTorch ") + TORCH_VERSION; }

  void Complete(ModelInfo& info) const override {
    const Architecture& architecture = FindArchitecture(info.architecture);
    info.architecture_options = CompleteOptions(architecture, info.architecture_options);
    if (info.embedding_dim <= 0) info.embedding_dim = architecture.default_embedding_dim;
  }

  void Begin(const StepEngineSetup& setup) override {
    Guarded([&] { Make(setup); });
  }

  std::int64_t num_parameters() const override {
    std::int64_t parameters = 0;
    for (const torch::Tensor& parameter : network_->parameters()) parameters += parameter.numel();
    return parameters;
  }

  std::string Description() const override {
    return device_.str() + (bfloat16_ ? ", bfloat16" : ", float32");
  }

  void SetNetwork(const std::vector<Tensor>& tensors) override {
    Guarded([&] {
      ImportTensors(tensors, *network_);
      RestartAverage();
    });
  }

  bool StartFrom(const EngineState& state) override {
    return Guarded([&] {
      const StoredTensors stored(state);
      const std::vector<NamedTensor> wanted[] = {StateOf("network", *network_),
                                                 StateOf("loss", *loss_)};
      if (!stored.Has(wanted[0]) || !stored.Has(wanted[1]) ||
          stored.Count("network.") != wanted[0].size() || stored.Count("loss.") != wanted[1].size())
        return false;
      for (const auto& part : wanted) stored.CopyTo(part);
      RestartAverage();
      return true;
    });
  }

  EngineState State() const override {
    return Guarded([&] {
      EngineState state;
      for (const auto& [name, value] : AllState()) state.tensors.push_back(Stored(name, value));
      VisitMemory(
          *optimizer_, [](std::size_t) { return false; },
          [&](std::size_t i, const torch::Tensor&, const Memory& memory) {
            for (const auto& [what, value] : memory.tensors)
              state.tensors.push_back(Stored(MemoryName(i, what), *value));
            if (memory.step != nullptr) state.steps[std::to_string(i)] = *memory.step;
          });
      return state;
    });
  }

  void SetState(const EngineState& state) override {
    Guarded([&] { Restore(state); });
  }

  std::vector<Tensor> KeptTensors() const override {
    return Guarded([&] { return ExportTensors(*Kept()); });
  }
  std::unique_ptr<Network> KeptNetwork() override {
    return Guarded([&] { return WrapModule(Kept(), device_, 1); });
  }
  std::unique_ptr<Network> MakeNetwork(const Model& model) override {
    return Guarded([&] {
      std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
      ImportTensors(model.tensors, *network);
      network->to(device_);
      return WrapModule(network, device_, 1);
    });
  }

  std::unique_ptr<Loaded> Load(Batch batch) const override {
    return Guarded([&]() -> std::unique_ptr<Loaded> {
      auto input = std::make_unique<Input>();
      input->batch = std::move(batch);
      Upload(*input);
      return input;
    });
  }

  void Step(const Loaded& batch, std::uint64_t step, const StepSettings& settings,
            const OnStep& on_step) override {
    Guarded([&] { Learn(static_cast<const Input&>(batch), step, settings, on_step); });
  }

  void Settle(const OnStep& on_step) override {
    Guarded([&] {
      if (!unread_.defined()) return;
      transfers_.FinishReading();
      Tell(std::exchange(unread_, {}), unread_step_, on_step);
    });
  }

 private:
  // A batch on the device; on a CPU its tensors are views of it.
  struct Input : Loaded {
    Batch batch;
    torch::Tensor features, classes;
    // With a teacher: of the crops that it knows, and of those that have a class, their numbers.
    torch::Tensor targets, taught, labelled;
  };

  void Make(const StepEngineSetup& setup) {
    teacher_dim_ = setup.teacher_dim;
    SetThreads(config_.threads);
    KeepFreedMemory();
    SetUpMath(device_, config_.precision, setup.one_shape);
    torch::manual_seed(Rng(config_.seed, kInitStream).Next() >> 1);
    network_ = MakeModule(setup.info);
    CheckConvolutions(*network_, device_);
    loss_ = loss_kind_.make(
        {setup.info.embedding_dim, setup.num_classes, config_.scale, config_.sub_centers});
    if (teacher_dim_ > 0) FollowTeacher(setup);
    network_->to(device_);
    loss_->to(device_);
    JoinOthers();
    for (torch::Tensor& parameter : network_->parameters()) {
      if (parameter.dim() == 4)
        parameter.set_data(parameter.data().contiguous(torch::MemoryFormat::ChannelsLast));
    }
    std::vector<torch::Tensor> parameters = network_->parameters();
    for (torch::Tensor& parameter : loss_->parameters()) parameters.push_back(parameter);
    if (distillation_ != nullptr) {
      for (torch::Tensor& parameter : distillation_->parameters()) parameters.push_back(parameter);
    }
    optimizer_ = MakeOptimizer(config_, parameters);
    if (config_.average_decay > 0) {
      average_ = MakeModule(setup.info);
      average_->to(device_);
      RestartAverage();
    }
    network_->train();
    loss_->train();
  }

  void FollowTeacher(const StepEngineSetup& setup) {
    distillation_ = std::make_shared<Distillation>(
        DistillationOptions{setup.info.embedding_dim, teacher_dim_, config_.teacher_weight,
                            config_.teacher_similarity, config_.teacher_contrast});
    distillation_->to(device_);
    if (setup.centers.rows == 0) return;
    loss_->StartAt(torch::from_blob(const_cast<float*>(setup.centers.data.data()),
                                    {static_cast<std::int64_t>(setup.centers.rows),
                                     static_cast<std::int64_t>(setup.centers.cols)},
                                    torch::kFloat)
                       .clone());
  }

  void RestartAverage() {
    if (average_ != nullptr) MoveAverage(*average_, *network_, 0);
  }

  // All start with the weights of the first, and normalise over the whole batch.
  void JoinOthers() {
    if (world_->alone()) return;
    for (torch::nn::Module* module : {static_cast<torch::nn::Module*>(network_.get()),
                                      static_cast<torch::nn::Module*>(loss_.get()),
                                      static_cast<torch::nn::Module*>(distillation_.get())}) {
      if (module == nullptr) continue;
      world_->CopyFromFirst(module->parameters());
      world_->CopyFromFirst(module->buffers());
      for (const auto& part : module->modules()) {
        if (auto* norm = part->as<BatchNormImpl>()) norm->Share(world_.get());
      }
    }
  }

  // What is measured and kept.
  const std::shared_ptr<EmbeddingNetwork>& Kept() const {
    return average_ != nullptr ? average_ : network_;
  }

  // All but the optimizer's.
  std::vector<NamedTensor> AllState() const {
    std::vector<NamedTensor> all = StateOf("network", *network_);
    auto add = [&](std::vector<NamedTensor> more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    add(StateOf("loss", *loss_));
    if (average_ != nullptr) add(StateOf("average", *average_));
    if (distillation_ != nullptr) add(StateOf("distillation", *distillation_));
    return all;
  }

  void Restore(const EngineState& state) {
    const auto damaged = [](const std::string& what) { return Error(ErrorCode::kCorrupt, what); };
    const StoredTensors stored(state);
    const std::vector<NamedTensor> wanted = AllState();
    if (!stored.Has(wanted))
      throw damaged("its tensors are not those of the network and the loss to train");
    std::size_t remembered = 0;
    VisitMemory(
        *optimizer_,
        // What has had no gradient yet has no memory.
        [&](std::size_t i) { return stored.Count(MemoryName(i, "")) > 0; },
        [&](std::size_t i, const torch::Tensor& parameter, const Memory& memory) {
          for (const auto& [what, value] : memory.tensors) {
            const std::string name = MemoryName(i, what);
            if (!stored.Has(name, parameter))
              throw damaged("tensor '" + name + "' is missing or has another shape");
            *value = torch::empty_like(parameter.detach());
            stored.CopyTo(name, *value);
            remembered += 1;
          }
          if (memory.step == nullptr) return;
          *memory.step = stored.Step(i);
          if (*memory.step < 1) throw damaged("a parameter has memory, but of no step");
        });
    if (wanted.size() + remembered != state.tensors.size())
      throw damaged("it has tensors that do not belong to this training");
    stored.CopyTo(wanted);
  }

  void Upload(Input& input) const {
    Batch& batch = input.batch;
    const auto upload = [&](const torch::Tensor& tensor) { return transfers_.Upload(tensor); };
    const auto size = static_cast<std::int64_t>(batch.classes.size());
    const auto frames = static_cast<std::int64_t>(batch.frames);
    input.features = upload(torch::from_blob(
        batch.features.data(),
        {size, static_cast<std::int64_t>(batch.features.size()) / (size * frames), frames},
        torch::kFloat));
    input.classes = upload(torch::from_blob(batch.classes.data(), {size}, torch::kLong));
    if (teacher_dim_ == 0) return;
    std::vector<std::int64_t> labelled;
    for (std::int64_t i = 0; i < size; ++i) {
      if (batch.classes[static_cast<std::size_t>(i)] >= 0) labelled.push_back(i);
    }
    const auto taught = static_cast<std::int64_t>(batch.taught.size());
    const auto view = [](auto& values, at::IntArrayRef sizes, torch::ScalarType type) {
      return values.empty() ? torch::empty(sizes, type)
                            : torch::from_blob(values.data(), sizes, type);
    };
    input.targets = upload(view(batch.targets, {taught, teacher_dim_}, torch::kFloat));
    input.taught = upload(view(batch.taught, {taught}, torch::kLong));
    input.labelled = upload(torch::tensor(labelled, torch::kLong));
  }

  // The loss that labels give and, with a teacher, what it gives.
  Loss::Output ComputeLoss(const torch::Tensor& embeddings, const Input& input) {
    if (teacher_dim_ == 0) return loss_->forward(embeddings, input.classes);
    for (const torch::Tensor& part : {input.targets, input.taught, input.labelled})
      transfers_.Use(part);
    Loss::Output output{torch::zeros({}, embeddings.options()), torch::zeros({}, torch::kLong)};
    const std::int64_t labelled = input.labelled.size(0);
    if (labelled > 0 && config_.loss_weight > 0) {
      output = loss_->forward(embeddings.index_select(0, input.labelled),
                              input.classes.index_select(0, input.labelled));
      // A batch counts as much as its labelled crops; the accuracy is theirs.
      const double share = static_cast<double>(labelled) / static_cast<double>(embeddings.size(0));
      output.loss = config_.loss_weight * share * output.loss;
      output.correct = output.correct.to(torch::kFloat) / share;
    }
    if (input.taught.size(0) > 0)
      output.loss = output.loss +
                    distillation_->forward(embeddings.index_select(0, input.taught), input.targets);
    return output;
  }

  void Learn(const Input& input, std::uint64_t step, const StepSettings& settings,
             const OnStep& on_step) {
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(settings.lr);
    loss_->SetMargin(settings.margin);
    torch::manual_seed(settings.seed);
    transfers_.Use(input.features);
    transfers_.Use(input.classes);
    // Wrapping the kept network puts it into evaluation mode.
    if (!network_->is_training()) network_->train();
    optimizer_->zero_grad();
    torch::Tensor embeddings;
    {
      Autocast autocast(device_, bfloat16_);
      embeddings = network_->forward(input.features);
    }
    Loss::Output output = ComputeLoss(embeddings.to(torch::kFloat), input);
    const torch::Tensor sums = torch::stack(
        {output.loss.detach().to(torch::kFloat), output.correct.detach().to(torch::kFloat)});
    // A GPU goes on to the next step while the loss of this one is read.
    const bool later = device_.is_cuda() && world_->alone();
    if (!later && world_->alone()) Tell(sums, step, on_step, settings.stop);
    output.loss.backward();
    if (!world_->alone()) ShareGradients(sums, step, settings.stop, on_step);
    optimizer_->step();
    if (average_ != nullptr) MoveAverage(*average_, *network_, settings.average_decay);
    Settle(on_step);
    if (later) {
      unread_ = transfers_.StartReading(sums);
      unread_step_ = step;
    }
  }

  static void Tell(const torch::Tensor& sums, std::uint64_t step, const OnStep& on_step,
                   bool stop = false) {
    const torch::Tensor here = sums.cpu();
    on_step({step, here[0].item<double>(), here[1].item<double>(), stop});
  }

  // Gradients become the mean over all processes. What is told is the mean loss and the sum of
  // right answers; and if one has been asked to stop, all stop after this step.
  void ShareGradients(const torch::Tensor& sums, std::uint64_t step, bool stop,
                      const OnStep& on_step) {
    std::vector<torch::Tensor> parts;
    std::vector<torch::Tensor> gradients;
    for (const auto& group : optimizer_->param_groups()) {
      for (const torch::Tensor& parameter : group.params()) {
        if (!parameter.grad().defined()) continue;  // the same ones everywhere
        gradients.push_back(parameter.grad());
        parts.push_back(parameter.grad().reshape({-1}));
      }
    }
    parts.push_back(sums);
    parts.push_back(torch::full({1}, stop ? 1 : 0, sums.options()));
    torch::Tensor all = torch::cat(parts);
    world_->Sum(all);
    torch::NoGradGuard no_grad;
    std::int64_t at = 0;
    for (torch::Tensor& gradient : gradients) {
      gradient.copy_(all.slice(0, at, at + gradient.numel()).view(gradient.sizes()));
      gradient.div_(world_->size());
      at += gradient.numel();
    }
    torch::Tensor rest = all.slice(0, at).cpu();
    rest[0].div_(world_->size());
    Tell(rest, step, on_step, rest[2].item<float>() > 0);
  }

  const TrainConfig config_;
  const LossKind& loss_kind_;
  torch::Device device_;
  std::unique_ptr<World> world_;
  Transfers transfers_;
  bool bfloat16_;
  int teacher_dim_ = 0;
  std::shared_ptr<EmbeddingNetwork> network_;
  std::shared_ptr<EmbeddingNetwork> average_;  // of its weights; null: not wanted
  std::shared_ptr<Loss> loss_;
  std::shared_ptr<Distillation> distillation_;  // null: no teacher
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor unread_;  // what step unread_step_ gave, on a GPU; undefined: none
  std::uint64_t unread_step_ = 0;
};

}  // namespace

std::unique_ptr<StepEngine> MakeTorchStepEngine(const TrainConfig& config) {
  return Guarded([&] { return std::make_unique<TorchStepEngine>(config); });
}

}  // namespace vpr
