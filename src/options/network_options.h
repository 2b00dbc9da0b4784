// What the commands share that embed files: the options of the network and of thresholds, and trial
// lists.
#pragma once

#include <string>

#include "vpr/evaluate/trial_run.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/recognize/decision.h"

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace vpr::cli {

struct NetworkOptions {
  std::string model;  // empty: the default model
  ExtractorOptions engine;
};

// Declares --model; --device, --backend and --threads; all of them.
void AddModelOption(CLI::App& command, std::string& model);
void AddDeviceOptions(CLI::App& command, ExtractorOptions& engine);
void AddNetworkOptions(CLI::App& command, NetworkOptions& options);

CLI::Validator FiniteNumber();

// Declares --fpir.
CLI::Option* AddFpirOption(CLI::App& command, double& fpir);

// Declares --threshold and --fmr; `default_threshold`: what is used without them, for the help.
void AddThresholdOptions(CLI::App& command, ThresholdChoice& choice,
                         const std::string& default_threshold);

// Warns of what is to be said of a threshold.
DecisionThreshold Told(ChosenThreshold chosen);

// Declares --trials, --enroll and --audio-root.
void AddTrialOptions(CLI::App& command, TrialSource& source);

}  // namespace vpr::cli
