#include "vpr/classify/tune_classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/classify/synth.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

TuneOptions OptionsFor(const TestFolder& folder, const std::string& study) {
  TuneOptions options;
  options.train.source = folder / "data";
  options.train.settings = DefaultClassifierSettings(ClassifierKind::kSvm);
  options.train.features.acoustic.features = {AcousticFeature::kMfcc, AcousticFeature::kCentroid};
  options.train.features.statistics = {Statistic::kMean, Statistic::kStd};
  options.train.features.acoustic.frames.trim_top_db = 0;
  options.train.folds = 3;
  options.study = folder / study;
  options.trials = 12;
  return options;
}

TuneResult Tune(const TuneOptions& options) {
  Progress progress;
  return TuneClassifier(options, progress, {});
}

TEST(TuneClassifier, SearchesMeasuresAndWrites) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 8, 1);
  TuneOptions options = OptionsFor(folder, "a.study");
  options.train.output = folder / "best.vpc";
  const TuneResult result = Tune(options);
  ASSERT_EQ(result.study.trials.size(), 12u);
  EXPECT_EQ(result.recordings, 32u);
  const StudyTrial& best = *result.study.best();
  EXPECT_GT(best.value, 0.7);
  for (const StudyTrial& trial : result.study.trials) {
    if (!trial.pruned) {
      EXPECT_LE(trial.value, best.value);
      EXPECT_EQ(trial.reported.size(), 3u);
      EXPECT_DOUBLE_EQ(trial.reported.at(3), trial.value);
    }
  }
  EXPECT_EQ(result.best.svm.c, best.settings[0]);
  EXPECT_EQ(result.best.svm.gamma, best.settings[1]);
  EXPECT_EQ(result.test.total, 8u);
  // What is written is the classifier that was measured.
  const Classifier written = Classifier::Load(folder / "best.vpc", "", {});
  EXPECT_EQ(written.info().settings.at("c"), best.settings[0]);
  EXPECT_EQ(written.info().training.test_accuracy, result.test.accuracy);
  EXPECT_EQ(written.info().training.test_recordings, result.test.total);

  // In two parts: the same study, byte for byte.
  TuneOptions parts = OptionsFor(folder, "b.study");
  parts.trials = 5;
  Tune(parts);
  parts.trials = 12;
  Tune(parts);
  EXPECT_EQ(ReadFile(folder / "b.study"), ReadFile(folder / "a.study"));

  // Other recordings are not the same study.
  WriteSynthEmotions(folder / "data", 8, 2);
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { Tune(parts); }),
              HasSubstr("of something else"));
}

TEST(TuneClassifier, RefusesWhatCannotBeCompared) {
  TestFolder folder;
  WriteSynthEmotions(folder / "data", 2, 1);
  TuneOptions options = OptionsFor(folder, "a.study");
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable, [&] { Tune(options); }),
              HasSubstr("class 'angry' has 2 recording(s) that can be used; at least 3"));
  options.train.folds = 1;
  MessageOf(ErrorCode::kInvalidArgument, [&] { Tune(options); });
  options.train.folds = 3;
  options.train.filter_labels = true;
  MessageOf(ErrorCode::kInvalidArgument, [&] { Tune(options); });
  EXPECT_FALSE(IsRegularFile(folder / "a.study"));
}

TEST(TunedParameters, CoverWhatTheyAreAppliedTo) {
  for (ClassifierKind kind : {ClassifierKind::kSvm, ClassifierKind::kMlp, ClassifierKind::kCnn}) {
    ClassifierSettings settings = DefaultClassifierSettings(kind);
    std::vector<double> highest;
    for (const TuneParameter& parameter : TunedParameters(kind, 10))
      highest.push_back(parameter.high);
    ApplyTuned(highest, settings);
    if (kind == ClassifierKind::kSvm) {
      EXPECT_EQ(settings.svm, (SvmSettings{128, 0.2}));
    } else {
      EXPECT_EQ(settings.network.lr, 1e-2);
      EXPECT_EQ(settings.network.weight_decay, 0.1);
      EXPECT_EQ(settings.network.label_smoothing, 0.2);
    }
  }
}

}  // namespace
}  // namespace vpr
