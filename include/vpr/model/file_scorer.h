// Scores between files that are each read and embedded once, however often they are named.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

// Scores between sides of trials: a file, or the files of an enrollment.
class FileScorer {
 public:
  // Return the side's number.
  std::size_t Add(const std::string& path) { return Add(std::vector<std::string>{path}); }
  std::size_t Add(const std::vector<std::string>& paths);

  // Embeds all files; one that cannot be used goes to `on_bad`, which may throw to end the work.
  // `judge`: EmbedEach. The extractor must outlive this object.
  void Embed(const EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
             const std::function<void(const FailedFile&)>& on_bad, bool judge = false);

  const std::vector<std::string>& paths() const { return paths_; }  // of the files
  const std::vector<std::size_t>& Files(std::size_t side) const { return sides_[side]; }
  bool file_usable(std::size_t file) const { return !fingerprints_[file].empty(); }
  // Of the speech in a file (SpeechFingerprint).
  const std::string& fingerprint(std::size_t file) const { return fingerprints_[file]; }
  // What was told of a file (EmbeddedFile::warnings).
  const std::vector<std::string>& warnings(std::size_t file) const { return warnings_[file]; }

  // A side is usable if one of its files is; its voiceprint is that of their mean embedding, its
  // seconds those of all its speech.
  bool usable(std::size_t side) const { return voiceprints_[side].has_value(); }
  double Seconds(std::size_t side) const { return voiceprints_[side]->terms.seconds; }
  std::size_t num_usable() const;

  // Nothing if one of the sides is not usable.
  std::optional<vpr::Score> Score(std::size_t a, std::size_t b) const;

 private:
  std::vector<std::string> paths_, fingerprints_;
  std::vector<std::vector<std::string>> warnings_;  // of the files
  std::unordered_map<std::string, std::size_t> file_index_;
  std::vector<std::vector<std::size_t>> sides_;
  std::map<std::vector<std::size_t>, std::size_t> side_index_;
  const Scorer* scorer_ = nullptr;
  std::vector<std::optional<Voiceprint>> voiceprints_;  // of the sides; nothing: not usable
};

}  // namespace vpr
