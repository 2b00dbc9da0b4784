// What the commands of `vpr classify` share; each is one file here.
#pragma once

#include <string>

#include "cli/declare.h"
#include "vpr/classify/train_classifier.h"

namespace vpr::cli {

void AddClassifyTrainCommand(CLI::App& classify, Context& context);
void AddClassifyPredictCommand(CLI::App& classify, Context& context);
void AddClassifyEvalCommand(CLI::App& classify, Context& context);
void AddClassifySynthCommand(CLI::App& classify, Context& context);
void AddClassifyTuneCommand(CLI::App& classify, Context& context);

// A trained classifier and how it runs.
struct ClassifierArguments {
  std::string model, embedding_model;
  ExtractorOptions engine;

  Classifier Load() const { return Classifier::Load(model, embedding_model, engine); }
};

// Declares --model, --embedding-model, --device and --threads.
void AddClassifierOptions(const Declare& add, ClassifierArguments& arguments);

// The options of the commands that learn a classifier: train, and tune, which searches settings.
struct TrainingArguments {
  ClassifierTrainOptions train;
  ClassifierChoice choice;
};

// Declares SOURCE, what is learnt and how, what is held out, seed and engine.
void AddTrainingOptions(const Declare& add, TrainingArguments& arguments);
// Makes the choice part of the options. Throws CLI::ValidationError of `command` for what does not
// go together.
void CompleteTraining(const char* command, TrainingArguments& arguments);

// Declares --label.
void AddLabelOption(const Declare& add, ExampleListOptions& options);

}  // namespace vpr::cli
