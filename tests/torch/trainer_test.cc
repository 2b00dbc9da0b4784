#include "vpr/train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "support/training.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {
namespace {

using test::Recorder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class TrainerTest : public test::TrainingFolder {
 protected:
  // Small enough to train in seconds.
  TrainConfig Config(const std::string& name) const {
    TrainConfig config = SmallConfig(name);
    config.arch_options = {{"channels", {8, 8, 8, 16}}, {"blocks", {1, 1, 1, 1}}};
    config.embedding_dim = 16;
    config.epochs = 3;
    config.threads = 2;
    config.device = "cpu";
    config.lr = 0.05;
    return config;
  }
  static TrainResult Run(const TrainConfig& config, const StopRequested& stop = {}) {
    Recorder progress;
    return Train(config, progress, stop);
  }
  static std::string FailureOf(const TrainConfig& config) {
    try {
      Run(config);
    } catch (const Error& error) {
      return error.what();
    }
    return "trained";
  }
  static std::vector<std::string> Losses(const TrainConfig& config) {
    return test::TrainingFigures(config.run_dir);
  }
};

TEST_F(TrainerTest, LearnsToTellSpeakersApart) {
  TrainConfig config = Config("learn");
  config.epochs = 8;
  config.crops_per_epoch = 480;
  config.freq_mask = 0;
  config.time_mask = 4;
  config.scale = 15;
  config.optimizer = "adam";
  config.lr = 3e-3;
  TrainResult result = Run(config);
  EXPECT_FALSE(result.interrupted);
  EXPECT_GT(result.last.accuracy, 0.8);  // chance: 1/6
  EXPECT_LT(result.best.dev_eer, 0.35);  // four unknown voices, learnt from six
  Model model = LoadModel(config.output);
  EXPECT_EQ(model.info.training.speakers, 6u);
  EXPECT_EQ(model.info.training.utterances, 24u);
  EXPECT_EQ(model.info.training.best_epoch, result.best.epoch);
  EXPECT_EQ(model.info.training.dev_eer, result.best.dev_eer);
  EXPECT_EQ(model.info.features.trim_top_db, 20);
  EXPECT_GT(model.info.decision.threshold, 0);
  for (const char* file : {"config.toml", "metrics.csv", "curves.png", "checkpoint.vpt"})
    EXPECT_TRUE(IsRegularFile(config.run_dir + "/" + file)) << file;
}

TEST_F(TrainerTest, ScoresAreNormalizedAgainstTheTrainingSpeakers) {
  TrainConfig config = Config("cohort"), plain = Config("plain");
  config.epochs = plain.epochs = 1;
  config.cohort_speakers = 5;
  config.cohort_top = 3;
  plain.cohort_speakers = 100;  // of which there are not enough
  const TrainResult result = Run(config);
  const Model model = LoadModel(config.output);
  EXPECT_EQ(model.scoring.cohort.rows, 5u);
  EXPECT_EQ(model.scoring.top_n, 3u);
  EXPECT_EQ(model.scoring.cohort.cols, static_cast<std::size_t>(model.info.embedding_dim));
  EXPECT_EQ(model.info.training.dev_eer, result.best.dev_eer);
  Run(plain);
  const Model without = LoadModel(plain.output);
  EXPECT_TRUE(without.scoring.empty());
  // The network is the same, the threshold is on the other scale.
  ASSERT_EQ(without.tensors.size(), model.tensors.size());
  for (std::size_t i = 0; i < model.tensors.size(); ++i)
    EXPECT_EQ(without.tensors[i].data, model.tensors[i].data);
  EXPECT_NE(without.info.decision.threshold, model.info.decision.threshold);
}

// A teacher that knows the voices, and no labels: the network learns its geometry.
TEST_F(TrainerTest, LearnsFromATeacherWithoutLabels) {
  const std::string prefix = folder_ + "/unlabelled";
  DatasetInfo info;
  info.trim_top_db = 20;
  PackedWriter writer(prefix, info);
  std::string table;
  Rng rng(5);
  for (int s = 0; s < 12; ++s) {
    for (int u = 0; u < 3; ++u) {
      const std::string key = std::to_string(s) + "/" + std::to_string(u);
      writer.Add(key, "-", EncodePcm16(test::SyntheticUtterance(s, u, 1.2)), 1.2);
      table += "recordings/" + key + "  [";
      for (int d = 0; d < 16; ++d)
        table += Format(" %.6f", 3 + (d == s ? 1 : 0) + 0.05 * rng.Normal());
      table += " ]\n";
    }
  }
  writer.Commit();
  WriteFileAtomically(folder_ + "/teacher.ark", table);
  TrainConfig config = Config("taught");
  config.train = prefix;
  config.dev = folder_ + "/train-dev";
  test::PackSynthetic(folder_ + "/train-dev", 12, 6, 3, 1.2);  // voices of which it knows nothing
  config.teachers = {folder_ + "/teacher.ark"};
  config.teacher_similarity = 1;
  config.epochs = 8;
  config.crops_per_epoch = 480;
  config.freq_mask = 0;
  config.time_mask = 4;
  config.optimizer = "adam";
  config.lr = 3e-3;
  const TrainResult result = Run(config);
  EXPECT_LT(result.best.dev_eer, 0.35);
  const std::vector<std::string> losses = Losses(config);
  ASSERT_EQ(losses.size(), 9u);
  EXPECT_LT(result.last.loss, 0.5);  // it begins near 1.4
  const Model model = LoadModel(config.output);
  EXPECT_EQ(model.info.training.speakers, 0u);
  EXPECT_EQ(model.info.training.utterances, 36u);
  // Another teacher is another training.
  config.resume = true;
  config.epochs = 9;
  WriteFileAtomically(folder_ + "/teacher.ark", table + "recordings/0/0  [ 1 2 ]\n");
  EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("line 37"), HasSubstr("expected 16")));
  table.replace(table.find(" 3."), 3, " 9.");
  WriteFileAtomically(folder_ + "/teacher.ark", table);
  EXPECT_THAT(FailureOf(config), HasSubstr("other data or settings"));
}

