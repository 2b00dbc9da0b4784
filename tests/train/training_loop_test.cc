// The training loop with an engine of a few lines: a linear network on the mean spectrum, softmax
// and plain gradient descent, written out.
#include "train/training_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "model/tensor_file.h"
#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "support/training.h"
#include "train/checkpoint.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using test::Recorder;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<double> MeanSpectrum(const float* features, std::size_t bands, std::size_t frames) {
  std::vector<double> mean(bands);
  for (std::size_t b = 0; b < bands; ++b) {
    for (std::size_t t = 0; t < frames; ++t) mean[b] += double{features[b * frames + t]};
    mean[b] /= 10 * static_cast<double>(frames);  // logarithms: brought to some 1
  }
  return mean;
}

std::vector<double> Times(const Tensor& matrix, const std::vector<double>& x) {
  std::vector<double> y(static_cast<std::size_t>(matrix.shape[0]));
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) y[i] += double{matrix.data[i * x.size() + j]} * x[j];
  }
  return y;
}

struct LinearNetwork : Network {
  explicit LinearNetwork(Tensor w) : weights(std::move(w)) {}
  std::vector<float> Forward(const Matrix& features) override {
    const std::vector<double> e =
        Times(weights, MeanSpectrum(features.data.data(), features.rows, features.cols));
    return {e.begin(), e.end()};
  }
  Tensor weights;
};

// What a test wants of it.
struct Wishes {
  int rank = 0, size = 1;
  std::vector<float> from_first;  // what Sum gives between epochs, for processes but the first
  bool late = false;              // a step's outcome is told with the next one
  std::uint64_t not_a_number_at = std::numeric_limits<std::uint64_t>::max();
  std::vector<StepSettings> asked;  // of all steps
};

class LinearEngine : public StepEngine {
 public:
  explicit LinearEngine(const TrainConfig& config, Wishes& wishes)
      : config_(config), wishes_(wishes) {}

  int rank() const override { return wishes_.rank; }
  int size() const override { return wishes_.size; }
  std::vector<float> Sum(const std::vector<float>& numbers) override {
    return wishes_.from_first.empty() ? numbers : wishes_.from_first;
  }
  std::string Program() const override { return "tests"; }
  void Complete(ModelInfo& info) const override { info.embedding_dim = kDim; }
  void Begin(const StepEngineSetup& setup) override {
    Rng rng(config_.seed, 1);
    const std::int64_t bands = setup.info.features.n_mels;
    for (auto [tensor, name, rows, columns] :
         {std::tuple(&network_, "network.w", std::int64_t{kDim}, bands),
          std::tuple(&loss_, "loss.c", std::int64_t{setup.num_classes}, std::int64_t{kDim})}) {
      *tensor = {
          name, {rows, columns}, std::vector<float>(static_cast<std::size_t>(rows * columns))};
      for (float& value : tensor->data) value = static_cast<float>(0.1 * rng.Normal());
    }
  }
  std::int64_t num_parameters() const override {
    return static_cast<std::int64_t>(network_.data.size());
  }
  std::string Description() const override { return "by hand"; }
  void SetNetwork(const std::vector<Tensor>& tensors) override { network_ = tensors.at(0); }
  bool StartFrom(const EngineState& state) override {
    if (state.tensors.at(1).shape != loss_.shape) return false;
    SetState(state);
    return true;
  }
  EngineState State() const override { return {{network_, loss_}, {{"0", 1}}}; }
  void SetState(const EngineState& state) override {
    if (state.tensors.at(0).shape != network_.shape || state.tensors.at(1).shape != loss_.shape)
      throw Error(ErrorCode::kCorrupt, "its tensors have other shapes");
    network_ = state.tensors[0];
    loss_ = state.tensors[1];
  }
  std::vector<Tensor> KeptTensors() const override { return {network_}; }
  std::unique_ptr<Network> KeptNetwork() override {
    return std::make_unique<LinearNetwork>(network_);
  }
  std::unique_ptr<Network> MakeNetwork(const Model& model) override {
    return std::make_unique<LinearNetwork>(model.tensors.at(0));
  }

