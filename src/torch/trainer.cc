#include "torch/trainer.h"

#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "torch/batch_norm.h"
#include "torch/checkpoint.h"
#include "torch/device.h"
#include "torch/distributed.h"
#include "torch/losses/distillation.h"
#include "torch/registry.h"
#include "torch/torch_network.h"
#include "train/crop_sampler.h"
#include "train/curves.h"
#include "train/fit_scoring.h"
#include "train/held_out.h"
#include "train/speaker_embeddings.h"
#include "train/teacher.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/model/fusion.h"

namespace vpr {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Streams of LibTorch's generator: the initial weights, and dropout step by step.
enum Stream : std::uint64_t { kInitStream = 11, kStepStream = 12 };

// Rises linearly during the warm-up, then falls along a half cosine. `at` in [0, 1).
double LearningRate(const TrainConfig& config, double at) {
  if (at < config.warmup) return config.lr * at / config.warmup;
  double angle = M_PI * (at - config.warmup) / (1 - config.warmup);
  return config.final_lr + (config.lr - config.final_lr) * 0.5 * (1 + std::cos(angle));
}

double Margin(const TrainConfig& config, double at) {
  if (at >= config.margin_to) return config.margin;
  if (at <= config.margin_from) return 0;
  return config.margin * (at - config.margin_from) / (config.margin_to - config.margin_from);
}

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

// What processes tell each other between epochs.
enum Status : int { kMeasuring = 0, kMeasured = 1, kStopped = 2 };

class Trainer {
 public:
  Trainer(const TrainConfig& config, Progress& progress, const StopRequested& stop)
      : config_(config),
        stop_(stop),
        architecture_(FindArchitecture(config.arch)),
        loss_kind_(FindLoss(config.loss)),
        device_(ParseDevice(config.device)),
        world_(World::Join(device_)),
        progress_(world_->first() ? progress : silent_),
        transfers_(device_),
        bfloat16_(UseBfloat16(config.precision, device_)),
        dataset_(config.train),
        held_out_(dataset_, config, progress_),
        sampler_(dataset_, held_out_.training_records(), WithTrimming()) {
    CheckData();
    if (!config_.teachers.empty())
      teacher_.emplace(config_, dataset_, sampler_.records(), sampler_.unlabelled());
    SetThreads(config_.threads);
    SetUpMath(device_, config_.precision, config_.crop_spread == 0);
    Describe();
    torch::manual_seed(Rng(config_.seed, kInitStream).Next() >> 1);
    network_ = MakeModule(info_);
    CheckConvolutions(*network_, device_);
    const bool from_run = std::filesystem::is_directory(config_.init_from);
    if (!config_.init_from.empty() && !from_run) StartFromModel(config_.init_from);
    loss_ = loss_kind_.make({info_.embedding_dim, std::max(1, sampler_.num_classes()),
                             config_.scale, config_.sub_centers});
    if (teacher_) FollowTeacher();
    network_->to(device_);
    loss_->to(device_);
    if (from_run) StartFromRun(config_.init_from);
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
      average_ = MakeModule(info_);
      average_->to(device_);
      MoveAverage(*average_, *network_, 0);
    }
    state_.identity = Identity();
  }

  TrainResult Run() {
    PrepareRunFolder();
    Announce();
    TrainResult result;
    result.first_process = world_->first();
    while (state_.epoch <= config_.epochs && !OutOfPatience()) {
      if (!TrainEpoch() || !FinishEpoch()) {
        if (world_->first()) SaveState();
        result.interrupted = true;
        break;
      }
    }
    if (OutOfPatience())
      progress_.Info(Format("stopped: no better held-out EER in %d epochs", config_.patience));
    if (world_->first() && !result.interrupted && !CompleteModel()) result.interrupted = true;
    result.model = info_;
    result.best = state_.best;
    if (!state_.history.empty()) result.last = state_.history.back();
    return result;
  }

