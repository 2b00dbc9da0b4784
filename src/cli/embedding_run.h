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

// Entries of a list: its lines but empty ones ("-": from standard input).
std::vector<std::string> ReadList(const std::string& path);

// Scores between files, each of which is read and embedded once however often it is named.
class FileScorer {
 public:
  // Returns the file's index.
  std::size_t Add(const std::string& path);

  // Embeds all files; one that cannot be used goes to `on_bad`, which may throw to end the work.
  void Embed(EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
             const std::function<void(const FailedFile&)>& on_bad);

  std::size_t num_files() const { return paths_.size(); }
  bool usable(std::size_t file) const { return usable_[file]; }
  std::size_t num_usable() const;

  // Nothing if one of the files could not be used.
  std::optional<double> Score(std::size_t a, std::size_t b) const;

 private:
  std::vector<std::string> paths_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<bool> usable_;
  Matrix embeddings_;
};

}  // namespace vpr::cli