  struct Input : Loaded {
    Batch batch;
  };
  std::unique_ptr<Loaded> Load(Batch batch) const override {
    auto input = std::make_unique<Input>();
    input->batch = std::move(batch);
    return input;
  }

  void Step(const Loaded& loaded, std::uint64_t step, const StepSettings& settings,
            const OnStep& on_step) override {
    const Batch& batch = static_cast<const Input&>(loaded).batch;
    const std::size_t size = batch.classes.size(),
                      bands = batch.features.size() / (size * batch.frames),
                      classes = static_cast<std::size_t>(loss_.shape[0]);
    StepOutcome outcome{step, 0, 0, settings.stop};
    std::vector<double> to_network(network_.data.size()), to_loss(loss_.data.size());
    for (std::size_t i = 0; i < size; ++i) {
      const std::vector<double> m =
          MeanSpectrum(batch.features.data() + i * bands * batch.frames, bands, batch.frames);
      const std::vector<double> e = Times(network_, m);
      std::vector<double> p = Times(loss_, e);
      const auto own = static_cast<std::size_t>(batch.classes[i]);
      const auto highest = std::max_element(p.begin(), p.end());
      outcome.correct += highest - p.begin() == batch.classes[i];
      const double top = *highest;
      double sum = 0;
      for (double& value : p) sum += value = std::exp(value - top);
      for (double& value : p) value /= sum;
      outcome.loss -= std::log(p[own]) / static_cast<double>(size);
      p[own] -= 1;
      for (std::size_t c = 0; c < classes; ++c) {
        for (std::size_t d = 0; d < kDim; ++d) {
          to_loss[c * kDim + d] += p[c] * e[d] / static_cast<double>(size);
          for (std::size_t b = 0; b < bands; ++b)
            to_network[d * bands + b] +=
                p[c] * double{loss_.data[c * kDim + d]} * m[b] / static_cast<double>(size);
        }
      }
    }
    if (wishes_.asked.size() == wishes_.not_a_number_at)
      outcome.loss = std::numeric_limits<double>::quiet_NaN();
    wishes_.asked.push_back(settings);
    if (!wishes_.late) on_step(outcome);
    const auto descend = [&](Tensor& tensor, const std::vector<double>& gradient) {
      for (std::size_t i = 0; i < gradient.size(); ++i)
        tensor.data[i] -= static_cast<float>(settings.lr * gradient[i]);
    };
    descend(network_, to_network);
    descend(loss_, to_loss);
    Settle(on_step);
    if (wishes_.late) untold_ = outcome;
  }
  void Settle(const OnStep& on_step) override {
    if (untold_) on_step(*std::exchange(untold_, std::nullopt));
  }

 private:
  static constexpr std::size_t kDim = 6;
  const TrainConfig config_;
  Wishes& wishes_;
  Tensor network_, loss_;
  std::optional<StepOutcome> untold_;
};

struct LinearEngines : StepEngines {
  explicit LinearEngines(Wishes& asked) : wishes(asked) {}
  std::unique_ptr<StepEngine> Make(const TrainConfig& config) override {
    return std::make_unique<LinearEngine>(config, wishes);
  }
  Wishes& wishes;
};

class TrainingLoopTest : public test::TrainingFolder {
 protected:
  TrainConfig Config(const std::string& name) const {
    TrainConfig config = SmallConfig(name);
    config.epochs = 4;
    config.threads = 1;
    config.lr = 0.02;
    config.warmup = 0;
    config.cohort_speakers = 0;
    return config;
  }