 private:
  // The features' trimming is what the data set was packed with.
  const TrainConfig& WithTrimming() {
    if (dataset_.info().trim_top_db > 0) config_.features.trim_top_db = dataset_.info().trim_top_db;
    if (dataset_.info().payload == PayloadKind::kMel64) {
      FeatureOptions stored;  // the tutorial's: the defaults
      stored.kind = config_.features.kind;
      stored.log_floor = config_.features.log_floor;
      stored.mean_norm = config_.features.mean_norm;
      stored.trim_top_db = config_.features.trim_top_db;
      if (config_.features != stored) {
        progress_.Warn(
            "the data set holds spectrograms of window 2048: the feature settings are "
            "taken from it");
        config_.features = stored;
      }
      config_.crop_seconds = 2.04;
      config_.crop_spread = 0;
      config_.speed_perturb = false;
    }
    return config_;
  }

  void CheckData() const {
    if (sampler_.num_speakers() < 2 && config_.teachers.empty())
      throw Error(ErrorCode::kUnusable,
                  Format("cannot train on '%s': %d speaker(s) to train on, at least 2 are needed; "
                         "check the labels, hold out fewer speakers, or give a --teacher",
                         config_.train.c_str(), sampler_.num_speakers()));
    const std::uint64_t utterances = sampler_.num_utterances();
    if (utterances < static_cast<std::size_t>(config_.batch_size))
      throw Error(
          ErrorCode::kUnusable,
          Format("cannot train on '%s': %llu utterances to train on are fewer than a batch of "
                 "%d; use a smaller --batch-size or more data",
                 config_.train.c_str(), static_cast<unsigned long long>(utterances),
                 config_.batch_size));
    if (config_.batch_size % world_->size() != 0)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("a batch of %d crops cannot be shared evenly by %d processes; use another "
                         "--batch-size",
                         config_.batch_size, world_->size()));
  }

  void FollowTeacher() {
    distillation_ = std::make_shared<Distillation>(
        DistillationOptions{info_.embedding_dim, teacher_->dim(), config_.teacher_weight,
                            config_.teacher_similarity, config_.teacher_contrast});
    distillation_->to(device_);
    if (!config_.teacher_centers || teacher_->dim() != info_.embedding_dim) return;
    torch::Tensor centers =
        torch::zeros({std::max(1, sampler_.num_classes()), info_.embedding_dim});
    for (int c = 0; c < sampler_.num_speakers(); ++c) {
      std::vector<float> mean = teacher_->SpeakerMean(sampler_.RecordsOfClass(c));
      if (!mean.empty())
        centers[c] = torch::from_blob(mean.data(), {info_.embedding_dim}, torch::kFloat).clone();
    }
    loss_->StartAt(centers);
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

  void Describe() {
    info_.architecture = config_.arch;
    info_.architecture_options = CompleteOptions(architecture_, config_.arch_options);
    info_.features = config_.features;
    info_.embedding_dim =
        config_.embedding_dim > 0 ? config_.embedding_dim : architecture_.default_embedding_dim;
    info_.crop_seconds = config_.crop_seconds * (1 - config_.crop_spread);
    TrainingProvenance& training = info_.training;
    training.dataset = dataset_.info().source;
    training.dataset_fingerprint = dataset_.info().fingerprint;
    training.speakers = static_cast<std::uint64_t>(sampler_.num_speakers());
    training.utterances = sampler_.num_utterances();
    training.hours = sampler_.seconds() / 3600;
    training.loss = config_.loss;
    training.seed = config_.seed;
    training.dev_dataset_fingerprint = held_out_.fingerprint();
    const std::vector<std::uint32_t>& records = held_out_.training_records();
    training.utterance_fingerprints = SpeechFingerprints(dataset_, records, EmbeddingThreads());
    training.speaker_fingerprints = SpeakerFingerprints(dataset_, records);
    const std::size_t leaked =
        held_out_.CountAmong(training.utterance_fingerprints, EmbeddingThreads());
    if (leaked > 0)
      progress_.Warn(
          Format("%zu of the held-out utterances are also trained on: the EER below says nothing "
                 "about unknown voices",
                 leaked));
    training.program = std::string("vpr ") + Version() + ", LibTorch " + TORCH_VERSION;
  }

  // What a checkpoint must agree in to be continued. The number of epochs and the cohort may
  // change.
  std::string Identity() const {
    TrainConfig same = config_;
    same.output = same.train = same.dev = same.device = same.precision = "";
    same.teachers.clear();  // what they say of the recordings counts, not where it is
    same.teacher_lists.clear();
    same.patience = 0;
    same.epochs = same.threads = same.loader_threads = 1;
    same.checkpoint_minutes = 1;
    same.cohort_speakers = TrainConfig().cohort_speakers;  // not of the network
    same.cohort_top = TrainConfig().cohort_top;
    return "settings " + Fingerprint(WriteTrainConfig(same)) +
           (teacher_ ? ", teacher " + teacher_->Fingerprint() : "") + ", " + DataIdentity();
  }

  std::string DataIdentity() const {
    return "training data " + dataset_.info().fingerprint + ", held-out data " +
           held_out_.fingerprint();
  }

  bool OutOfPatience() const {
    return config_.patience > 0 && held_out_.CanMeasure() && !state_.history.empty() &&
           state_.history.back().epoch - state_.best.epoch >= config_.patience;
  }

  // What is measured and kept.
  const std::shared_ptr<EmbeddingNetwork>& Kept() const {
    return average_ != nullptr ? average_ : network_;
  }

  TrainedParts Parts() const {
    return {*network_, *loss_, *optimizer_, average_.get(), distillation_.get()};
  }

  void StartFromModel(const std::string& path) {
    Model model = LoadModel(path);
    if (model.info.architecture == kFusion) {
      // The network of the kind to train.
      for (Model& part : PartsOf(model)) {
        if (part.info.architecture != info_.architecture) continue;
        model = std::move(part);
        break;
      }
    }
    if (model.info.architecture != info_.architecture ||
        CompleteOptions(architecture_, model.info.architecture_options) !=
            info_.architecture_options ||
        model.info.embedding_dim != info_.embedding_dim)
      throw Error(ErrorCode::kIncompatible, "cannot start from '" + Printable(path) +
                                                "': it is a " + model.info.architecture +
                                                " of other shape than the one to train");
    if (model.info.features != info_.features)
      progress_.Warn("'" + Printable(path) + "' was trained with other feature settings");
    ImportTensors(model.tensors, *network_);
    RememberTraining(model.info.training);
  }

  void StartFromRun(const std::string& run_dir) {
    LoadTrained(CheckpointPath(run_dir), DataIdentity(), *network_, *loss_);
    // Same data, but it may have started from a model of other data.
    TrainConfig before;
    ReadTrainConfig(run_dir + "/config.toml", before);
    if (IsRegularFile(before.output)) RememberTraining(LoadModel(before.output).info.training);
  }

  // The network has also learnt from what `before` names.
  void RememberTraining(const TrainingProvenance& before) {
    TrainingProvenance& training = info_.training;
    crops_before_ = before.crops;
    training.utterance_fingerprints =
        MergeFingerprints(training.utterance_fingerprints, before.utterance_fingerprints);
    training.speaker_fingerprints =
        MergeFingerprints(training.speaker_fingerprints, before.speaker_fingerprints);
  }

  void PrepareRunFolder() {
    if (world_->first()) {
      std::error_code error;
      std::filesystem::create_directories(config_.run_dir, error);
      if (error)
        throw Error(ErrorCode::kIo,
                    "cannot make folder '" + Printable(config_.run_dir) + "': " + error.message());
    }
    if (config_.resume) {
      const std::string path = CheckpointPath(config_.run_dir);
      state_ = LoadCheckpoint(path, Identity(), Parts());
      if (state_.next_batch > BatchesPerEpoch())
        throw Error(ErrorCode::kCorrupt, "cannot resume '" + Printable(path) +
                                             "': it is damaged: an epoch has fewer steps than it "
                                             "has done");
      if (!state_.history.empty()) {
        try {
          info_ = LoadModel(config_.output).info;  // the best so far
        } catch (const Error&) {
          progress_.Warn("the model written so far, '" + Printable(config_.output) +
                         "', cannot be read; the next best one replaces it");
          state_.best = {};
        }
      }
      progress_.Info(Format("resuming at epoch %d, step %llu", state_.epoch,
                            static_cast<unsigned long long>(state_.next_batch + 1)));
    } else if (world_->first() && HoldsTrainingRun(config_.run_dir)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + Printable(config_.run_dir) +
                      "' holds another training run; continue it with --resume, name another "
                      "folder with --run-dir, or delete it");
    }
    // Before the first one writes, all have read.
    torch::Tensor here = torch::ones({1}, torch::TensorOptions().device(device_));
    world_->Sum(here);
    if (world_->first())
      WriteFileAtomically(config_.run_dir + "/config.toml", WriteTrainConfig(config_));
  }

  void Announce() {
    std::int64_t parameters = 0;
    for (const torch::Tensor& parameter : network_->parameters()) parameters += parameter.numel();
    progress_.Info(
        Format("%s, %.2f M parameters, %s loss; %d speakers, %llu utterances, %.2f h; %d classes; "
               "%llu crops of %.2f s an epoch; %s, %s",
               config_.arch.c_str(), static_cast<double>(parameters) / 1e6, config_.loss.c_str(),
               sampler_.num_speakers(), static_cast<unsigned long long>(info_.training.utterances),
               info_.training.hours, sampler_.num_classes(),
               static_cast<unsigned long long>(sampler_.crops_per_epoch()), config_.crop_seconds,
               device_.str().c_str(), bfloat16_ ? "bfloat16" : "float32"));
    if (!world_->alone())
      progress_.Info(Format("%d processes, %d crops of each batch for each", world_->size(),
                            config_.batch_size / world_->size()));
    if (teacher_)
      progress_.Info(
          Format("teacher: embeddings of %d numbers for %zu of %llu recordings, %llu of "
                 "these without a speaker",
                 teacher_->dim(), teacher_->found(),
                 static_cast<unsigned long long>(sampler_.num_utterances()),
                 static_cast<unsigned long long>(std::count(sampler_.unlabelled().begin(),
                                                            sampler_.unlabelled().end(), true))));
    progress_.Info(held_out_.Description());
  }

  std::uint64_t BatchesPerEpoch() const {
    return sampler_.crops_per_epoch() / static_cast<std::uint64_t>(config_.batch_size);
  }

  // False if stopped before its end.
  bool TrainEpoch() {
    const int epoch = state_.epoch;
    const std::vector<CropChoice> crops = sampler_.DrawEpoch(epoch);
    const std::uint64_t total = BatchesPerEpoch(), first = state_.next_batch;
    const auto batch_size = static_cast<std::size_t>(config_.batch_size);
    std::vector<Input> slots(static_cast<std::size_t>(config_.loader_threads) + 2);
    network_->train();
    loss_->train();
    // Of the whole training, whose time left is what one wants to know.
    const std::uint64_t before = total * (static_cast<std::uint64_t>(epoch) - 1);
    progress_.Start(Format("epoch %d/%d", epoch, config_.epochs), "step",
                    total * static_cast<std::uint64_t>(config_.epochs), before + first);
    Clock::time_point idle_since = Clock::now();
    OrderedParallelFor(
        total - first, config_.loader_threads, slots.size(),
        [&](std::size_t i) {
          slots[i % slots.size()] = Load(sampler_.MakeBatch(crops, epoch, (first + i) * batch_size,
                                                            world_->rank(), world_->size()));
        },
        [&](std::size_t i) {
          Clock::time_point start = Clock::now();
          state_.wait_seconds += std::chrono::duration<double>(start - idle_since).count();
          Step(slots[i % slots.size()], first + i);
          state_.next_batch = first + i + 1;
          idle_since = Clock::now();
          state_.seconds += SecondsSince(start);
          double steps = static_cast<double>(state_.next_batch);
          progress_.Update(before + state_.next_batch,
                           Format("loss %.3f, accuracy %.1f %%", state_.loss_sum / steps,
                                  100 * state_.correct_sum / (steps * config_.batch_size)));
          if (world_->first() && SecondsSince(last_saved_) > 60 * config_.checkpoint_minutes) {
            Settle();
            SaveState();
          }
        },
        [&] { return world_->alone() ? stop_ && stop_() : all_stop_; });
    Settle();
    progress_.Finish();
    return state_.next_batch == total;
  }

  // A batch on the device; on a CPU its tensors are views of it.
  struct Input {
    Batch batch;
    torch::Tensor features, classes;
    // With a teacher: of the crops that it knows, and of those that have a class, their numbers.
    torch::Tensor targets, taught, labelled;
  };

  Input Load(Batch made) const {
    Input input{std::move(made), {}, {}, {}, {}, {}};
    Batch& batch = input.batch;
    const auto size = static_cast<std::int64_t>(batch.classes.size());
    input.features = transfers_.Upload(torch::from_blob(
        batch.features.data(),
        {size, config_.features.n_mels, static_cast<std::int64_t>(batch.frames)}, torch::kFloat));
    input.classes = transfers_.Upload(torch::from_blob(batch.classes.data(), {size}, torch::kLong));
    if (teacher_) AddTargets(input);
    return input;
  }

  void AddTargets(Input& input) const {
    std::vector<std::int64_t> taught, labelled;
    std::vector<float> targets;
    for (std::size_t i = 0; i < input.batch.records.size(); ++i) {
      if (input.batch.classes[i] >= 0) labelled.push_back(static_cast<std::int64_t>(i));
      const float* target = teacher_->Target(input.batch.records[i]);
      if (target == nullptr) continue;
      taught.push_back(static_cast<std::int64_t>(i));
      targets.insert(targets.end(), target, target + teacher_->dim());
    }
    const auto upload = [&](const torch::Tensor& tensor) { return transfers_.Upload(tensor); };
    input.targets = upload(
        torch::from_blob(targets.data(),
                         {static_cast<std::int64_t>(taught.size()), teacher_->dim()}, torch::kFloat)
            .clone());
    input.taught = upload(torch::tensor(taught, torch::kLong));
    input.labelled = upload(torch::tensor(labelled, torch::kLong));
  }

  // The loss that labels give and, with a teacher, what it gives.
  Loss::Output ComputeLoss(const torch::Tensor& embeddings, const Input& input) {
    if (!teacher_) return loss_->forward(embeddings, input.classes);
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

  void Step(const Input& input, std::uint64_t step) {
    const double total = static_cast<double>(BatchesPerEpoch()) * config_.epochs;
    const double at =
        (static_cast<double>(state_.epoch - 1) * static_cast<double>(BatchesPerEpoch()) +
         static_cast<double>(step)) /
        total;
    for (auto& group : optimizer_->param_groups())
      group.options().set_lr(LearningRate(config_, at));
    loss_->SetMargin(Margin(config_, at));
    // Seeded step by step, so that a resumed run draws the same dropout.
    torch::manual_seed(
        Rng(config_.seed, kStepStream, static_cast<std::uint64_t>(state_.epoch), step).Next() >> 1);
    transfers_.Use(input.features);
    transfers_.Use(input.classes);
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
    if (!later && world_->alone()) Count(sums, step);
    output.loss.backward();
    if (!world_->alone()) Count(ShareGradients(sums), step);
    optimizer_->step();
    if (average_ != nullptr) {
      // The first steps are forgotten faster.
      const double steps = at * total;
      MoveAverage(*average_, *network_,
                  std::min(config_.average_decay, (1 + steps) / (10 + steps)));
    }
    Settle();
    if (later) {
      unread_ = transfers_.StartReading(sums);
      unread_step_ = step;
    }
  }

  // Counts a step whose loss has not been read yet.
  void Settle() {
    if (!unread_.defined()) return;
    transfers_.FinishReading();
    Count(std::exchange(unread_, {}), unread_step_);
  }

  // `sums`: the mean loss and the number of right answers of a step.
  void Count(const torch::Tensor& sums, std::uint64_t step) {
    const torch::Tensor here = sums.cpu();
    const double loss = here[0].item<double>();
    CheckLoss(loss, step);
    state_.loss_sum += loss;
    state_.correct_sum += here[1].item<double>();
  }

  void CheckLoss(double loss, std::uint64_t step) const {
    if (!std::isfinite(loss))
      throw Error(
          ErrorCode::kUnusable,
          Format("the loss is not a number any more at epoch %d, step %llu; use a lower --lr",
                 state_.epoch, static_cast<unsigned long long>(step + 1)));
  }

  // Gradients become the mean over all processes. Returns the mean loss and the sum of right
  // answers; and if one has been asked to stop, all stop after this step.
  torch::Tensor ShareGradients(const torch::Tensor& sums) {
    std::vector<torch::Tensor> parts;
    std::vector<torch::Tensor> gradients;
    for (const auto& group : optimizer_->param_groups()) {
      for (const torch::Tensor& parameter : group.params()) {
        if (!parameter.grad().defined()) continue;  // the same ones everywhere
        gradients.push_back(parameter.grad());
        parts.push_back(parameter.grad().reshape({-1}));
      }
    }
    const bool stopped = stop_ && stop_();
    parts.push_back(sums);
    parts.push_back(torch::full({1}, stopped ? 1 : 0, sums.options()));
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
    all_stop_ = rest[2].item<float>() > 0;
    rest[0].div_(world_->size());
    return rest;
  }

  // False if stopped: the epoch is then finished by the next run.
  bool FinishEpoch() {
    const double steps = static_cast<double>(BatchesPerEpoch());
    const double crops = steps * config_.batch_size;
    EpochMetrics metrics;
    metrics.epoch = state_.epoch;
    metrics.loss = state_.loss_sum / steps;
    metrics.accuracy = state_.correct_sum / crops;
    metrics.lr = LearningRate(config_, static_cast<double>(state_.epoch) / config_.epochs);
    metrics.margin = Margin(config_, static_cast<double>(state_.epoch) / config_.epochs);
    metrics.seconds = state_.seconds + state_.wait_seconds;
    metrics.crops_per_second = metrics.seconds > 0 ? crops / metrics.seconds : 0;
    metrics.wait_share = metrics.seconds > 0 ? state_.wait_seconds / metrics.seconds : 0;
    FittedScoring fitted;
    if (held_out_.CanMeasure()) {
      std::optional<FittedScoring> measured;
      if (world_->first())
        measured = Fit(EmbeddingExtractor(info_, WrapModule(Kept(), device_, 1)), kSomeSpeakers,
                       [&] { return Beat() || (stop_ && stop_()); });
      Status status = measured ? kMeasured : kStopped;
      double eer = measured ? measured->held_out.eer : 0;
      AwaitFirst(status, eer);
      if (status == kStopped) return false;
      if (measured) fitted = *std::move(measured);
      metrics.dev_eer = eer;
    }
    std::string eer =
        metrics.dev_eer < 0 ? "" : Format(", held-out EER %.2f %%", 100 * metrics.dev_eer);
    // Without held-out speakers the last network is as good as we know.
    const bool best = metrics.dev_eer < 0 || state_.history.empty() || state_.best.epoch == 0 ||
                      metrics.dev_eer < state_.best.dev_eer;
    progress_.Info(
        Format("epoch %d: loss %.4f, accuracy %.1f %%%s%s; %.0f crops/s, %.1f %% of the "
               "time waiting for data",
               metrics.epoch, metrics.loss, 100 * metrics.accuracy, eer.c_str(),
               best && metrics.dev_eer >= 0 ? " (best)" : "", metrics.crops_per_second,
               100 * metrics.wait_share));
    state_.history.push_back(metrics);
    if (best) {
      state_.best = metrics;
      SetThresholds(fitted.held_out.thresholds, info_);
      info_.training.best_epoch = metrics.epoch;
      info_.training.crops = crops_before_ + static_cast<std::uint64_t>(crops) *
                                                 static_cast<std::uint64_t>(metrics.epoch);
      info_.training.dev_eer = metrics.dev_eer;
      info_.training.epochs = metrics.epoch;
      if (world_->first()) {
        Model model{info_, ExportTensors(*Kept()), std::move(fitted.scoring)};
        SaveModel(config_.output, model);
        info_ = model.info;
      }
    }
    state_.epoch += 1;
    state_.next_batch = 0;
    state_.loss_sum = state_.correct_sum = state_.seconds = state_.wait_seconds = 0;
    if (world_->first()) {
      WriteMetrics(config_.run_dir, state_.history);
      SaveState();
    }
    return true;
  }

  // While the first process measures, the others wait for it. Once a second they hear from it, so
  // that nobody waits for a process that is gone.
  void Exchange(Status& status, double& eer) const {
    torch::Tensor news = torch::zeros({2}, torch::TensorOptions().device(device_));
    if (world_->first()) {
      news[0] = static_cast<int>(status);
      news[1] = eer;
    }
    world_->Sum(news);
    status = static_cast<Status>(static_cast<int>(news[0].item<float>()));
    eer = double{news[1].item<float>()};
  }

  bool Beat() {
    if (world_->alone() || SecondsSince(last_beat_) < 1) return false;
    Status status = kMeasuring;
    double eer = 0;
    Exchange(status, eer);
    last_beat_ = Clock::now();
    return false;
  }

  void AwaitFirst(Status& status, double& eer) const {
    if (world_->alone()) return;
    do {
      Exchange(status, eer);
    } while (status == kMeasuring);
  }

  std::optional<FittedScoring> Fit(const EmbeddingExtractor& extractor, const SpeakerLimits& limits,
                                   const StopRequested& stop) {
    return FitScoring(dataset_, held_out_, config_, limits, extractor, EmbeddingThreads(),
                      progress_, stop);
  }

  // What is known of the best model only at the end: how long was looked for a better one, what its
  // scores are made with, and thresholds for them. False if stopped.
  bool CompleteModel() {
    Model model = LoadModel(config_.output);
    model.info.training.epochs = state_.history.back().epoch;
    if (config_.cohort_speakers > 0 && !AddScoring(model)) return false;
    SaveModel(config_.output, model);
    info_ = model.info;
    return true;
  }

  bool AddScoring(Model& model) {
    std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
    ImportTensors(model.tensors, *network);
    network->to(device_);
    const EmbeddingExtractor extractor(model.info, WrapModule(network, device_, 1));
    std::optional<FittedScoring> fitted = Fit(extractor, kAllSpeakers, stop_);
    if (!fitted) return false;
    if (!fitted->scoring.empty())
      progress_.Info(Format("scores: %s with AS-norm over %zu speakers",
                            fitted->scoring.plda.empty() ? "cosine" : "PLDA",
                            fitted->scoring.cohort.rows));
    model.scoring = std::move(fitted->scoring);
    SetThresholds(fitted->held_out.thresholds, model.info);
    state_.best.dev_eer = model.info.training.dev_eer = fitted->held_out.eer;
    return true;
  }

  int EmbeddingThreads() const { return config_.threads > 0 ? config_.threads : HardwareThreads(); }

  void SaveState() {
    SaveCheckpoint(CheckpointPath(config_.run_dir), state_, Parts());
    last_saved_ = Clock::now();
  }

  TrainConfig config_;
  const StopRequested& stop_;
  const Architecture& architecture_;
  const LossKind& loss_kind_;
  torch::Device device_;
  std::unique_ptr<World> world_;
  Progress silent_;
  Progress& progress_;
  bool all_stop_ = false;  // one of several processes was asked to stop
  Clock::time_point last_beat_ = Clock::now();
  Transfers transfers_;
  bool bfloat16_;
  PackedDataset dataset_;
  HeldOut held_out_;
  CropSampler sampler_;
  ModelInfo info_;                  // of the best network so far
  std::uint64_t crops_before_ = 0;  // what the network that it starts from has seen
  std::shared_ptr<EmbeddingNetwork> network_;
  std::shared_ptr<EmbeddingNetwork> average_;  // of its weights; null: not wanted
  std::shared_ptr<Loss> loss_;
  std::optional<Teacher> teacher_;
  std::shared_ptr<Distillation> distillation_;  // null: no teacher
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  TrainState state_;
  torch::Tensor unread_;  // sums of step unread_step_ on a GPU; undefined: none
  std::uint64_t unread_step_ = 0;
  Clock::time_point last_saved_ = Clock::now();
};

}  // namespace

TrainResult TrainWithTorch(const TrainConfig& config, Progress& progress,
                           const StopRequested& stop) try {
  return Trainer(config, progress, stop).Run();
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

}  // namespace vpr
