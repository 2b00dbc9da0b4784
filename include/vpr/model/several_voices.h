// Whether one person speaks in a recording, or several.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "vpr/model/embedding_extractor.h"

namespace vpr {

// Takes pieces of kPieceSeconds, spread evenly over the speech of a recording that comes block by
// block, and compares each with each: the embedding of a whole meeting is a mixture, which may be
// nearer to one of the people in it than a threshold asks for, and to somebody who is not there.
class VoicesMeter {
 public:
  static constexpr double kPieceSeconds = 3;
  static constexpr std::size_t kMostPieces = 16, kLeastPieces = 3;
  // Of one voice at most a share like this of the pairs of pieces are unlike; of two voices, one
  // of which has a fifth of the time, more (docs/accuracy.md has what was measured).
  static constexpr double kMostUnlike = 0.35;

  explicit VoicesMeter(std::size_t num_samples);  // of speech at 16 kHz, that will come in all
  void Accept(std::span<const float> speech);

  // What is to be said of the recording; empty: it may well be one voice, or there is too little
  // speech, or the model has no threshold. `threads`: for the pieces. Throws what Extract throws.
  std::string Finish(const EmbeddingExtractor& extractor, int threads = 1) const;

 private:
  std::size_t Begin(std::size_t piece) const;

  std::size_t samples_, length_, at_ = 0;
  std::vector<std::vector<float>> pieces_;
};

// Of all pairs of these embeddings, each of so many seconds of speech, the share that score below
// `threshold`; 0 of fewer than two.
double ShareUnlike(const std::vector<Embedding>& embeddings, double seconds, double threshold,
                   const Scorer& scorer);

}  // namespace vpr
