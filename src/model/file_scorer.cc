#include "vpr/model/file_scorer.h"

#include <algorithm>

#include "vpr/model/embed_each.h"

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
                       const std::function<void(const FailedFile&)>& on_bad, bool judge) {
  std::vector<Embedding> embeddings(paths_.size());
  std::vector<SpeechConditions> found(paths_.size());
  fingerprints_.assign(paths_.size(), {});
  warnings_.assign(paths_.size(), {});
  EmbedEach(
      paths_.size(), [&](std::size_t i) { return paths_[i]; }, extractor, progress, stop,
      [&](const EmbeddedFile& file) {
        warnings_[file.index] = file.warnings;
        if (file.failure) return on_bad({file.index, file.path, *file.failure});
        embeddings[file.index] = file.embedding;
        found[file.index] = file.conditions;
        fingerprints_[file.index] = file.fingerprint;
      },
      judge);
  scorer_ = &extractor.scorer();
  voiceprints_.assign(sides_.size(), std::nullopt);
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    Embedding mean(static_cast<std::size_t>(extractor.info().embedding_dim));
    std::vector<SpeechConditions> conditions;
    for (std::size_t file : sides_[i]) {
      if (!file_usable(file)) continue;
      conditions.push_back(found[file]);
      for (std::size_t d = 0; d < mean.size(); ++d) mean[d] += embeddings[file][d];
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
