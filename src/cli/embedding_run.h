// What the commands share that embed files: the options of the network and of thresholds, and trial
// lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/eval/trials.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/file_scorer.h"
#include "vpr/recognize/decision.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace vpr::cli {

struct NetworkOptions {
  std::string model;  // empty: the default model
  ExtractorOptions engine;
};

// Declares --model, --device and --threads; the second the last two.
void AddNetworkOptions(CLI::App& command, NetworkOptions& options);
void AddDeviceOptions(CLI::App& command, ExtractorOptions& engine);

// "0.1%" or "0.001" as a share between 0 and 1; nothing if it is none.
std::optional<double> ParseRate(std::string_view text);
CLI::Validator FiniteNumber();

// Declares --threshold and --fmr; `default_threshold`: what is used without them, for the help.
void AddThresholdOptions(CLI::App& command, ThresholdChoice& choice,
                         const std::string& default_threshold);

// Warns of what is to be said of a threshold.
DecisionThreshold Told(ChosenThreshold chosen);

// Trial lists and the sides of their trials, for eval and calibrate.
struct TrialOptions {
  std::vector<std::string> lists;
  std::string enroll, audio_root = ".";
};

// Declares --trials, --enroll and --audio-root.
void AddTrialOptions(CLI::App& command, TrialOptions& options);

// Names and conditions are there once each, so that a trial takes 16 bytes.
struct TrialList {
  struct Entry {
    std::uint32_t enroll, test;  // in `names`
    std::uint32_t condition;     // in `conditions`
    bool target;
  };
  std::string path;
  std::vector<std::string> names, conditions;  // the first condition is ""
  std::vector<std::size_t> sides;              // of the names, in the scorer
  std::vector<Entry> trials;
};

// Reads the lists, adds their sides to `scorer` and embeds all of them. Files that cannot be used
// are warned of; kUnusable if that is all of them. Warns of files and speakers that the model was
// trained on.
std::vector<TrialList> EmbedTrials(const TrialOptions& options, const EmbeddingExtractor& extractor,
                                   Progress& progress, FileScorer& scorer);

// What of these sides the model was trained on: files by their speech, speakers by the name of the
// folder a file is in.
struct TrainingOverlap {
  std::size_t files = 0, speakers = 0;
};
TrainingOverlap FindTrainingOverlap(const FileScorer& scorer, const std::set<std::size_t>& files,
                                    const TrainingProvenance& training);

}  // namespace vpr::cli
