#include "vpr/model/several_voices.h"

#include <algorithm>

#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {

VoicesMeter::VoicesMeter(std::size_t num_samples)
    : samples_(num_samples), length_(static_cast<std::size_t>(kPieceSeconds * kSampleRate)) {
  const std::size_t pieces = std::min(samples_ / length_, kMostPieces);
  if (pieces >= kLeastPieces) pieces_.resize(pieces);
}

// Pieces begin in equal distances, the last one ends where the speech does.
std::size_t VoicesMeter::Begin(std::size_t piece) const {
  return (samples_ - length_) * piece / (pieces_.size() - 1);
}

void VoicesMeter::Accept(std::span<const float> speech) {
  const std::size_t end = at_ + speech.size();
  for (std::size_t p = 0; p < pieces_.size(); ++p) {
    const std::size_t from = std::max(Begin(p), at_), to = std::min(Begin(p) + length_, end);
    if (from >= to) continue;
    const auto part = speech.subspan(from - at_, to - from);
    pieces_[p].insert(pieces_[p].end(), part.begin(), part.end());
  }
  at_ = end;
}

std::string VoicesMeter::Finish(const EmbeddingExtractor& extractor, int threads) const {
  const ModelInfo& info = extractor.info();
  if (pieces_.empty() || info.decision.basis.empty()) return {};
  std::vector<Embedding> embeddings(pieces_.size());
  ParallelFor(pieces_.size(), threads,
              [&](std::size_t i) { embeddings[i] = extractor.Extract(pieces_[i]); });
  const double unlike =
      ShareUnlike(embeddings, kPieceSeconds, info.decision.threshold, extractor.scorer());
  if (unlike <= kMostUnlike) return {};
  return Format(
      "more than one voice: of %zu pieces of %.0f s taken from it, %.0f %% of the pairs are not "
      "alike; vpr diarize finds who speaks when, vpr enroll --from enrolls one of them",
      pieces_.size(), kPieceSeconds, 100 * unlike);
}

double ShareUnlike(const std::vector<Embedding>& embeddings, double seconds, double threshold,
                   const Scorer& scorer) {
  std::vector<Voiceprint> voices;
  for (const Embedding& embedding : embeddings)
    voices.push_back(scorer.MakeVoiceprint(embedding, seconds));
  std::size_t pairs = 0, unlike = 0;
  for (std::size_t a = 0; a < voices.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b, ++pairs)
      unlike += scorer.Compare(voices[a], voices[b]).value < threshold ? 1 : 0;
  }
  return pairs == 0 ? 0 : static_cast<double>(unlike) / static_cast<double>(pairs);
}

}  // namespace vpr
