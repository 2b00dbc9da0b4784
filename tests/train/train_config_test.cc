#include "vpr/train/train_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

std::string Toml(const std::string& text) {
  const std::string path = test::TempPath("train_config.toml");
  WriteFileAtomically(path, text);
  return path;
}

std::string ReadError(const std::string& text) {
  TrainConfig config;
  try {
    ReadTrainConfig(Toml(text), config);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return "";
}

TEST(TrainConfig, WrittenFormReadsBackWhole) {
  TrainConfig config = DefaultTrainConfig("resnet");
  config.train = "数据/train set";
  config.output = "a \"quoted\" name.vpr";
  config.arch_options = {{"channels", {8, 16, 32, 64}}};
  config.features.kind = FeatureKind::kDb;
  config.lr = 0.1 + 1e-17;
  config.final_lr = 1.0 / 3000;
  config.seed = 12345678901234;
  config.speed_perturb = true;
  config.teachers = {"a.npy", "教师.ark"};
  config.teacher_lists = {"a.tsv"};
  TrainConfig read;
  ReadTrainConfig(Toml(WriteTrainConfig(config)), read);
  EXPECT_EQ(WriteTrainConfig(read), WriteTrainConfig(config));
  EXPECT_EQ(read.train, config.train);
  EXPECT_EQ(read.output, config.output);
  EXPECT_EQ(read.arch_options, config.arch_options);
  EXPECT_EQ(read.features, config.features);
  EXPECT_EQ(read.final_lr, config.final_lr);
  EXPECT_EQ(read.seed, config.seed);
  EXPECT_EQ(read.teachers, config.teachers);
  EXPECT_EQ(read.teacher_lists, config.teacher_lists);
}

TEST(TrainConfig, AFileChangesOnlyWhatItNames) {
  TrainConfig config = DefaultTrainConfig("resnet");
  ReadTrainConfig(Toml("[optimizer]\nlr = 1\nepochs = 3\n[features]\nkind = \"mel\"\n"), config);
  EXPECT_EQ(config.lr, 1.0);  // a whole number will do where a number is expected
  EXPECT_EQ(config.epochs, 3);
  EXPECT_EQ(config.features.kind, FeatureKind::kMel);
  EXPECT_EQ(config.features.win_length, 400);
  EXPECT_EQ(config.loss, "aam");
}

TEST(TrainConfig, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ReadError("[optimizer]\nlearning_rate = 0.1\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("learning_rate")));
  EXPECT_THAT(ReadError("[optimizer]\nlr = \"fast\"\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("lr")));
  EXPECT_THAT(ReadError("[optimizer]\nepochs = 1.5\n"), HasSubstr("whole number"));
  EXPECT_THAT(ReadError("[optimizer]\nepochs = 99999999999\n"),
              HasSubstr("whole number of at most 2147483647"));
  EXPECT_THAT(ReadError("[run]\nseed = -1\n"), HasSubstr("seed"));
  EXPECT_THAT(ReadError("[optimiser]\nlr = 1.0\n"), HasSubstr("optimiser"));
  EXPECT_THAT(ReadError("lr = 1.0\n"), HasSubstr("outside any [table]"));
  EXPECT_THAT(ReadError("[optimizer\n"), HasSubstr("line 1"));
  EXPECT_THAT(ReadError("[features]\nkind = \"mfcc\"\n"), HasSubstr("mfcc"));
  EXPECT_THAT(ReadError("[model]\noptions = {channels = 3}\n"), HasSubstr("arrays"));
}

TEST(TrainConfig, NestingIsBounded) {
  const auto repeated = [](const std::string& what) {
    std::string text;
    for (int i = 0; i < 60000; ++i) text += what;
    return text;
  };
  EXPECT_THAT(ReadError("[a]\n" + repeated("a.") + "a = 1\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("deep")));
  EXPECT_THAT(ReadError("[" + repeated("a.") + "a]\n"), HasSubstr("deep"));
  EXPECT_THAT(ReadError("a = " + repeated("[") + "\n"), HasSubstr("deep"));
  EXPECT_THAT(ReadError("a = " + repeated("[\n") + "\n"), HasSubstr("deep"));
  EXPECT_THAT(ReadError("a = " + repeated("{a=") + "\n"), HasSubstr("deep"));
  EXPECT_THAT(ReadError("# " + std::string(2 << 20, 'x') + "\n"), HasSubstr("more than"));
  TrainConfig config = DefaultTrainConfig("resnet");
  ReadTrainConfig(Toml("[model]\noptions = {channels = [3,\n4], blocks = [1]}\n"), config);
  EXPECT_EQ(config.arch_options.size(), 2u);
}

TEST(TrainConfig, TextFromTheFileIsPrintable) {
  EXPECT_THAT(ReadError("[a]\n\"\\u001b[2J\" = 1\n"), HasSubstr("\\x1b"));
  EXPECT_THAT(ReadError("\"\\u001b[2J\" = 1\n"), HasSubstr("\\x1b"));
}

TEST(TrainConfig, ValidateNamesTheField) {
  TrainConfig good = DefaultTrainConfig("cnn");
  good.train = good.output = good.run_dir = "x";
  EXPECT_NO_THROW(good.Validate());
  auto message = [&](auto change) -> std::string {
    TrainConfig config = good;
    change(config);
    try {
      config.Validate();
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message([](TrainConfig& c) { c.batch_size = 1; }), HasSubstr("batch_size"));
  EXPECT_THAT(message([](TrainConfig& c) { c.epochs = 0; }), HasSubstr("epochs"));
  EXPECT_THAT(message([](TrainConfig& c) { c.crops_per_epoch = 9'000'000'000'000; }),
              HasSubstr("crops_per_epoch must be at most"));
  EXPECT_THAT(message([](TrainConfig& c) { c.threads = 100'000; }), HasSubstr("threads"));
  EXPECT_THAT(message([](TrainConfig& c) { c.loader_threads = 100'000; }),
              HasSubstr("loader_threads"));
  EXPECT_THAT(message([](TrainConfig& c) { c.lr = 0; }), HasSubstr("lr"));
  EXPECT_THAT(message([](TrainConfig& c) { c.final_lr = 2 * c.lr; }), HasSubstr("final_lr"));
  EXPECT_THAT(message([](TrainConfig& c) { c.margin_from = 0.9; }), HasSubstr("margin_from"));
  EXPECT_THAT(message([](TrainConfig& c) { c.optimizer = "lamb"; }), HasSubstr("lamb"));
  EXPECT_THAT(message([](TrainConfig& c) { c.features.n_mels = 0; }), HasSubstr("n_mels"));
  EXPECT_THAT(message([](TrainConfig& c) { c.min_utterances = 0; }), HasSubstr("min_utterances"));
  EXPECT_THAT(message([](TrainConfig& c) { c.cohort_top = 1; }), HasSubstr("cohort_top"));
  EXPECT_THAT(message([](TrainConfig& c) {
                c.equalizer_db = 3;
                c.features.mean_norm = true;
              }),
              HasSubstr("mean_norm"));
  EXPECT_THAT(message([](TrainConfig& c) { c.lr = c.final_lr = INFINITY; }),
              AllOf(HasSubstr("lr"), HasSubstr("finite")));
  EXPECT_THAT(message([](TrainConfig& c) { c.snr_low = -INFINITY; }), HasSubstr("snr_low"));
  EXPECT_THAT(message([](TrainConfig& c) { c.precision = "int8"; }), HasSubstr("int8"));
}

TEST(NewTrainConfig, WhatIsGivenGoesOverTheFileAndThatOverTheDefaults) {
  const std::string file = Toml("[model]\narch = \"cnn\"\n[optimizer]\nepochs = 7\n");
  auto give = [](TrainConfig& config) {
    config.train = "data/mine";
    config.output = "mine.vpr";
    config.batch_size = 5;
  };
  const TrainConfig config = NewTrainConfig(file, {give});
  EXPECT_EQ(config.arch, "cnn");
  EXPECT_EQ(config.loss, "softmax");  // the default of cnn
  EXPECT_EQ(config.epochs, 7);
  EXPECT_EQ(config.batch_size, 5);
  EXPECT_EQ(config.train, std::filesystem::current_path() / "data/mine");
  EXPECT_EQ(config.run_dir, std::filesystem::current_path() / "mine.vpr.run");
  const TrainConfig other = NewTrainConfig(file, {give, [](TrainConfig& c) { c.arch = "resnet"; }});
  EXPECT_EQ(other.arch, "resnet");
  EXPECT_EQ(other.loss, "aam");
  EXPECT_EQ(other.epochs, 7);
  EXPECT_THROW(NewTrainConfig("", {}), Error);
}

TEST(ResumedTrainConfig, TheNameOfTheFolderSaysTheModel) {
  TrainConfig written = DefaultTrainConfig("resnet");
  written.output = "somebody's.vpr";
  const std::string run = test::TempPath("mine.vpr.run"), other = test::TempPath("copy");
  for (const std::string& folder : {run, other}) {
    MakeFolders(folder);
    WriteFileAtomically(folder + "/config.toml", WriteTrainConfig(written));
  }
  const TrainConfig config = ResumedTrainConfig(run + "/", "");
  EXPECT_TRUE(config.resume);
  EXPECT_EQ(config.run_dir, run);
  EXPECT_EQ(config.output + ".run", run);
  EXPECT_EQ(ResumedTrainConfig(other, "/tmp/x.vpr").output, "/tmp/x.vpr");
  EXPECT_THROW(ResumedTrainConfig(other, ""), Error);
  EXPECT_THROW(ResumedTrainConfig(test::TempPath("none.run"), ""), Error);
}

}  // namespace
}  // namespace vpr
