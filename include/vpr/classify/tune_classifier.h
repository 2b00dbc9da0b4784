// Search for the settings of a classifier.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/classify/train_classifier.h"
#include "vpr/tune/study.h"

namespace vpr {

// What is searched for a kind of classifier, and where: svm: c and gamma, over the ranges of its
// own search (c 0.5 to 128, gamma 1/32 to 2 over the number of values); mlp and cnn: lr 1e-5 to
// 1e-2 and weight_decay 1e-6 to 1e-1, both on a logarithmic scale, and label_smoothing 0 to 0.2.
std::vector<TuneParameter> TunedParameters(ClassifierKind kind, std::size_t values);
// Sets them in the order of TunedParameters.
void ApplyTuned(const std::vector<double>& values, ClassifierSettings& settings);

struct TuneOptions {
  // `test_size` is held out of the search; the others are divided into `folds` (at least 2), of
  // which each trial learns all but one and is measured on that, fold after fold, so that a
  // hopeless trial ends after the first. `output`: as TrainClassifier, with the best settings;
  // empty: none. Neither per_group, group_means nor filter_labels: kInvalidArgument.
  ClassifierTrainOptions train;
  int trials = 50;
  std::string study;  // file: continued if it is there
};

struct TuneResult {
  Study study;  // value: mean F1 of the folds, each the mean over the classes by their recordings
  ClassifierSettings best;
  std::size_t recordings = 0;
  std::vector<FailedFile> skipped;
  // On what was held out, learnt from all others; labels are empty without test_size.
  ClassificationReport test, default_test;
};

// Throws what TrainClassifier and RunStudy throw.
TuneResult TuneClassifier(const TuneOptions& options, Progress& progress,
                          const StopRequested& stop);

}  // namespace vpr
