// What a classifier hears of a recording: statistics of acoustic features, a log-mel spectrogram,
// or a speaker embedding.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/acoustic.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

enum class FeatureSetKind {
  kStatistics,  // Summarize of the acoustic features over time: [values, 1]
  kSummary,     // OverallSummary: [33, 1]
  kEmbedding,   // of a speaker model: [dimensions, 1]
  kSpectrogram  // log-mel: [n_mels, frames]
};
const char* ToString(FeatureSetKind kind);  // "statistics", "summary", "embedding", "spectrogram"
FeatureSetKind ParseFeatureSetKind(const std::string& name);  // throws kIncompatible

struct FeatureSet {
  FeatureSetKind kind = FeatureSetKind::kStatistics;
  // Rate, frames and mel bands of all but embeddings; trim_top_db: silence so far below the loudest
  // moment is cut out first, 0: none.
  AcousticOptions acoustic;
  std::vector<Statistic> statistics;
  std::string embedding_network;  // network_fingerprint of the speaker model; set by the extractor

  bool operator==(const FeatureSet&) const = default;
};

// From a file to the input of a classifier.
class FeatureExtractor {
 public:
  // `embedding_model` is the speaker model's file, for kEmbedding (FindModel). With
  // set.embedding_network already set, the model must be that one. Throws kInvalidArgument for
  // impossible options, kIncompatible for another model, what EmbeddingExtractor::Open throws.
  FeatureExtractor(const FeatureSet& set, const std::string& embedding_model,
                   const ExtractorOptions& engine);
  ~FeatureExtractor();
  FeatureExtractor(FeatureExtractor&&) noexcept;

  const FeatureSet& set() const;

  struct Input {
    Matrix features;          // [rows, frames], or [rows, 1]
    std::string fingerprint;  // SpeechFingerprint of the audio used
  };
  // May be called from several threads at once. Throws what ReadSpeech and EmbeddingExtractor
  // throw; kUnusable where the audio is silent or shorter than 0.1 s.
  Input Extract(const std::string& path) const;

  // One name a row: "mfcc_0_mean", "embedding_0", "mel_0".
  std::vector<std::string> RowNames() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