TEST_F(TrainerTest, SameSeedSameNetwork) {
  TrainConfig a = Config("a"), b = Config("b"), c = Config("c");
  c.seed = 2;
  b.loader_threads = 3;
  Run(a);
  Run(b);
  Run(c);
  EXPECT_EQ(Losses(a), Losses(b));
  EXPECT_NE(Losses(a), Losses(c));
  std::vector<Tensor> x = LoadModel(a.output).tensors, y = LoadModel(b.output).tensors;
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i].data, y[i].data) << x[i].name;
}

TEST_F(TrainerTest, ResumedRunIsBitIdentical) {
  for (const char* arch : {"resnet", "ecapa", "dwnet", "cnn"}) {
    TrainConfig whole = Config(std::string("whole_") + arch);
    if (std::string(arch) == "cnn") {  // dropout and Adam have state of their own
      TrainConfig cnn = DefaultTrainConfig("cnn");
      whole.arch = "cnn";
      whole.arch_options = {};
      whole.loss = cnn.loss;
      whole.optimizer = cnn.optimizer;
      whole.lr = whole.final_lr = cnn.lr;
      whole.features = cnn.features;
    }
    if (std::string(arch) == "ecapa") {
      whole.arch = "ecapa";
      whole.arch_options = {
          {"channels", {16}}, {"scale", {4}}, {"bottleneck", {8}}, {"aggregate", {24}}};
      whole.lr = 1e-3;
    }
    if (std::string(arch) == "dwnet") {
      whole.arch = "dwnet";
      // Not 4: oneDNN 2.7 of LibTorch 1.13 waits for ever in the backward pass of such a front on
      // two threads.
      whole.arch_options = {{"channels", {16}},   {"blocks", {2}},     {"squeeze", {8}},
                            {"outputs", {2}},     {"aggregate", {24}}, {"bottleneck", {8}},
                            {"front", {8, 8, 16}}};
      whole.lr = 1e-3;
    }
    if (std::string(arch) == "resnet") {
      // A teacher of another dimension, so that there is a projection to be kept.
      std::string table;
      Rng rng(3);
      for (int s = 0; s < 6; ++s) {
        for (int u = 0; u < 4; ++u) {
          table += "speaker" + std::to_string(100 + s) + "/" + std::to_string(u) + "  [";
          for (int d = 0; d < 5; ++d) table += Format(" %.6f", rng.Normal());
          table += " ]\n";
        }
      }
      WriteFileAtomically(folder_ + "/teacher.ark", table);
      whole.teachers = {folder_ + "/teacher.ark"};
      whole.average_decay = 0.9;
      whole.sub_centers = 2;
    }
    Run(whole);
    TrainConfig parts = whole;
    parts.output = folder_ + "/parts_" + arch + ".vpr";
    parts.run_dir = parts.output + ".run";
    // Stopped in the middle of epochs, three times: after 4, 3 and 5 more steps.
    for (int budget : {4, 3, 5}) {
      TrainResult result = Run(parts, [&budget] { return budget-- == 0; });
      EXPECT_TRUE(result.interrupted);
      parts.resume = true;
    }
    TrainResult result = Run(parts);
    EXPECT_FALSE(result.interrupted);
    EXPECT_EQ(Losses(whole), Losses(parts));
    std::vector<Tensor> x = LoadModel(whole.output).tensors, y = LoadModel(parts.output).tensors;
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i].data, y[i].data) << x[i].name;
  }
}

