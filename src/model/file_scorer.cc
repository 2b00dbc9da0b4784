#include "vpr/model/file_scorer.h"

#include <algorithm>

namespace vpr {

std::size_t FileScorer::Add(const std::vector<std::string>& paths) {
  std::vector<std::size_t> files;
  for (const std::string& path : paths) {
    const auto [entry, inserted] = file_index_.try_emplace(path, paths_.size());
    if (inserted) paths_.push_back(path);
    files.push_back(entry->second);
  }
  const auto [entry, inserted] = side_index_.try_emplace(files, sides_.size());
  if (inserted) sides_.push_back(std::move(files));
  return entry->second;
}

void FileScorer::Embed(const EmbeddingExtractor& extractor, Progress& progress,
                       const StopRequested& stop,
                       const std::function<void(const FailedFile&)>& on_bad) {
  EmbeddedFiles embedded = EmbedFiles(paths_, extractor, progress, stop, on_bad);
  fingerprints_ = std::move(embedded.fingerprints);
  scorer_ = &extractor.scorer();
  voiceprints_.assign(sides_.size(), std::nullopt);
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    Embedding mean(embedded.embeddings.cols);
    std::vector<SpeechConditions> conditions;
    for (std::size_t file : sides_[i]) {
      if (!file_usable(file)) continue;
      conditions.push_back(embedded.conditions[file]);
      for (std::size_t d = 0; d < mean.size(); ++d) mean[d] += embedded.embeddings(file, d);
    }
    if (conditions.empty()) continue;
    if (sides_[i].size() > 1) Normalize(mean);
    voiceprints_[i] = scorer_->MakeVoiceprint(mean, JoinConditions(conditions));
  }
}

std::size_t FileScorer::num_usable() const {
  return static_cast<std::size_t>(std::count_if(voiceprints_.begin(), voiceprints_.end(),
                                                [](const auto& one) { return one.has_value(); }));
}

std::optional<vpr::Score> FileScorer::Score(std::size_t a, std::size_t b) const {
  if (!usable(a) || !usable(b)) return std::nullopt;
  return scorer_->Compare(*voiceprints_[a], *voiceprints_[b]);
}

}  // namespace vpr
