// Who is speaking: everything vpr decides about voices, for programs of any kind. Nothing is
// printed; what came of a call is a struct (vpr/recognize/outcome.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/api.h"
#include "vpr/base/progress.h"
#include "vpr/identify/recording.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/recognize/decision.h"
#include "vpr/recognize/outcome.h"
#include "vpr/store/voice_store.h"

namespace vpr {

struct EnrollmentPolicy {
  bool force = false;       // also what is enrolled already, or sounds like somebody else
  bool keep_audio = false;  // recordings need their samples for it
  std::optional<std::string> note = {};
  std::optional<std::string> consent = {};     // what the person agreed to; replaces what was known
  std::optional<std::int64_t> forget_at = {};  // ForgetAfter; nothing: as it was, at first never
};

struct IdentificationRequest {
  std::size_t top = 3;              // candidates at least that are wanted
  double fpir = 0.05;               // share of strangers who may be taken for somebody
  std::optional<double> threshold;  // instead of the one for `fpir`
};

// Whom an identification searches among, and how it decides.
struct SearchBasis {
  std::size_t enrolled = 0;
  double threshold = 0;
  StrangerShift strangers;
  // Names of people who cannot be found, since they were enrolled with another network.
  std::vector<std::string> other_network;
  // The threshold stands for this false match rate of a comparison, which is lower than the model's
  // trials could measure; nothing: not lower.
  std::optional<double> extrapolated_fmr;
};

// A claim to be somebody, made ready: what a recording is to be held against.
struct Claim {
  std::string name;
  Voiceprint voiceprint;
  std::size_t utterances = 0;  // that it is made of
  DecisionThreshold decision;  // raised by `strangers.shift`
  StrangerShift strangers;
  std::string warning;  // ChosenThreshold::warning
};

// A model and the people enrolled in a store. Its functions may be called from several threads at
// once: searches work on a snapshot of the enrolled that never changes, and that enrolling and
// refreshing replace by another.
class VPR_API Recognizer {
 public:
  // `model`: the path that `extractor` was opened from, for messages. `store`: none for a
  // recognizer that compares only; the others then throw kInvalidArgument.
  Recognizer(EmbeddingExtractor extractor, std::string model,
             std::unique_ptr<VoiceStore> store = nullptr);
  ~Recognizer();
  Recognizer(Recognizer&&) noexcept;

  const EmbeddingExtractor& extractor() const;
  const std::string& model() const;
  bool has_store() const;

  // Are pairs of recordings of one speaker each? Each file is embedded once; `use` gets an outcome
  // for every pair, in their order, with a failure for those of which a file cannot be used.
  // Throws what ChooseThreshold throws; kInterrupted if stopped.
  using Pair = std::pair<std::string, std::string>;
  void Compare(std::span<const Pair> pairs, const DecisionThreshold& decision, Progress& progress,
               const StopRequested& stop, const std::function<void(Comparison&&)>& use) const;
  Comparison Compare(const std::string& a, const std::string& b,
                     const DecisionThreshold& decision) const;
  // The same of recordings that are read already.
  Comparison Compare(const Recording& a, const Recording& b,
                     const DecisionThreshold& decision) const;
  ChosenThreshold Choose(OperatingPoint point, const ThresholdChoice& choice) const {
    return ChooseThreshold(point, choice, extractor().info(), model());
  }

  // Enrolls what can be used, is new, and is the voice of the person: of an enrollment's utterances
  // those of one voice (FindForeign), or of what the name has already. Recordings come from
  // EmbedFile and its kin. Throws what the store throws.
  EnrollmentOutcome Enroll(const std::string& name, std::vector<Recording> recordings,
                           const EnrollmentPolicy& policy, Progress& progress);

  // Throws kNotFound, with the nearest name, for somebody who is not enrolled; kIncompatible for
  // somebody enrolled with another network; what ChooseThreshold throws. A threshold that is not
  // given rises where the enrolled are more alike than the model expects (FindStrangerShift).
  Claim MakeClaim(const std::string& name, const ThresholdChoice& choice, Progress& progress);
  // Of a recording with a failure, that failure.
  VerificationOutcome Verify(const Claim& claim, const Recording& recording) const;

  // Who speaks, if anybody enrolled does? Throws kNotFound if nobody is enrolled, and what
  // FindOpenSetThreshold throws.
  IdentificationOutcome Identify(const Recording& recording, const IdentificationRequest& request,
                                 Progress& progress);
  // The same before there is a recording; says in `progress` what limits the answers.
  SearchBasis Basis(const IdentificationRequest& request, Progress& progress);

  // Reads the enrolled now, not when they are needed first.
  void Load(Progress& progress);
  // Takes in what this and other processes have changed in the store since the snapshot was made,
  // and removes who is due to be forgotten, as Load does, if the store can be written to; false if
  // nothing has changed.
  bool Refresh(Progress& progress);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The model of this name (FindModel) and, if asked for, a store, opened once the model is there: so
// that none is made for a model that is not.
Recognizer OpenRecognizer(const std::string& model, const ExtractorOptions& engine,
                          const std::function<std::unique_ptr<VoiceStore>()>& open_store = {});

// The speaker of this name, or kNotFound with the nearest name that is enrolled.
EnrolledSpeaker FindSpeaker(VoiceStore& store, const std::string& name);

// Makes the embeddings of utterances of other networks anew, from the audio that was kept, in one
// transaction. Throws kInterrupted, and then has changed nothing.
ReEmbedOutcome ReEmbed(VoiceStore& store, const EmbeddingExtractor& extractor,
                       const QualityLimits& limits, Progress& progress, const StopRequested& stop);

}  // namespace vpr