TEST_F(TrainerTest, ResumeRefusesOtherDataOtherSettingsAndDamage) {
  TrainConfig config = Config("r");
  config.epochs = 1;
  Run(config);
  EXPECT_THAT(FailureOf(config), HasSubstr("--resume"));  // would overwrite a run
  config.resume = true;
  TrainConfig other = config;
  other.margin = 0.3;
  EXPECT_THAT(FailureOf(other), HasSubstr("other data or settings: the settings are not"));
  test::PackSynthetic(folder_ + "/train", 0, 6, 5, 1.2);
  EXPECT_THAT(FailureOf(config), HasSubstr("other data or settings: the training data"));
  test::PackSynthetic(folder_ + "/train", 0, 6, 4, 1.2);
  config.epochs = 2;  // longer is allowed
  EXPECT_EQ(Run(config).last.epoch, 2);
  EXPECT_EQ(LoadModel(config.output).info.training.epochs, 2);  // whichever was the best
  fs::remove(config.output);  // the best so far is lost: the next epoch's replaces it
  config.epochs = 3;
  EXPECT_EQ(Run(config).best.epoch, 3);
  EXPECT_EQ(LoadModel(config.output).info.training.best_epoch, 3);
  const std::string path = config.run_dir + "/checkpoint.vpt";
  config.epochs = 4;
  const std::string whole = ReadFile(path);
  for (std::size_t at : {std::size_t{9}, std::size_t{40}, whole.size() / 2, whole.size() - 40}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    WriteFileAtomically(path, damaged);
    EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("cannot use"), HasSubstr("checkpoint.vpt")))
        << at;
  }
  WriteFileAtomically(path, whole.substr(0, 3000));
  EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("cut off"), HasSubstr("checkpoint.vpt")));
  fs::rename(path, config.run_dir + "/checkpoint.pt");
  EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("older vpr"), HasSubstr("--init-from")));
  TrainConfig fresh = config;
  fresh.resume = false;
  EXPECT_THAT(FailureOf(fresh), HasSubstr("--resume"));
  fs::remove(config.run_dir + "/checkpoint.pt");
  EXPECT_THAT(FailureOf(config), HasSubstr("checkpoint.vpt"));
}

TEST_F(TrainerTest, StartsFromAnotherModel) {
  TrainConfig first = Config("first");
  first.epochs = 8;
  Run(first);
  TrainConfig second = Config("second");
  second.init_from = first.output;
  second.epochs = 1;
  TrainConfig cold = Config("cold");
  cold.epochs = 1;
  EXPECT_LT(Run(second).last.loss, Run(cold).last.loss);
  second = Config("third");
  second.init_from = first.output;
  second.embedding_dim = 8;
  EXPECT_THAT(FailureOf(second), HasSubstr("other shape"));
}

TEST_F(TrainerTest, FineTunesAnotherRun) {
  TrainConfig first = Config("base");
  first.epochs = 4;
  Run(first);
  // No step to speak of: the loss of the start is that of the classes the first run had.
  TrainConfig tuned = Config("tuned"), cold = Config("cold");
  tuned.init_from = first.run_dir;
  cold.init_from = first.output;  // the network alone
  for (TrainConfig* config : {&tuned, &cold}) {
    config->epochs = 1;
    config->lr = config->final_lr = 1e-6;
    config->margin_from = config->margin_to = 0;
  }
  EXPECT_LT(Run(tuned).last.loss, Run(cold).last.loss - 0.5);
  TrainConfig other = Config("other");
  other.init_from = first.run_dir;
  other.speed_perturb = true;  // three times the classes
  EXPECT_THAT(FailureOf(other), HasSubstr("number of classes"));
  other = Config("other2");
  other.init_from = first.run_dir;
  test::PackSynthetic(folder_ + "/train", 0, 6, 5, 1.2);
  EXPECT_THAT(FailureOf(other), HasSubstr("other data"));
}

