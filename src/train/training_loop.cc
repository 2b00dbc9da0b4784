// The training loop: what is learnt from, at what rate, what is measured and kept. How a step is
// made is the engine's.
#include "train/training_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "train/checkpoint.h"
#include "train/crop_sampler.h"
#include "train/curves.h"
#include "train/fit_scoring.h"
#include "train/held_out.h"
#include "train/speaker_embeddings.h"
#include "train/teacher.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/model/fusion.h"

namespace vpr {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Stream of random numbers from which each step gets its seed.
constexpr std::uint64_t kStepStream = 12;

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

// What processes tell each other between epochs.
enum Status : int { kMeasuring = 0, kMeasured = 1, kStopped = 2 };

class TrainingLoop {
 public:
  TrainingLoop(std::unique_ptr<StepEngine> engine, const TrainConfig& config, Progress& progress,
               const StopRequested& stop)
      : config_(config),
        stop_(stop),
        engine_(std::move(engine)),
        first_(engine_->rank() == 0),
        alone_(engine_->size() == 1),
        progress_(first_ ? progress : silent_),
        dataset_(config.train),
        held_out_(dataset_, config, progress_),
        sampler_(dataset_, held_out_.training_records(), WithTrimming()) {
    CheckData();
    if (!config_.teachers.empty())
      teacher_.emplace(config_, dataset_, sampler_.records(), sampler_.unlabelled());
    Describe();
    engine_->Begin(EngineSetup());
    const bool from_run = std::filesystem::is_directory(config_.init_from);
    if (!config_.init_from.empty() && !from_run) StartFromModel(config_.init_from);
    if (from_run) StartFromRun(config_.init_from);
    state_.identity = Identity();
  }

  TrainResult Run() {
    PrepareRunFolder();
    Announce();
    TrainResult result;
    result.first_process = first_;
    while (state_.epoch <= config_.epochs && !OutOfPatience()) {
      if (!TrainEpoch() || !FinishEpoch()) {
        if (first_) SaveState();
        result.interrupted = true;
        break;
      }
    }
    if (OutOfPatience())
      progress_.Info(Format("stopped: no better held-out EER in %d epochs", config_.patience));
    if (first_ && !result.interrupted && !CompleteModel()) result.interrupted = true;
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
    if (config_.batch_size % engine_->size() != 0)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("a batch of %d crops cannot be shared evenly by %d processes; use another "
                         "--batch-size",
                         config_.batch_size, engine_->size()));
  }

  StepEngineSetup EngineSetup() const {
    StepEngineSetup setup;
    setup.info = info_;
    setup.num_classes = std::max(1, sampler_.num_classes());
    setup.one_shape = config_.crop_spread == 0;
    if (!teacher_) return setup;
    setup.teacher_dim = teacher_->dim();
    if (!config_.teacher_centers || teacher_->dim() != info_.embedding_dim) return setup;
    setup.centers = Matrix(static_cast<std::size_t>(setup.num_classes),
                           static_cast<std::size_t>(info_.embedding_dim));
    for (int c = 0; c < sampler_.num_speakers(); ++c) {
      const std::vector<float> mean = teacher_->SpeakerMean(sampler_.RecordsOfClass(c));
      std::copy(mean.begin(), mean.end(), setup.centers.row(static_cast<std::size_t>(c)));
    }
    return setup;
  }

  void Describe() {
    info_.architecture = config_.arch;
    info_.architecture_options = config_.arch_options;
    info_.features = config_.features;
    info_.embedding_dim = config_.embedding_dim;
    engine_->Complete(info_);
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
    training.program = std::string("vpr ") + Version() + ", " + engine_->Program();
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
    const auto options = [&] {
      ModelInfo complete = model.info;
      engine_->Complete(complete);
      return complete.architecture_options;
    };
    if (model.info.architecture != info_.architecture || options() != info_.architecture_options ||
        model.info.embedding_dim != info_.embedding_dim)
      throw Error(ErrorCode::kIncompatible, "cannot start from '" + Printable(path) +
                                                "': it is a " + model.info.architecture +
                                                " of other shape than the one to train");
    if (model.info.features != info_.features)
      progress_.Warn("'" + Printable(path) + "' was trained with other feature settings");
    engine_->SetNetwork(model.tensors);
    RememberTraining(model.info.training);
  }

