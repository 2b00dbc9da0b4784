#include "cli/embedding_run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>

#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/score/cosine.h"

namespace vpr::cli {
namespace {

std::string CheckDevice(const std::string& device) {
  const std::string digits = device.starts_with("cuda:") ? device.substr(5) : "";
  if (device == "auto" || device == "cpu" || device == "cuda" ||
      (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos)) {
    return {};
  }
  return "must be auto, cpu, cuda or cuda:N, found " + device;
}

}  // namespace

void AddNetworkOptions(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("-m,--model", options.model,
                  "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("FILE");
  command
      .add_option("--device", options.engine.device,
                  "Where the network runs: auto, cpu, cuda or cuda:N")
      ->check(CLI::Validator(CheckDevice, ""))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--threads", options.engine.threads,
                  "Files embedded at once; 0: as many as there are cores")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
}

std::vector<std::string> ReadList(const std::string& path) {
  const std::string text = ReadFile(path);
  std::vector<std::string> entries;
  for (std::string_view line : Lines(text)) {
    if (line.find_first_not_of(" \t") != std::string_view::npos) entries.emplace_back(line);
  }
  return entries;
}

std::size_t FileScorer::Add(const std::string& path) {
  const auto [entry, inserted] = index_.try_emplace(path, paths_.size());
  if (inserted) paths_.push_back(path);
  return entry->second;
}

void FileScorer::Embed(EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
                       const std::function<void(const FailedFile&)>& on_bad) {
  usable_.assign(paths_.size(), true);
  embeddings_ = EmbedFiles(paths_, extractor, progress, stop, [&](const FailedFile& failed) {
    usable_[failed.index] = false;
    on_bad(failed);
  });
}

std::size_t FileScorer::num_usable() const {
  return static_cast<std::size_t>(std::count(usable_.begin(), usable_.end(), true));
}

std::optional<double> FileScorer::Score(std::size_t a, std::size_t b) const {
  if (!usable_[a] || !usable_[b]) return std::nullopt;
  const std::span<const float> row_a(embeddings_.row(a), embeddings_.cols);
  const std::span<const float> row_b(embeddings_.row(b), embeddings_.cols);
  return CosineScore(row_a, row_b);
}

}  // namespace vpr::cli