TEST_F(TrainerTest, StopsWhenPatienceEnds) {
  TrainConfig config = Config("patience");
  config.lr = config.final_lr = 1e-9;  // nothing gets better
  config.warmup = 0;
  config.epochs = 9;
  config.patience = 2;
  TrainResult result = Run(config);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(result.last.epoch, result.best.epoch + 2);
  config.resume = true;
  EXPECT_EQ(Run(config).last.epoch, result.last.epoch);  // still out of patience
  config.patience = 0;
  config.epochs = result.last.epoch + 1;
  EXPECT_EQ(Run(config).last.epoch, config.epochs);
}

TEST_F(TrainerTest, SpectrogramsAreTrainedOnToo) {
  DatasetInfo info;
  info.payload = PayloadKind::kMel64;
  PackedWriter writer(folder_ + "/mel", info);
  Rng rng(1);
  for (int s = 0; s < 4; ++s) {
    for (int u = 0; u < 6; ++u) {
      std::vector<double> mel(128 * 128);
      for (std::size_t i = 0; i < mel.size(); ++i)
        mel[i] = std::exp(rng.Normal() + (i / 128 / 32 == static_cast<std::size_t>(s) ? 3 : 0));
      auto bytes = reinterpret_cast<const std::uint8_t*>(mel.data());
      writer.Add(std::to_string(s) + "/" + std::to_string(u), "speaker " + std::to_string(s),
                 {bytes, mel.size() * sizeof(double)}, 2.04);
    }
  }
  writer.Commit();
  TrainConfig config = Config("mel");
  config.train = folder_ + "/mel";
  config.hold_out_speakers = 0;
  config.epochs = 6;
  config.features = FeatureOptions{};
  config.features.kind = FeatureKind::kLogMel;
  TrainResult result = Run(config);
  EXPECT_GT(result.last.accuracy, 0.8);
  EXPECT_LT(result.best.dev_eer, 0);  // not measured
}

TEST_F(TrainerTest, ImpossibleTaskIsRefusedBeforeTheFirstStep) {
  TrainConfig config = Config("x");
  config.batch_size = 25;
  EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("24 utterances"), HasSubstr("batch of 25")));
  test::PackSynthetic(folder_ + "/one", 0, 1, 30, 0.5);
  config = Config("x");
  config.train = folder_ + "/one";
  EXPECT_THAT(FailureOf(config), HasSubstr("1 speaker"));
  config = Config("x");
  config.arch = "vgg";
  EXPECT_THAT(FailureOf(config), AllOf(HasSubstr("vgg"), HasSubstr("resnet")));
  config = Config("x");
  config.loss = "hinge";
  EXPECT_THAT(FailureOf(config), HasSubstr("hinge"));
  config = Config("x");
  config.train = folder_ + "/nothing";
  EXPECT_THAT(FailureOf(config), HasSubstr("nothing"));
  config = Config("x");
  config.device = "tpu";
  EXPECT_THAT(FailureOf(config), HasSubstr("tpu"));
  config = Config("narrow");
  config.arch_options["channels"] = {4, 4, 4, 4};
  config.epochs = 1;
  EXPECT_THAT(FailureOf(config), AnyOf(HasSubstr("ask for 8 channels"), "trained"));  // LibTorch 2
  config = Config("x");
  config.lr = config.final_lr = 1e30;
  EXPECT_THAT(FailureOf(config), HasSubstr("not a number"));
  EXPECT_FALSE(IsRegularFile(Config("x").output));
}

TEST_F(TrainerTest, ExtractorNeedsTheWholeModel) {
  TrainConfig config = Config("e");
  config.epochs = 1;
  Run(config);
  EmbeddingExtractor extractor = EmbeddingExtractor::Open(config.output, {"cpu", "auto", 2, {}});
  std::vector<float> speech = test::SyntheticUtterance(3, 9, 3.0);
  std::vector<float> once = extractor.Extract(speech), twice = extractor.Extract(speech);
  EXPECT_EQ(once, twice);
  EXPECT_EQ(once.size(), 16u);
  Model model = LoadModel(config.output);
  model.tensors.pop_back();
  SaveModel(config.output, model);
  EXPECT_THROW(EmbeddingExtractor::Open(config.output, {"cpu", "auto", 2, {}}), Error);
}

}  // namespace
}  // namespace vpr
