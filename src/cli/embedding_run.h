// What embed, compare and eval share: the network's options, and scores between files that are each
// embedded once.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace CLI {
class App;
}

namespace vpr::cli {

struct NetworkOptions {
  std::string model;  // empty: the default model
  ExtractorOptions engine;
};

// Declares --model, --device and --threads.
void AddNetworkOptions(CLI::App& command, NetworkOptions& options);

// How to decide: by the model's own threshold, one for a wanted false match rate, or one given.
struct ThresholdOptions {
  std::optional<double> threshold;
  std::string fmr;  // "0.1%" or "0.001"; empty: not asked for
};

// Declares --threshold and --fmr.
void AddThresholdOptions(CLI::App& command, ThresholdOptions& options);

// With an empty basis if the user gave the threshold. Throws kInvalidArgument if the model has none
// of that kind.
DecisionThreshold ChooseThreshold(const ThresholdOptions& options, const ModelInfo& info,
                                  const std::string& model);

// Entries of a list: its lines but empty ones ("-": from standard input).
std::vector<std::string> ReadList(const std::string& path);

// Scores between files, each of which is read and embedded once however often it is named.
class FileScorer {
 public:
  // Returns the file's index.
  std::size_t Add(const std::string& path);

  // Embeds all files; one that cannot be used goes to `on_bad`, which may throw to end the work.
  // The extractor must outlive this object.
  void Embed(const EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
             const std::function<void(const FailedFile&)>& on_bad);

  std::size_t num_files() const { return paths_.size(); }
  bool usable(std::size_t file) const { return voiceprints_[file].has_value(); }
  std::size_t num_usable() const;

  // Of speech in a file that could be used.
  double Seconds(std::size_t file) const { return voiceprints_[file]->seconds; }

  // Nothing if one of the files could not be used.
  std::optional<vpr::Score> Score(std::size_t a, std::size_t b) const;

 private:
  std::vector<std::string> paths_;
  std::unordered_map<std::string, std::size_t> index_;
  const Scorer* scorer_ = nullptr;
  std::vector<std::optional<Voiceprint>> voiceprints_;  // nothing: not usable
};

}  // namespace vpr::cli
