// The enrolled speakers, ready to be searched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/large_vector.h"
#include "vpr/base/progress.h"
#include "vpr/model/model_file.h"
#include "vpr/score/scorer.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// The utterances that this network made an embedding of. What only says so (it is of another
// length, or holds what is no number) is left out: one such must not be in the way of all others.
std::vector<const EnrolledUtterance*> UtterancesOfNetwork(const EnrolledSpeaker& speaker,
                                                          const ModelInfo& info);

// The embedding of an enrollment of several utterances, of one network and at least one: the mean
// of theirs, scaled to length 1, with their conditions joined. As `vpr eval --enroll` makes it.
struct Template {
  Embedding embedding;
  SpeechConditions conditions;
};
SpeechConditions ConditionsOf(const EnrolledUtterance& utterance);
void SetConditions(const SpeechConditions& conditions, EnrolledUtterance& utterance);
Template MakeTemplate(const std::vector<const EnrolledUtterance*>& utterances);

struct Candidate {
  std::size_t speaker;  // number in the gallery
  double value;         // Score::value
  double llr;           // Score::llr
};

// Exact search: every enrolled speaker is scored, in one pass over a contiguous matrix.
class Gallery {
 public:
  explicit Gallery(const Scorer& scorer) : scorer_(&scorer) {}  // which must live longer

  // `id`: says which of two equal scores comes first, the lower one. `forget_at`: from then on
  // (UtcSeconds) the speaker is not found any more; 0: always.
  void Add(std::int64_t id, std::string_view name, const Voiceprint& voiceprint,
           std::int64_t forget_at = 0);
  void Reserve(std::size_t speakers, std::size_t dim);

  // Speakers begin .. end-1 as bytes, and back, as they are in memory: for one kind of machine.
  // Several threads may add at once, with the same mutex. Throws kCorrupt for what are no such
  // bytes, or more speakers than Reserve made room for, or hold what is no number; the gallery is
  // then of no more use.
  std::string Encode(std::size_t begin, std::size_t end) const;
  void AddEncoded(std::string_view bytes, std::mutex& mutex);

  std::size_t size() const { return ids_.size(); }
  std::size_t dim() const { return dim_; }
  std::string_view name(std::size_t speaker) const {
    return {names_.data() + name_ends_[speaker], name_ends_[speaker + 1] - name_ends_[speaker]};
  }
  std::int64_t id(std::size_t speaker) const { return ids_[speaker]; }
  // Voiceprint::values and terms.
  std::span<const float> values(std::size_t speaker) const {
    return {rows_.data() + speaker * dim_, dim_};
  }
  const ScoreTerms& terms(std::size_t speaker) const { return terms_[speaker]; }

  // For each probe the `top` highest scores, falling, of those who are not to be forgotten by now.
  // Many probes at once cost far less than one after the other. `threads` 0: one for every
  // processor, where it pays.
  std::vector<std::vector<Candidate>> Search(std::span<const Voiceprint> probes, std::size_t top,
                                             int threads = 0) const;
  std::vector<Candidate> Search(const Voiceprint& probe, std::size_t top) const {
    return Search(std::span(&probe, 1), top)[0];
  }

 private:
  struct Hit {
    double value;
    std::int64_t id;
    std::size_t speaker;
    bool operator<(const Hit& other) const {  // comes before
      return value != other.value ? value > other.value : id < other.id;
    }
  };
  // From which follows how far the first look at a score may be off.
  struct Bounds {
    double longest_row = 0, largest_inverse = 0, largest_own = 0, largest_mean = 0;
    void Widen(const Bounds& other);
  };
  void Grow(std::size_t speakers);  // all but ids and names; nothing is set
  Bounds PrepareFirstLook(std::size_t begin, std::size_t end);
  void SearchRows(std::span<const Voiceprint> probes, std::size_t begin, std::size_t end,
                  std::size_t top, std::vector<std::vector<Hit>>& hits) const;

  const Scorer* scorer_;
  std::size_t dim_ = 0;
  LargeVector<std::int64_t> ids_, forget_at_;
  std::string names_;  // one after the other
  LargeVector<std::uint64_t> name_ends_{0};
  LargeVector<float> rows_;  // [size, dim]
  LargeVector<ScoreTerms> terms_;
  // Of `terms_`, for the first look at a score: 1 / deviation, mean / deviation, own.
  LargeVector<float> inverse_deviations_, scaled_means_, owns_;
  Bounds bounds_;
};

// What of a store can be compared with this network's embeddings.
struct LoadedGallery {
  Gallery gallery;
  std::vector<std::string> other_network;  // names of speakers without an utterance of this network
  StoreMoment moment = {};                 // of the store, as it was read
};
// Speakers without a usable template of this model get one, which is kept in the store if it can be
// written to.
LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info,
                          Progress& progress);

// Throws kCorrupt for a TemplateBlock::data that LoadGallery could not use.
void CheckTemplateBlock(std::string_view data);

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
// Whether the model has as many.
bool HasOpenSetThreshold(const ModelInfo& info);

}  // namespace vpr
