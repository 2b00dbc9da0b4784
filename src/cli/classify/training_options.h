// The options of the commands that learn a classifier: train, and tune, which searches settings.
#pragma once

#include <optional>
#include <string>

#include "cli/classify/classify.h"
#include "vpr/classify/train_classifier.h"

namespace vpr::cli {

struct TrainingArguments {
  ClassifierTrainOptions train;
  std::string classifier = "svm", features, statistics = "mean,std,min,max", rate = "16000", cnn;
  std::optional<int> epochs;
  double top_db = 60;
  bool balance = false;
};

// Declares SOURCE, what is learnt and how, what is held out, seed and engine.
void AddTrainingOptions(CLI::App& command, TrainingArguments& arguments);
// The options as the library takes them. Throws kInvalidArgument for what does not fit together.
ClassifierTrainOptions CompleteTraining(const TrainingArguments& arguments);

void AddClassifyTuneCommand(CLI::App& classify, Context& context);

}  // namespace vpr::cli
