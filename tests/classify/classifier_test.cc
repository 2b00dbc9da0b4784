#include "vpr/classify/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/classify/synth.h"
#include "vpr/classify/train_classifier.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

ClassifierTrainOptions SvmOptions(const std::string& source, const std::string& output) {
  ClassifierTrainOptions options;
  options.source = source;
  options.output = output;
  options.settings = DefaultClassifierSettings(ClassifierKind::kSvm);
  options.features.acoustic.features = {AcousticFeature::kMfcc, AcousticFeature::kCentroid,
                                        AcousticFeature::kRms};
  options.features.statistics = {Statistic::kMean, Statistic::kStd};
  options.features.acoustic.frames.trim_top_db = 0;
  options.folds = 3;
  return options;
}

ClassifierTrainResult Train(const ClassifierTrainOptions& options) {
  Progress progress;
  return TrainClassifier(options, progress, {});
}

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  return files;
}

TEST(Standardizer, ScalesRows) {
  Matrix one(2, 2), two(2, 1);
  one.data = {1, 3, 7, 7};
  two.data = {5, 7};
  const Standardizer standardizer = Standardizer::Fit({&one, &two});
  standardizer.Apply(one);
  EXPECT_NEAR(one(0, 0), -std::sqrt(1.5), 1e-6);
  EXPECT_NEAR(one(0, 1), 0, 1e-6);
  EXPECT_EQ(one(1, 0), 0);  // does not vary
  Matrix other(3, 1);
  MessageOf(ErrorCode::kIncompatible, [&] { standardizer.Apply(other); });
}

TEST(TrainClassifier, LearnsAndItsFileAnswersTheSame) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 12, 1);
  const ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  const ClassifierTrainResult result = Train(options);
  ASSERT_TRUE(result.test.has_value());
  ASSERT_TRUE(result.cross_validation.has_value());
  EXPECT_GT(result.test->accuracy, 0.75);
  EXPECT_EQ(result.test->baseline, 0.25);
  EXPECT_EQ(result.test->total, 4u * 3);
  EXPECT_EQ(result.cross_validation->accuracies.size(), 3u);
  EXPECT_EQ(result.cross_validation->report.total, 4u * 9);
  EXPECT_EQ(result.info.labels, (std::vector<std::string>{"angry", "happy", "neutral", "sad"}));
  EXPECT_EQ(result.info.row_names.size(), 2u * 22);

  const Classifier loaded = Classifier::Load(folder / "a.vpc", "", {});
  EXPECT_EQ(loaded.info().fingerprint, result.info.fingerprint);
  EXPECT_EQ(loaded.info().features, result.info.features);
  EXPECT_EQ(loaded.info().settings, result.info.settings);
  EXPECT_EQ(loaded.info().training.test_accuracy, result.test->accuracy);
  EXPECT_EQ(loaded.info().training.counts, (std::vector<std::uint64_t>{9, 9, 9, 9}));
  const Classifier::Answer answer = loaded.Classify(folder / "data/sad/sad-001.wav");
  EXPECT_EQ(answer.best, 3);
  EXPECT_GT(answer.probabilities[3], 0.5);

  // Same input, same file, byte for byte, on any number of threads.
  ClassifierTrainOptions again = options;
  again.output = folder / "b.vpc";
  again.settings.threads = again.engine.threads = 1;
  Train(again);
  EXPECT_EQ(ReadFile(folder / "a.vpc"), ReadFile(folder / "b.vpc"));
}

TEST(TrainClassifier, SkipsBadFilesAndSaysSo) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 4, 1);
  WriteTestFile(folder / "data/sad/broken.wav", "not audio");
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.folds = 0;
  const ClassifierTrainResult result = Train(options);
  EXPECT_EQ(result.recordings, 16u);
  ASSERT_EQ(result.skipped.size(), 1u);
  EXPECT_THAT(result.skipped[0].reason, HasSubstr("broken.wav"));
  EXPECT_FALSE(result.cross_validation.has_value());
}

TEST(TrainClassifier, RefusesWhatCannotBeMeasured) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 1, 1);
  const std::size_t before = FilesIn(folder.path()).size();
  const ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable, [&] { Train(options); }),
              HasSubstr("class 'angry' has one recording"));
  WriteSynthEmotions(folder / "data", 3, 1);
  // Two recordings remain that cannot be read: one class has a single usable one.
  WriteTestFile(folder / "data/happy/happy-001.wav", "");
  WriteTestFile(folder / "data/happy/happy-002.wav", "x");
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable, [&] { Train(options); }),
              HasSubstr("class 'happy' has one recording that can be used"));
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable,
                        [&] { Train(SvmOptions(folder / "data/sad", folder / "a.vpc")); }),
              HasSubstr("one class, 'sad'"));
  EXPECT_EQ(FilesIn(folder.path()).size(), before);  // nothing was written
}