  TrainResult Run(const TrainConfig& config, Wishes& wishes, const StopRequested& stop = {}) {
    LinearEngines engines(wishes);
    return TrainWith(engines, config, progress_, stop);
  }
  std::string FailureOf(const TrainConfig& config, Wishes& wishes) {
    try {
      Run(config, wishes);
    } catch (const Error& error) {
      return error.what();
    }
    return "trained";
  }
  static std::vector<std::string> Figures(const TrainConfig& config) {
    return test::TrainingFigures(config.run_dir);
  }

  Recorder progress_;
};

TEST_F(TrainingLoopTest, TheBestEpochIsKept) {
  Wishes wishes;
  TrainConfig config = Config("a");
  config.epochs = 6;
  const TrainResult result = Run(config, wishes);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(wishes.asked.size(), 36u);
  EXPECT_EQ(result.last.epoch, 6);
  const Model model = LoadModel(config.output);
  EXPECT_EQ(model.info.training.best_epoch, result.best.epoch);
  EXPECT_EQ(model.info.training.epochs, 6);
  EXPECT_EQ(model.info.embedding_dim, 6);
  double least = 1;
  const std::vector<std::string> rows = Figures(config);
  ASSERT_EQ(rows.size(), 7u);
  for (std::size_t i = 1; i < rows.size(); ++i)
    least = std::min(least, std::stod(std::string(Split(rows[i], ',')[3])));
  EXPECT_NEAR(result.best.dev_eer, least, 1e-6);
  EXPECT_THAT(progress_.text, HasSubstr("by hand"));
}

// The learning rate falls along half a cosine to its last value, the margin rises, every step has
// a seed of its own.
TEST_F(TrainingLoopTest, TheSchedule) {
  Wishes wishes;
  TrainConfig config = Config("a");
  config.warmup = 0.25;
  config.final_lr = 0.001;
  config.margin = 0.3;
  config.margin_from = 0.25;
  config.margin_to = 0.75;
  Run(config, wishes);
  ASSERT_EQ(wishes.asked.size(), 24u);
  EXPECT_EQ(wishes.asked[0].lr, 0);
  EXPECT_DOUBLE_EQ(wishes.asked[3].lr, 0.01);
  EXPECT_DOUBLE_EQ(wishes.asked[6].lr, 0.02);
  EXPECT_NEAR(wishes.asked[15].lr, 0.0105, 1e-9);
  EXPECT_EQ(wishes.asked[5].margin, 0);
  EXPECT_NEAR(wishes.asked[12].margin, 0.15, 1e-9);
  EXPECT_EQ(wishes.asked[18].margin, 0.3);
  std::set<std::uint64_t> seeds;
  for (const StepSettings& settings : wishes.asked) seeds.insert(settings.seed);
  EXPECT_EQ(seeds.size(), 24u);
}

TEST_F(TrainingLoopTest, StoppedAndResumedItIsTheSame) {
  Wishes whole, parts;
  Run(Config("whole"), whole);
  TrainConfig config = Config("parts");
  int interrupted = 0;
  for (std::size_t enough = 5;; enough += 5) {  // in the midst of epochs and between them
    const TrainResult result = Run(config, parts, [&] { return parts.asked.size() >= enough; });
    config.resume = true;
    if (!result.interrupted) break;
    ++interrupted;
  }
  EXPECT_EQ(interrupted, 4);
  EXPECT_EQ(Figures(Config("parts")), Figures(Config("whole")));
  ASSERT_EQ(parts.asked.size(), whole.asked.size());
  for (std::size_t i = 0; i < whole.asked.size(); ++i)
    EXPECT_EQ(parts.asked[i].seed, whole.asked[i].seed);
  EXPECT_EQ(LoadModel(config.output).tensors[0].data,
            LoadModel(Config("whole").output).tensors[0].data);
}

TEST_F(TrainingLoopTest, OutcomesThatAreToldLateCountAll) {
  Wishes at_once, late;
  late.late = true;
  Run(Config("once"), at_once);
  Run(Config("late"), late);
  EXPECT_EQ(Figures(Config("late")), Figures(Config("once")));
}