  void StartFromRun(const std::string& run_dir) {
    LoadTrained(CheckpointPath(run_dir), DataIdentity(), *engine_);
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
    if (first_) {
      std::error_code error;
      std::filesystem::create_directories(config_.run_dir, error);
      if (error)
        throw Error(ErrorCode::kIo,
                    "cannot make folder '" + Printable(config_.run_dir) + "': " + error.message());
    }
    if (config_.resume) {
      const std::string path = CheckpointPath(config_.run_dir);
      state_ = LoadCheckpoint(path, Identity(), *engine_);
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
    } else if (first_ && HoldsTrainingRun(config_.run_dir)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + Printable(config_.run_dir) +
                      "' holds another training run; continue it with --resume, name another "
                      "folder with --run-dir, or delete it");
    }
    // Before the first one writes, all have read.
    engine_->Sum({1});
    if (first_) WriteFileAtomically(config_.run_dir + "/config.toml", WriteTrainConfig(config_));
  }

  void Announce() {
    progress_.Info(
        Format("%s, %.2f M parameters, %s loss; %d speakers, %llu utterances, %.2f h; %d classes; "
               "%llu crops of %.2f s an epoch; %s",
               config_.arch.c_str(), static_cast<double>(engine_->num_parameters()) / 1e6,
               config_.loss.c_str(), sampler_.num_speakers(),
               static_cast<unsigned long long>(info_.training.utterances), info_.training.hours,
               sampler_.num_classes(), static_cast<unsigned long long>(sampler_.crops_per_epoch()),
               config_.crop_seconds, engine_->Description().c_str()));
    if (!alone_)
      progress_.Info(Format("%d processes, %d crops of each batch for each", engine_->size(),
                            config_.batch_size / engine_->size()));
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
    std::vector<std::unique_ptr<StepEngine::Loaded>> slots(
        static_cast<std::size_t>(config_.loader_threads) + 2);
    // Of the whole training, whose time left is what one wants to know.
    const std::uint64_t before = total * (static_cast<std::uint64_t>(epoch) - 1);
    progress_.Start(Format("epoch %d/%d", epoch, config_.epochs), "step",
                    total * static_cast<std::uint64_t>(config_.epochs), before + first);
    Clock::time_point idle_since = Clock::now();
    OrderedParallelFor(
        total - first, config_.loader_threads, slots.size(),
        [&](std::size_t i) {
          slots[i % slots.size()] =
              engine_->Load(MakeBatch(crops, epoch, (first + i) * batch_size));
        },
        [&](std::size_t i) {
          Clock::time_point start = Clock::now();
          state_.wait_seconds += std::chrono::duration<double>(start - idle_since).count();
          Step(*slots[i % slots.size()], first + i);
          state_.next_batch = first + i + 1;
          idle_since = Clock::now();
          state_.seconds += SecondsSince(start);
          double steps = static_cast<double>(state_.next_batch);
          progress_.Update(before + state_.next_batch,
                           Format("loss %.3f, accuracy %.1f %%", state_.loss_sum / steps,
                                  100 * state_.correct_sum / (steps * config_.batch_size)));
          if (first_ && SecondsSince(last_saved_) > 60 * config_.checkpoint_minutes) {
            engine_->Settle(OnStepTold());
            SaveState();
          }
        },
        [&] { return alone_ ? stop_ && stop_() : all_stop_; });
    engine_->Settle(OnStepTold());
    progress_.Finish();
    return state_.next_batch == total;
  }

  Batch MakeBatch(const std::vector<CropChoice>& crops, int epoch, std::size_t begin) const {
    Batch batch = sampler_.MakeBatch(crops, epoch, begin, engine_->rank(), engine_->size());
    for (std::size_t i = 0; teacher_ && i < batch.records.size(); ++i) {
      const float* target = teacher_->Target(batch.records[i]);
      if (target == nullptr) continue;
      batch.taught.push_back(static_cast<std::int64_t>(i));
      batch.targets.insert(batch.targets.end(), target, target + teacher_->dim());
    }
    return batch;
  }

  void Step(const StepEngine::Loaded& input, std::uint64_t step) {
    const double total = static_cast<double>(BatchesPerEpoch()) * config_.epochs;
    const double at =
        (static_cast<double>(state_.epoch - 1) * static_cast<double>(BatchesPerEpoch()) +
         static_cast<double>(step)) /
        total;
    StepSettings settings;
    settings.lr = LearningRate(config_, at);
    settings.margin = Margin(config_, at);
    // Step by step, so that a resumed run draws the same.
    settings.seed =
        Rng(config_.seed, kStepStream, static_cast<std::uint64_t>(state_.epoch), step).Next() >> 1;
    // The first steps are forgotten faster.
    const double steps = at * total;
    settings.average_decay = std::min(config_.average_decay, (1 + steps) / (10 + steps));
    settings.stop = !alone_ && stop_ && stop_();
    engine_->Step(input, step, settings, OnStepTold());
  }

  OnStep OnStepTold() {
    return [this](const StepOutcome& outcome) {
      CheckLoss(outcome.loss, outcome.step);
      state_.loss_sum += outcome.loss;
      state_.correct_sum += outcome.correct;
      all_stop_ = outcome.stop;
    };
  }

  void CheckLoss(double loss, std::uint64_t step) const {
    if (!std::isfinite(loss))
      throw Error(
          ErrorCode::kUnusable,
          Format("the loss is not a number any more at epoch %d, step %llu; use a lower --lr",
                 state_.epoch, static_cast<unsigned long long>(step + 1)));
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
      if (first_)
        measured = Fit(EmbeddingExtractor(info_, engine_->KeptNetwork()), kSomeSpeakers,
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
      if (first_) {
        Model model{info_, engine_->KeptTensors(), std::move(fitted.scoring)};
        SaveModel(config_.output, model);
        info_ = model.info;
      }
    }
    state_.epoch += 1;
    state_.next_batch = 0;
    state_.loss_sum = state_.correct_sum = state_.seconds = state_.wait_seconds = 0;
    if (first_) {
      WriteMetrics(config_.run_dir, state_.history);
      SaveState();
    }
    return true;
  }

  // While the first process measures, the others wait for it. Once a second they hear from it, so
  // that nobody waits for a process that is gone.
  void Exchange(Status& status, double& eer) const {
    std::vector<float> news(2);
    if (first_) news = {static_cast<float>(status), static_cast<float>(eer)};
    news = engine_->Sum(news);
    status = static_cast<Status>(static_cast<int>(news[0]));
    eer = double{news[1]};
  }

  bool Beat() {
    if (alone_ || SecondsSince(last_beat_) < 1) return false;
    Status status = kMeasuring;
    double eer = 0;
    Exchange(status, eer);
    last_beat_ = Clock::now();
    return false;
  }

  void AwaitFirst(Status& status, double& eer) const {
    if (alone_) return;
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
    const EmbeddingExtractor extractor(model.info, engine_->MakeNetwork(model));
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
    SaveCheckpoint(CheckpointPath(config_.run_dir), state_, *engine_);
    last_saved_ = Clock::now();
  }

  TrainConfig config_;
  const StopRequested& stop_;
  std::unique_ptr<StepEngine> engine_;
  const bool first_, alone_;  // of the processes that train together
  Progress silent_;
  Progress& progress_;
  bool all_stop_ = false;  // one of several processes was asked to stop
  Clock::time_point last_beat_ = Clock::now();
  PackedDataset dataset_;
  HeldOut held_out_;
  CropSampler sampler_;
  ModelInfo info_;                  // of the best network so far
  std::uint64_t crops_before_ = 0;  // what the network that it starts from has seen
  std::optional<Teacher> teacher_;
  TrainState state_;
  Clock::time_point last_saved_ = Clock::now();
};

}  // namespace

TrainResult TrainWith(StepEngines& engines, const TrainConfig& config, Progress& progress,
                      const StopRequested& stop) {
  return TrainingLoop(engines.Make(config), config, progress, stop).Run();
}

}  // namespace vpr
