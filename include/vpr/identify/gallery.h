// The enrolled speakers, ready to be searched.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"
#include "vpr/score/scorer.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// The embedding of an enrollment of several utterances: the mean of theirs, scaled to length 1,
// with the seconds of all their speech. As `vpr eval --enroll` makes it.
struct Template {
  Embedding embedding;
  double seconds = 0;
};
Template MakeTemplate(const std::vector<const EnrolledUtterance*>& utterances);

struct Candidate {
  std::size_t speaker;  // number in the gallery
  Score score;
};

// Exact search: every enrolled speaker is scored, in one pass over a contiguous matrix.
class Gallery {
 public:
  explicit Gallery(const Scorer& scorer) : scorer_(&scorer) {}  // which must live longer

  void Add(const std::string& name, const Template& speaker);

  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t speaker) const { return names_[speaker]; }

  // The `top` highest scores, falling; equal ones in the order of enrollment.
  std::vector<Candidate> Search(const Voiceprint& probe, std::size_t top) const;

 private:
  const Scorer* scorer_;
  std::vector<std::string> names_;
  std::vector<Voiceprint> voiceprints_;
  std::vector<float> rows_;  // [size, dim]: Scorer::Comparable of each
};

// What of a store can be compared with this network's embeddings.
struct LoadedGallery {
  Gallery gallery;
  std::vector<std::string> other_network;  // names of speakers without an utterance of this network
};
LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info);

// A score from which on somebody is taken for an enrolled speaker.
struct OpenSetThreshold {
  double threshold;
  double fmr;         // of one comparison, that it stands for
  bool extrapolated;  // lower than any the model's trials could measure
};

// So that at most a share `fpir` of strangers are taken for one of `enrolled` speakers: each
// comparison may err with 1 - (1 - fpir)^(1 / enrolled), as if they erred independently, which errs
// on the safe side. Between the model's thresholds the logarithm of the false match rate is taken
// to be linear in the score, and below the lowest measured one to fall on as before. Throws
// kInvalidArgument if the model has fewer than two thresholds to go by, or fpir is not in (0, 1).
OpenSetThreshold FindOpenSetThreshold(const ModelInfo& info, double fpir, std::size_t enrolled);

}  // namespace vpr