TEST_F(TrainingLoopTest, NotANumber) {
  Wishes wishes;
  wishes.not_a_number_at = 8;
  EXPECT_THAT(FailureOf(Config("a"), wishes),
              HasSubstr("not a number any more at epoch 2, step 3"));
}

TEST_F(TrainingLoopTest, PatienceEnds) {
  Wishes wishes;
  TrainConfig config = Config("a");
  config.epochs = 50;
  config.patience = 2;
  config.lr = config.final_lr = 0;  // nothing changes
  const TrainResult result = Run(config, wishes);
  EXPECT_EQ(result.last.epoch, 3);
  EXPECT_EQ(result.best.epoch, 1);
}

TEST_F(TrainingLoopTest, OnlyTheFirstProcessWrites) {
  Wishes wishes;
  wishes.rank = 1;
  wishes.size = 2;
  wishes.from_first = {1, 0.25f};  // measured
  const TrainConfig config = Config("a");
  const TrainResult result = Run(config, wishes);
  EXPECT_FALSE(result.first_process);
  EXPECT_EQ(result.last.dev_eer, 0.25);
  EXPECT_FALSE(fs::exists(config.output));
  EXPECT_FALSE(fs::exists(config.run_dir));
  EXPECT_EQ(progress_.text, "");
}

TEST_F(TrainingLoopTest, CheckpointsOfOthersAreRefused) {
  Wishes wishes;
  TrainConfig config = Config("a");
  Run(config, wishes);
  config.resume = true;
  config.epochs = 5;
  config.margin = 0.4;
  EXPECT_THAT(FailureOf(config, wishes), HasSubstr("the settings are not what it was begun with"));

  // The right identity, but another network's state.
  struct Other : LinearEngine {
    using LinearEngine::LinearEngine;
    EngineState State() const override {
      return {{{"network.w", {1}, {0}}, {"loss.c", {1}, {0}}}, {}};
    }
  };
  config.margin = Config("a").margin;
  const std::string path = CheckpointPath(config.run_dir);
  LinearEngine engine(config, wishes);
  StepEngineSetup setup;
  setup.info.features = config.features;
  setup.num_classes = 6;
  engine.Begin(setup);
  TrainResult again = Run(config, wishes);  // it can be gone on with
  EXPECT_EQ(again.last.epoch, 5);
  TrainState state;
  state.identity = "x";
  SaveCheckpoint(path, state, Other(config, wishes));
  EXPECT_THAT([&] { LoadCheckpoint(path, "x", engine); },
              ::testing::ThrowsMessage<Error>(HasSubstr("its tensors have other shapes")));
}

// The JSON library alone makes 1 of 1.5 and of 2^32 + 1.
TEST_F(TrainingLoopTest, NumbersOfACheckpointAreNotCutOff) {
  constexpr TensorFileFormat kFormat = {"\x89VPT\r\n\x1a\n", 1, 0, "checkpoint"};
  Wishes wishes;
  TrainConfig config = Config("a");
  Run(config, wishes);
  const std::string path = CheckpointPath(config.run_dir);
  LinearEngine engine(config, wishes);
  const TensorFile whole = ReadTensorFile(path, kFormat);
  for (const char* pointer :
       {"/state/epoch", "/state/next_batch", "/state/history/0/epoch", "/state/best/epoch"}) {
    const nlohmann::ordered_json::json_pointer place(pointer);
    const auto right = whole.header.at(place).get<std::int64_t>();
    nlohmann::ordered_json header = whole.header;
    header["tensors"] = nlohmann::ordered_json::array();
    header[place] = static_cast<double>(right) + 0.5;
    WriteTensorFile(path, kFormat, header, whole.tensors);
    EXPECT_THAT([&] { LoadCheckpoint(path, "x", engine); },
                ::testing::ThrowsMessage<Error>(
                    AllOf(HasSubstr("checkpoint.vpt"), HasSubstr("expected a whole number"))))
        << pointer;
  }
}

}  // namespace
}  // namespace vpr
