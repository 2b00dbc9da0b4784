// What the commands of `vpr classify` share; each is one file here.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "vpr/classify/train_classifier.h"

namespace vpr::cli {

void AddClassifyTrainCommand(CLI::App& classify, Context& context);
void AddClassifyPredictCommand(CLI::App& classify, Context& context);
void AddClassifyEvalCommand(CLI::App& classify, Context& context);
void AddClassifySynthCommand(CLI::App& classify, Context& context);

// A trained classifier and how it runs.
struct ClassifierArguments {
  std::string model, embedding_model;
  ExtractorOptions engine;
};

// Declare --embedding-model, --device and --threads; the first also --model.
void AddClassifierOptions(CLI::App& command, ClassifierArguments& arguments);
void AddEngineOptions(CLI::App& command, std::string& embedding_model, ExtractorOptions& engine);

// Declares --label and --group-by (train) or --by (eval).
void AddListOptions(CLI::App& command, ExampleListOptions& options, bool train);

nlohmann::ordered_json ReportJson(const ClassificationReport& report);
nlohmann::ordered_json FailuresJson(const std::vector<FailedFile>& failures);

}  // namespace vpr::cli