TEST(TrainClassifier, AGroupIsOnOneSideOnly) {
  TestFolder folder;
  WriteSynthEmotions(folder / "flat", 8, 1);
  for (const SynthEmotion& emotion : kSynthEmotions) {
    for (int n = 1; n <= 8; ++n) {
      const std::string name = std::string(emotion.name) + "-00" + std::to_string(n) + ".wav";
      const auto target = folder.path() / "data" / emotion.name / ("voice" + std::to_string(n % 4));
      std::filesystem::create_directories(target);
      std::filesystem::copy_file(folder.path() / "flat" / emotion.name / name, target / name);
    }
  }
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.list.group_by = "speaker";
  options.test_size = 0.25;
  options.settings.svm = {1, 0.01};
  const ClassifierTrainResult result = Train(options);
  EXPECT_EQ(result.info.training.groups, 3u);
  EXPECT_EQ(result.test->total, 8u);  // all of one voice
  for (const ClassScores& scores : result.test->classes) EXPECT_EQ(scores.support, 2u);
}

TEST(TrainClassifier, BalanceDividesByTheSharesOfTheClasses) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 9, 1);
  for (int n = 4; n <= 9; ++n)
    std::filesystem::remove(folder / ("data/sad/sad-00" + std::to_string(n) + ".wav"));
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "plain.vpc");
  options.settings.svm = {1, 0.01};
  options.test_size = 0;
  options.folds = 0;
  Train(options);
  options.settings.balance = true;
  options.output = folder / "even.vpc";
  const ClassifierTrainResult result = Train(options);
  EXPECT_EQ(result.info.training.counts, (std::vector<std::uint64_t>{9, 9, 9, 3}));
  EXPECT_EQ(result.info.settings.at("balance"), 1);
  const Classifier plain = Classifier::Load(folder / "plain.vpc", "", {}),
                   even = Classifier::Load(folder / "even.vpc", "", {});
  for (const char* path : {"data/sad/sad-001.wav", "data/angry/angry-002.wav"}) {
    const auto p = plain.Classify(folder / path).probabilities,
               q = even.Classify(folder / path).probabilities;
    const double sum = p[0] / 9 + p[1] / 9 + p[2] / 9 + p[3] / 3;
    for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(q[c], p[c] / (c == 3 ? 3 : 9) / sum, 1e-6);
    EXPECT_GT(q[3], p[3]);
  }
}

TEST(TrainClassifier, AGroupMayCountOnce) {
  TestFolder folder;
  WriteSynthEmotions(folder / "flat", 6, 1);
  // The same twice, and groups of one: means of what is equal are the recordings themselves.
  for (const SynthEmotion& emotion : kSynthEmotions) {
    for (int n = 1; n <= 6; ++n) {
      const std::string number = std::to_string(n);
      const auto from = folder.path() / "flat" / emotion.name /
                        (std::string(emotion.name) + "-00" + number + ".wav");
      for (const char* list : {"once", "twice"}) {
        const auto target = folder.path() / list / emotion.name / ("voice" + number);
        std::filesystem::create_directories(target);
        std::filesystem::copy_file(from, target / "a.wav");
        if (std::string(list) == "twice" && n > 2) {
          std::filesystem::copy_file(from, target / "b.wav");
          std::filesystem::copy_file(from, target / "c.wav");
        }
      }
    }
  }
  auto train = [&](const std::string& list, bool means) {
    ClassifierTrainOptions options = SvmOptions(folder / list, folder / (list + ".vpc"));
    options.list.group_by = "speaker";
    options.test_size = 0;
    options.folds = 0;
    options.group_means = means;
    return Train(options);
  };
  const ClassifierTrainResult means = train("twice", true);
  EXPECT_EQ(means.info.training.counts, (std::vector<std::uint64_t>{6, 6, 6, 6}));
  EXPECT_EQ(means.recordings, 4u * (2 + 4 * 3));
  EXPECT_EQ(means.info.settings.at("group_means"), 1);
  train("once", false);
  const Classifier a = Classifier::Load(folder / "twice.vpc", "", {}),
                   b = Classifier::Load(folder / "once.vpc", "", {});
  for (const char* name : {"sad/sad-002.wav", "happy/happy-005.wav"}) {
    const std::string path = folder / (std::string("flat/") + name);
    EXPECT_EQ(a.Classify(path).probabilities, b.Classify(path).probabilities);
  }
  ClassifierTrainOptions cnn = SvmOptions(folder / "once", folder / "cnn.vpc");
  cnn.settings = DefaultClassifierSettings(ClassifierKind::kCnn);
  cnn.group_means = true;
  MessageOf(ErrorCode::kInvalidArgument, [&] { Train(cnn); });
}

