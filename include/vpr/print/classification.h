// What came of training, searching, measuring and using classifiers, in words and as JSON
// (docs/json.md). Each JSON is one object on a line of its own.
#pragma once

#include <string>
#include <vector>

#include "vpr/classify/evaluate_classifier.h"
#include "vpr/classify/train_classifier.h"
#include "vpr/classify/tune_classifier.h"

namespace vpr {

// What was learnt from what, on one line without its end.
std::string Describe(const ClassifierTrainResult& result);
std::string ToText(const ClassifierTrainResult& result);
// `log`: the path of the training's log.
std::string ToJson(const ClassifierTrainOptions& options, const ClassifierTrainResult& result,
                   const std::string& log);
// For the log: a line for each label that the other recordings contradict.
std::string DoubtedLines(const std::vector<DoubtedLabel>& doubted);

std::string ToText(const TuneResult& result);
std::string ToJson(const TuneOptions& options, const TuneResult& result);

// `by`: the name of the column that parts the recordings.
std::string ToText(const ClassifierEvaluation& evaluation, const std::string& by);
std::string ToJson(const ClassifierEvaluation& evaluation);

// Of one file, a line: the classes, the most probable first.
std::string ToText(const std::string& file, const std::vector<std::string>& labels,
                   const Classifier::Answer& answer);
std::string ToJson(const std::string& file, const std::vector<std::string>& labels,
                   const Classifier::Answer& answer);
std::string UnclassifiedJson(const std::string& file, const std::string& reason);

}  // namespace vpr
