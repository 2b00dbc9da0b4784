// What the commands of `vpr classify` share.
#pragma once

#include <string>

#include "cli/command.h"
#include "vpr/classify/train_classifier.h"

namespace vpr::cli {

void AddClassifyLiveCommand(CLI::App& classify, Context& context);
void AddClassifySynthCommand(CLI::App& classify, Context& context);
void AddClassifyTrainCommand(CLI::App& classify, Context& context);
void AddClassifyTuneCommand(CLI::App& classify, Context& context);

// Declares --embedding-model, --device, --backend and --threads.
void AddEngineOptions(const Declare& add, std::string& embedding_model, ExtractorOptions& engine);
// Declares --label.
void AddLabelOption(const Declare& add, ExampleListOptions& options);

}  // namespace vpr::cli