TEST(TrainClassifier, LeavesOutWhatTheOthersContradict) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 20, 1);
  for (const char* one : {"happy", "neutral"})
    std::filesystem::remove_all(folder.path() / "data" / one);
  // Two of them change places.
  const auto swapped = [&](const char* label, const char* name) {
    return (folder.path() / "data" / label / name).string();
  };
  std::filesystem::rename(swapped("sad", "sad-004.wav"), swapped("angry", "sad-004.wav"));
  std::filesystem::rename(swapped("angry", "angry-007.wav"), swapped("sad", "angry-007.wav"));
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.settings.svm = {1, 0.01};
  options.test_size = 0;
  options.filter_labels = true;
  const ClassifierTrainResult result = Train(options);
  ASSERT_EQ(result.doubted.size(), 2u);
  EXPECT_EQ(result.doubted[0].path, swapped("angry", "sad-004.wav"));
  EXPECT_EQ(result.doubted[0].label, "angry");
  EXPECT_EQ(result.doubted[0].answer, "sad");
  EXPECT_GT(result.doubted[0].answer_probability, result.doubted[0].label_probability);
  EXPECT_EQ(result.doubted[1].path, swapped("sad", "angry-007.wav"));
  EXPECT_EQ(result.info.training.counts, (std::vector<std::uint64_t>{19, 19}));
  EXPECT_EQ(result.info.settings.at("filter_labels"), 1);
  // Measured on are all of them, with their labels.
  EXPECT_EQ(result.cross_validation->report.total, 40u);
  EXPECT_LE(result.cross_validation->report.accuracy, 38.0 / 40);
  EXPECT_EQ(Classifier::Load(folder / "a.vpc", "", {}).Classify(result.doubted[0].path).best, 1);
}

TEST(TrainClassifier, AFilterMayNotTakeAWholeClass) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 12, 1);
  for (const char* one : {"happy", "neutral"})
    std::filesystem::remove_all(folder.path() / "data" / one);
  std::filesystem::create_directory(folder / "data/low");
  for (const char* name : {"sad-004.wav", "sad-009.wav"})
    std::filesystem::rename(folder.path() / "data/sad" / name, folder.path() / "data/low" / name);
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.settings.svm = {1, 0.01};
  options.test_size = 0;
  options.folds = 0;
  options.filter_labels = true;
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable, [&] { Train(options); }),
              HasSubstr("all 2 recordings of class 'low' sound like other classes"));
  EXPECT_FALSE(std::filesystem::exists(options.output));
}

TEST(Classifier, DamagedFilesAreRefused) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 3, 1);
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.settings.svm = {1, 0.01};
  options.folds = 0;
  Train(options);
  const std::string good = ReadFile(folder / "a.vpc");
  auto load = [&](const std::string& content) {
    WriteTestFile(folder / "bad.vpc", content);
    Classifier::Load(folder / "bad.vpc", "", {});
  };
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 50)
    EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { load(good.substr(0, size)); }),
                HasSubstr("bad.vpc"));
  for (std::size_t at = 24; at < good.size(); at += 1 + good.size() / 50) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    MessageOf(ErrorCode::kCorrupt, [&] { load(flipped); });
  }
  std::string newer = good;
  newer[8] = 9;
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { load(newer); }), HasSubstr("version 9"));
  // A consistent checksum over a description that does not fit.
  auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good.substr(0, good.size() - 32);
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos);
    EXPECT_EQ(from.size(), to.size());
    changed.replace(at, from.size(), to);
    return changed + Fingerprint(changed);
  };
  MessageOf(ErrorCode::kIncompatible, [&] { load(with("\"svm\"", "\"svx\"")); });
  MessageOf(ErrorCode::kIncompatible, [&] { load(with("\"mfcc\"", "\"mfcx\"")); });
  MessageOf(ErrorCode::kIncompatible, [&] { load(with("svm.rho", "svm.rha")); });
  MessageOf(ErrorCode::kCorrupt, [&] { load(with("\"labels\"", "\"lapels\"")); });
  MessageOf(ErrorCode::kNotFound, [&] { Classifier::Load(folder / "none.vpc", "", {}); });
}

TEST(ClassifyFiles, ReportsWhatCannotBeUsed) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 3, 1);
  ClassifierTrainOptions options = SvmOptions(folder / "data", folder / "a.vpc");
  options.settings.svm = {1, 0.01};
  options.folds = 0;
  Train(options);
  const Classifier classifier = Classifier::Load(folder / "a.vpc", "", {});
  Progress progress;
  std::vector<std::size_t> failed;
  const auto answers = ClassifyFiles(
      {folder / "data/sad/sad-001.wav", folder / "none.wav", folder / "a.vpc"}, classifier, 2,
      progress, {}, [&](const FailedFile& file) { failed.push_back(file.index); });
  EXPECT_TRUE(answers[0].has_value());
  EXPECT_FALSE(answers[1].has_value());
  EXPECT_EQ(failed, (std::vector<std::size_t>{1, 2}));
  MessageOf(ErrorCode::kInterrupted, [&] {
    ClassifyFiles(
        {folder / "data/sad/sad-001.wav"}, classifier, 1, progress, [] { return true; },
        [](const FailedFile&) {});
  });
}

}  // namespace
}  // namespace vpr
