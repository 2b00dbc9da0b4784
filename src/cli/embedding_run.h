// What the commands share that embed files: the network's options, scores between files that are
// each embedded once, and trial lists.
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

// How to decide: by the model's own threshold, one for a wanted false match rate, or one given.
struct ThresholdOptions {
  std::optional<double> threshold;
  std::string fmr;  // "0.1%" or "0.001"; empty: not asked for
};

// "0.1%" or "0.001" as a share between 0 and 1; nothing if it is none.
std::optional<double> ParseRate(std::string_view text);
CLI::Validator FiniteNumber();

// Declares --threshold and --fmr; `default_threshold`: what is used without them, for the help.
void AddThresholdOptions(CLI::App& command, ThresholdOptions& options,
                         const std::string& default_threshold);

// By which threshold a command decides if none is asked for.
enum class OperatingPoint {
  kCompare,  // that of the equal error rate
  kVerify    // for a false match rate of kVerifyFmr
};
inline constexpr double kVerifyFmr = 0.01;
// Nothing if the model has none of that kind.
std::optional<DecisionThreshold> DefaultThreshold(OperatingPoint point, const ModelInfo& info);
// What the other of the two commands would say of a score if it says something else than `same`;
// empty: the same.
std::string OtherAnswer(OperatingPoint point, double score, bool same, const ModelInfo& info);
// The defaults of compare, verify and identify side by side, for their help.
std::string OperatingPointsHelp();

// With an empty basis if the user gave the threshold. Throws kInvalidArgument if the model has none
// of that kind.
DecisionThreshold ChooseThreshold(const ThresholdOptions& options, const ModelInfo& info,
                                  const std::string& model);

// Scores between sides of trials: a file, or the files of an enrollment. Each file is read and
// embedded once however often it is named.
class FileScorer {
 public:
  // Return the side's number.
  std::size_t Add(const std::string& path) { return Add(std::vector<std::string>{path}); }
  std::size_t Add(const std::vector<std::string>& paths);

  // Embeds all files; one that cannot be used goes to `on_bad`, which may throw to end the work.
  // The extractor must outlive this object.
  void Embed(const EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
             const std::function<void(const FailedFile&)>& on_bad);

  const std::vector<std::string>& paths() const { return paths_; }  // of the files
  const std::vector<std::size_t>& Files(std::size_t side) const { return sides_[side]; }
  bool file_usable(std::size_t file) const { return !fingerprints_[file].empty(); }
  // Of the speech in a file (SpeechFingerprint).
  const std::string& fingerprint(std::size_t file) const { return fingerprints_[file]; }

  // A side is usable if one of its files is; its voiceprint is that of their mean embedding, its
  // seconds those of all its speech.
  bool usable(std::size_t side) const { return voiceprints_[side].has_value(); }
  double Seconds(std::size_t side) const { return voiceprints_[side]->terms.seconds; }
  std::size_t num_usable() const;

  // Nothing if one of the sides is not usable.
  std::optional<vpr::Score> Score(std::size_t a, std::size_t b) const;

 private:
  std::vector<std::string> paths_, fingerprints_;
  std::unordered_map<std::string, std::size_t> file_index_;
  std::vector<std::vector<std::size_t>> sides_;
  std::map<std::vector<std::size_t>, std::size_t> side_index_;
  const Scorer* scorer_ = nullptr;
  std::vector<std::optional<Voiceprint>> voiceprints_;  // of the sides; nothing: not usable
};

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
