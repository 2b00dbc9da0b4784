// How often a classifier is right on labelled recordings, and on parts of them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "vpr/classify/train_classifier.h"

namespace vpr {

struct ClassifierEvaluation {
  ClassificationReport report;
  std::map<std::string, ClassificationReport> by;  // for each value of the column asked for
  std::vector<FailedFile> skipped;
  std::size_t unlabelled = 0;           // lines of the list without a label
  std::size_t training_recordings = 0;  // that the classifier was trained on
};

// Classifies the recordings of a folder or list (see ListExamples) whose labels the classifier
// knows. Warns of what is left out, of files that cannot be used, and of recordings that the
// classifier was trained on. Throws what ListExamples throws; kUnusable if no label is known or no
// file can be used; kInterrupted.
ClassifierEvaluation EvaluateClassifier(const Classifier& classifier, const std::string& source,
                                        const ExampleListOptions& list, int threads,
                                        Progress& progress, const StopRequested& stop);

}  // namespace vpr
