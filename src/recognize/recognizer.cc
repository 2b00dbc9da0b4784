#include "vpr/recognize/recognizer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "recognize/enrolled_voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/identify/enrollment.h"
#include "vpr/identify/gallery.h"
#include "vpr/model/file_scorer.h"
#include "vpr/recognize/people.h"

namespace vpr {
namespace {

// A voice is said to be another name's already if so few strangers would be taken for that one.
constexpr double kResemblingFpir = 0.01;

// Of a larger store a verification does not read all voices to learn how alike they are.
constexpr std::size_t kMostForStrangers = 1000;

// From so many on, all is read again instead of leaving them out of every search.
constexpr std::size_t kMostSuperseded = 64;
// At most so many changes are taken in one by one; of a snapshot so small a part, since how alike
// strangers are is found when it is loaded.
constexpr std::size_t kMostChanges = 4096, kSmallPart = 8;

// A network gives one recording one embedding, but for rounding.
bool SameRecording(const EnrolledUtterance& a, const EnrolledUtterance& b) {
  return std::equal(a.embedding.begin(), a.embedding.end(), b.embedding.begin(), b.embedding.end(),
                    [](float x, float y) { return std::abs(x - y) < 1e-5f; });
}

// An utterance that may be enrolled.
struct Fresh {
  EnrollmentOutcome::Utterance said;
  EnrolledUtterance utterance;
};

std::vector<const EnrolledUtterance*> Together(const std::vector<EnrolledUtterance>& before,
                                               const std::vector<Fresh>& fresh) {
  std::vector<const EnrolledUtterance*> all;
  for (const EnrolledUtterance& one : before) all.push_back(&one);
  for (const Fresh& one : fresh) all.push_back(&one.utterance);
  return all;
}

// Takes those out of `fresh` that `before` or an earlier one is the same recording as.
void LeaveOutDuplicates(const std::vector<EnrolledUtterance>& before, std::vector<Fresh>& fresh,
                        EnrollmentOutcome& outcome) {
  std::vector<Fresh> kept;
  for (Fresh& one : fresh) {
    const auto all = Together(before, kept);
    if (std::any_of(all.begin(), all.end(), [&](const EnrolledUtterance* other) {
          return SameRecording(*other, one.utterance);
        }))
      outcome.left_out.push_back({one.said.file,
                                  "'" + Printable(one.said.file) + "' is enrolled already",
                                  EnrollmentOutcome::Why::kDuplicate});
    else
      kept.push_back(std::move(one));
  }
  fresh = std::move(kept);
}

// Why an utterance is somebody else's. `nobody`: all are, of several voices with as many each.
std::string UnlikeReason(const std::string& file, const std::vector<const EnrolledUtterance*>& all,
                         std::size_t before, bool nobody) {
  if (all.size() == 2)
    return Format("'%s' and '%s' do not sound like one person", Printable(all[0]->source).c_str(),
                  Printable(all[1]->source).c_str());
  if (nobody) return "the utterances sound like several people, and no voice has the most of them";
  return "'" + Printable(file) + "' sounds like somebody else than " +
         (before > 0 ? "what is enrolled" : "the other utterances");
}

// Takes those out of `fresh` that are of another voice than the person's, or, with `force`, says so
// of them.
void LeaveOutForeign(const std::vector<EnrolledUtterance>& before, const Scorer& scorer,
                     const ModelInfo& info, bool force, std::vector<Fresh>& fresh,
                     EnrollmentOutcome& outcome) {
  if (info.decision.basis.empty()) return;
  const auto all = Together(before, fresh);
  const std::vector<std::size_t> foreign =
      FindForeign(all, before.size(), scorer, info.decision.threshold);
  const bool nobody = before.empty() && foreign.size() == fresh.size();
  for (std::size_t i : foreign) {
    EnrollmentOutcome::Utterance& said = fresh[i - before.size()].said;
    said.unlike = UnlikeReason(said.file, all, before.size(), nobody);
  }
  if (force) return;
  std::erase_if(fresh, [&](const Fresh& one) {
    if (one.said.unlike.empty()) return false;
    outcome.left_out.push_back(
        {one.said.file, one.said.unlike, EnrollmentOutcome::Why::kSomebodyElse});
    return true;
  });
}

// The other name that has this voice, if there is one.
std::optional<EnrollmentOutcome::Resemblance> FindResemblance(const EnrolledVoices& voices,
                                                              const std::string& name,
                                                              const Voiceprint& voiceprint,
                                                              const ModelInfo& info) {
  if (voices.size() == 0 || !HasOpenSetThreshold(info)) return std::nullopt;
  const double threshold = FindOpenSetThreshold(info, kResemblingFpir, voices.size()).threshold;
  for (const auto& candidate : voices.Search(voiceprint, 3))
    if (candidate.name != name && candidate.score >= threshold)
      return EnrollmentOutcome::Resemblance{candidate.name, candidate.score, threshold};
  return std::nullopt;
}

void AddWarnings(const std::string& source, const std::vector<std::string>& warnings,
                 Comparison& comparison) {
  for (const std::string& warning : warnings)
    comparison.warnings.push_back("'" + Printable(source) + "': " + warning);
}

Comparison Judge(const Recognizer& recognizer, const Recognizer::Pair& pair,
                 const std::optional<Score>& score, const DecisionThreshold& decision) {
  Comparison comparison;
  comparison.a = pair.first;
  comparison.b = pair.second;
  comparison.score = score;
  comparison.decision = decision;
  comparison.model = recognizer.model();
  comparison.is_cosine = recognizer.extractor().scorer().is_cosine();
  if (score)
    comparison.verify = OtherDecision(OperatingPoint::kCompare, score->value, comparison.same(),
                                      recognizer.extractor().info());
  return comparison;
}

}  // namespace

struct Recognizer::Impl {
  EmbeddingExtractor extractor;
  std::string model;
  std::unique_ptr<VoiceStore> store;  // for one thread at a time: with `store_mutex`
  std::mutex store_mutex;
  std::shared_ptr<const EnrolledVoices> voices;  // with `voices_mutex`; nothing: not loaded yet
  std::mutex voices_mutex;

  VoiceStore& Store() const {
    if (!store)
      throw Error(ErrorCode::kInvalidArgument, "this recognizer was opened without a store");
    return *store;
  }

  std::shared_ptr<const EnrolledVoices> Loaded() {
    std::lock_guard lock(voices_mutex);
    return voices;
  }
  void Replace(std::shared_ptr<const EnrolledVoices> by) {
    std::lock_guard lock(voices_mutex);
    voices.swap(by);  // the old one ends after the lock does
  }
  // With `store_mutex` held, as the next ones. Whether anybody was due; a store that cannot be
  // written to keeps them, and nobody finds them.
  bool Purge() {
    try {
      return !Store().Purge().empty();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
      return false;
    }
  }
  std::shared_ptr<const EnrolledVoices> Load(Progress& progress) {
    Purge();
    const Scorer& scorer = extractor.scorer();
    auto fresh = std::make_shared<const EnrolledVoices>(
        LoadGallery(Store(), scorer, extractor.info(), progress), scorer);
    Replace(fresh);
    return fresh;
  }
  // What has changed in the store since the snapshot was made, unless all of it must be read: if
  // there were more than so many since it was loaded.
  void TakeIn(const EnrolledVoices& before, std::size_t most, Progress& progress) {
    const auto changes = Store().ChangesSince(before.moment(), most);
    const auto after = changes ? before.After(*changes, extractor.info()) : nullptr;
    if (after && after->changed() <= most && after->superseded() <= kMostSuperseded)
      Replace(after);
    else
      Load(progress);
  }
  std::shared_ptr<const EnrolledVoices> LoadOnce(Progress& progress) {
    auto found = Loaded();
    return found ? found : Load(progress);
  }
  // The snapshot to search, loaded if it is not there yet.
  std::shared_ptr<const EnrolledVoices> Voices(Progress& progress) {
    if (auto found = Loaded()) return found;
    std::lock_guard lock(store_mutex);
    return LoadOnce(progress);
  }

  [[noreturn]] void NobodyEnrolled() {
    std::lock_guard lock(store_mutex);
    throw Error(ErrorCode::kNotFound, "nobody is enrolled in '" + Printable(Store().Describe()) +
                                          "' with this model; start with: vpr enroll NAME FILE...");
  }

  SearchBasis BasisOf(const EnrolledVoices& people, const IdentificationRequest& request) {
    if (people.size() == 0) NobodyEnrolled();
    SearchBasis basis;
    basis.enrolled = people.size();
    basis.other_network = people.other_network();
    if (request.threshold) {
      basis.threshold = *request.threshold;
      return basis;
    }
    const OpenSetThreshold found =
        FindOpenSetThreshold(extractor.info(), request.fpir, basis.enrolled);
    basis.strangers = people.strangers();
    basis.threshold = found.threshold + basis.strangers.shift;
    if (found.extrapolated) basis.extrapolated_fmr = found.fmr;
    return basis;
  }
};

Recognizer::Recognizer(EmbeddingExtractor extractor, std::string model,
                       std::unique_ptr<VoiceStore> store)
    : impl_(new Impl{std::move(extractor), std::move(model), std::move(store), {}, {}, {}}) {}
Recognizer::~Recognizer() = default;
Recognizer::Recognizer(Recognizer&&) noexcept = default;

const EmbeddingExtractor& Recognizer::extractor() const { return impl_->extractor; }
const std::string& Recognizer::model() const { return impl_->model; }
bool Recognizer::has_store() const { return impl_->store != nullptr; }

void Recognizer::Compare(std::span<const Pair> pairs, const DecisionThreshold& decision,
                         Progress& progress, const StopRequested& stop,
                         const std::function<void(Comparison&&)>& use) const {
  FileScorer scorer;
  std::vector<std::pair<std::size_t, std::size_t>> sides;
  for (const auto& [a, b] : pairs) {
    const std::size_t side = scorer.Add(a);
    sides.emplace_back(side, scorer.Add(b));
  }
  std::map<std::string, std::string> reasons;  // by path
  scorer.Embed(
      extractor(), progress, stop,
      [&](const FailedFile& failed) { reasons[failed.path] = failed.reason; }, true);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    Comparison comparison =
        Judge(*this, pairs[i], scorer.Score(sides[i].first, sides[i].second), decision);
    const auto [a, b] = sides[i];
    AddWarnings(comparison.a, scorer.warnings(scorer.Files(a)[0]), comparison);
    if (b != a) AddWarnings(comparison.b, scorer.warnings(scorer.Files(b)[0]), comparison);
    if (!comparison.score) {
      const auto found = reasons.find(comparison.a);
      comparison.failure = found != reasons.end() ? found->second : reasons[comparison.b];
    }
    use(std::move(comparison));
  }
}

Comparison Recognizer::Compare(const std::string& a, const std::string& b,
                               const DecisionThreshold& decision) const {
  const Pair pair{a, b};
  Progress silent;
  Comparison found;
  Compare({&pair, 1}, decision, silent, {}, [&](Comparison&& one) { found = std::move(one); });
  return found;
}

Comparison Recognizer::Compare(const Recording& a, const Recording& b,
                               const DecisionThreshold& decision) const {
  const Scorer& scorer = extractor().scorer();
  std::optional<Score> score;
  if (a.failure.empty() && b.failure.empty())
    score = scorer.Compare(scorer.MakeVoiceprint(a.embedding, a.conditions),
                           scorer.MakeVoiceprint(b.embedding, b.conditions));
  Comparison comparison = Judge(*this, {a.source, b.source}, score, decision);
  comparison.failure = a.failure.empty() ? b.failure : a.failure;
  AddWarnings(a.source, a.warnings, comparison);
  AddWarnings(b.source, b.warnings, comparison);
  return comparison;
}

EnrollmentOutcome Recognizer::Enroll(const std::string& name, std::vector<Recording> recordings,
                                     const EnrollmentPolicy& policy, Progress& progress) {
  const ModelInfo& info = extractor().info();
  const Scorer& scorer = extractor().scorer();
  EnrollmentOutcome outcome;
  outcome.name = name;
  std::vector<Fresh> fresh;
  for (Recording& recording : recordings) {
    if (!recording.failure.empty()) {
      outcome.left_out.push_back({recording.source, recording.failure});
      continue;
    }
    if (!recording.several_voices.empty() && !policy.force) {
      outcome.left_out.push_back(
          {recording.source, "'" + Printable(recording.source) + "': " + recording.several_voices,
           EnrollmentOutcome::Why::kSeveralVoices});
      continue;
    }
    Fresh one;
    one.said = {recording.source, SpeechSeconds(recording), recording.quality.snr_db,
                recording.warnings, ""};
    if (!recording.warnings.empty()) outcome.doubtful.push_back(one.said);
    one.utterance = ToUtterance(std::move(recording), info, policy.keep_audio);
    fresh.push_back(std::move(one));
  }

  // From here on nobody else may change the store or replace the snapshot.
  std::lock_guard lock(impl_->store_mutex);
  VoiceStore& store = impl_->Store();
  outcome.store = store.Describe();
  const std::shared_ptr<const EnrolledVoices> voices = impl_->LoadOnce(progress);
  // What is enrolled already, as far as it can be compared.
  std::vector<EnrolledUtterance> before;
  outcome.forget_at = policy.forget_at.value_or(0);
  if (const std::optional<EnrolledSpeaker> speaker = store.Find(name)) {
    if (!policy.forget_at) outcome.forget_at = speaker->forget_at;
    outcome.utterances = speaker->utterances.size();
    for (const EnrolledUtterance* utterance : UtterancesOfNetwork(*speaker, info))
      before.push_back(*utterance);
  }
  const bool all_usable = !fresh.empty() && outcome.left_out.empty();
  if (!policy.force) LeaveOutDuplicates(before, fresh, outcome);
  outcome.nothing_new = all_usable && fresh.empty();
  LeaveOutForeign(before, scorer, info, policy.force, fresh, outcome);
  Enrollment enrollment;
  enrollment.name = name;
  enrollment.note = policy.note;
  enrollment.consent = policy.consent;
  enrollment.forget_at = policy.forget_at;
  if (fresh.empty()) {
    if (outcome.nothing_new && (policy.note || policy.consent || policy.forget_at)) {
      store.EnrollAll({&enrollment, 1});
      impl_->TakeIn(*voices, kMostChanges, progress);
    }
    return outcome;
  }

  const Template mean = MakeTemplate(Together(before, fresh));
  const Voiceprint voiceprint = scorer.MakeVoiceprint(mean.embedding, mean.conditions);
  outcome.resembles = FindResemblance(*voices, name, voiceprint, info);
  for (Fresh& one : fresh) {
    outcome.speech_seconds += one.utterance.speech_seconds;
    outcome.enrolled.push_back(std::move(one.said));
    enrollment.utterances.push_back(std::move(one.utterance));
  }
  store.EnrollAll({&enrollment, 1});
  outcome.utterances += enrollment.utterances.size();
  impl_->TakeIn(*voices, kMostChanges, progress);
  return outcome;
}

Claim Recognizer::MakeClaim(const std::string& name, const ThresholdChoice& choice,
                            Progress& progress) {
  std::unique_lock lock(impl_->store_mutex);
  const EnrolledSpeaker speaker = FindSpeaker(impl_->Store(), name);
  const ModelInfo& info = extractor().info();
  const Scorer& scorer = extractor().scorer();
  ChosenThreshold chosen = Choose(OperatingPoint::kVerify, choice);
  Claim claim;
  claim.name = name;
  claim.decision = std::move(chosen.decision);
  claim.warning = std::move(chosen.warning);
  const auto usable = UtterancesOfNetwork(speaker, info);
  if (usable.empty())
    throw Error(ErrorCode::kIncompatible,
                "'" + Printable(name) +
                    (speaker.utterances.empty() ? "' has no utterances any more; enroll again"
                                                : "' was enrolled with another model; run vpr "
                                                  "speakers re-embed, or enroll again"));
  const Template enrollment = MakeTemplate(usable);
  claim.utterances = usable.size();
  claim.voiceprint = scorer.MakeVoiceprint(enrollment.embedding, enrollment.conditions);
  if (!choice.threshold && scorer.is_conditional() &&
      impl_->Store().NumSpeakers() <= kMostForStrangers) {
    claim.strangers = impl_->LoadOnce(progress)->strangers();
    claim.decision.threshold += claim.strangers.shift;
  }
  return claim;
}

VerificationOutcome Recognizer::Verify(const Claim& claim, const Recording& recording) const {
  VerificationOutcome outcome;
  outcome.name = claim.name;
  outcome.source = recording.source;
  outcome.failure = recording.failure;
  outcome.decision = claim.decision;
  outcome.strangers = claim.strangers;
  outcome.speech_seconds = SpeechSeconds(recording);
  outcome.snr_db = recording.quality.snr_db;
  outcome.warnings = recording.warnings;
  outcome.enrolled_utterances = claim.utterances;
  outcome.model = model();
  if (!outcome.failure.empty()) return outcome;
  const Scorer& scorer = extractor().scorer();
  outcome.score = scorer.Compare(claim.voiceprint,
                                 scorer.MakeVoiceprint(recording.embedding, recording.conditions));
  outcome.compare = OtherDecision(OperatingPoint::kVerify, outcome.score->value,
                                  outcome.right_voice(), extractor().info());
  return outcome;
}

SearchBasis Recognizer::Basis(const IdentificationRequest& request, Progress& progress) {
  const std::shared_ptr<const EnrolledVoices> voices = impl_->Voices(progress);
  if (const std::vector<std::string>& others = voices->other_network(); !others.empty())
    progress.Warn(
        Format("%zu of the enrolled people were enrolled with another model and cannot be found, "
               "the first is '%s'; run vpr speakers re-embed, or enroll them again",
               others.size(), Printable(others.front()).c_str()));
  const SearchBasis basis = impl_->BasisOf(*voices, request);
  if (basis.extrapolated_fmr)
    progress.Info(
        Format("the threshold stands for a false match rate of %.2g a comparison, lower than the "
               "model's trials could measure: it is an estimate",
               *basis.extrapolated_fmr));
  return basis;
}

IdentificationOutcome Recognizer::Identify(const Recording& recording,
                                           const IdentificationRequest& request,
                                           Progress& progress) {
  const std::shared_ptr<const EnrolledVoices> voices = impl_->Voices(progress);
  const SearchBasis basis = impl_->BasisOf(*voices, request);
  IdentificationOutcome outcome;
  outcome.source = recording.source;
  outcome.failure = recording.failure;
  outcome.no_speech = recording.heard && recording.quality.speech_seconds == 0;
  outcome.threshold = basis.threshold;
  outcome.enrolled = basis.enrolled;
  if (!request.threshold) outcome.fpir = request.fpir;
  outcome.strangers = basis.strangers;
  outcome.speech_seconds = SpeechSeconds(recording);
  outcome.snr_db = recording.quality.snr_db;
  outcome.warnings = recording.warnings;
  if (!outcome.failure.empty()) return outcome;
  outcome.candidates =
      voices->Search(extractor().scorer().MakeVoiceprint(recording.embedding, recording.conditions),
                     std::max<std::size_t>(request.top, 2));
  if (outcome.candidates.empty()) impl_->NobodyEnrolled();  // all are due to be forgotten
  if (outcome.candidates.size() >= 2)
    outcome.margin = outcome.candidates[0].score - outcome.candidates[1].score;
  if (outcome.candidates.size() > request.top) outcome.candidates.resize(request.top);
  // Verifying has a lower threshold, as it is asked for one person, not for any of them.
  if (!outcome.known() && !outcome.candidates.empty()) {
    const auto verify = DefaultThreshold(OperatingPoint::kVerify, extractor().info());
    if (verify && outcome.candidates[0].score >= verify->threshold) outcome.verify = verify;
  }
  return outcome;
}

void Recognizer::Load(Progress& progress) { impl_->Voices(progress); }

bool Recognizer::Refresh(Progress& progress) {
  std::lock_guard lock(impl_->store_mutex);
  bool changed = impl_->Store().HasChanged();
  changed = impl_->Purge() || changed;
  const auto voices = impl_->Loaded();
  const std::size_t most = voices ? std::min(kMostChanges, voices->size() / kSmallPart) : 0;
  if (!changed && (!voices || voices->changed() <= most)) return false;
  if (voices)
    impl_->TakeIn(*voices, most, progress);
  else
    impl_->Load(progress);
  return true;
}

Recognizer OpenRecognizer(const std::string& model, const ExtractorOptions& engine,
                          const std::function<std::unique_ptr<VoiceStore>()>& open_store) {
  const std::string path = FindModel(model);
  EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, engine);
  return {std::move(extractor), path, open_store ? open_store() : nullptr};
}

EnrolledSpeaker FindSpeaker(VoiceStore& store, const std::string& name) {
  if (std::optional<EnrolledSpeaker> speaker = store.Find(name)) return *std::move(speaker);
  constexpr std::size_t kMost = 20000;  // reading more would take longer than anybody waits
  std::string hint;
  if (LooksLikeRecording(name)) {
    hint = ", which is a recording: the name comes before it";
  } else if (store.NumSpeakers() <= kMost) {
    std::vector<std::string> names;
    store.ForEach(false, [&](EnrolledSpeaker&& one) { names.push_back(std::move(one.name)); });
    hint = DidYouMean(name, names);
  }
  throw Error(ErrorCode::kNotFound, "nobody is enrolled as '" + Printable(name) + "'" + hint +
                                        (hint.empty() ? "; see: vpr speakers list" : ""));
}

ReEmbedOutcome ReEmbed(VoiceStore& store, const EmbeddingExtractor& extractor,
                       const QualityLimits& limits, Progress& progress, const StopRequested& stop) {
  const std::string& network = extractor.info().network_fingerprint;
  ReEmbedOutcome outcome;
  std::vector<EnrolledUtterance> changed;
  std::size_t done = 0;
  progress.Start("embedding", "speaker", store.NumSpeakers());
  store.ForEach(true, [&](EnrolledSpeaker&& speaker) {
    if (stop && stop()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was changed");
    std::size_t usable = 0;
    for (EnrolledUtterance& utterance : speaker.utterances) {
      if (utterance.network == network) {
        ++outcome.current;
        ++usable;
        continue;
      }
      if (utterance.audio.empty()) {
        ++outcome.without_audio;
        continue;
      }
      const std::string what = Format("utterance %lld of %s", static_cast<long long>(utterance.id),
                                      Printable(speaker.name).c_str());
      const Recording recording =
          EmbedRecording(what, DecodeAudio(utterance.audio, what).samples, extractor, limits);
      if (!recording.failure.empty()) {
        progress.Warn(recording.failure);
        continue;
      }
      utterance.embedding = recording.embedding;
      utterance.network = network;
      SetConditions(recording.conditions, utterance);
      utterance.audio.clear();
      changed.push_back(std::move(utterance));
      ++usable;
    }
    if (usable == 0) outcome.must_enroll_again.push_back(speaker.name);
    progress.Update(++done);
  });
  progress.Finish();
  if (!changed.empty()) outcome.re_embedded = store.ReplaceEmbeddings(changed);
  outcome.removed = changed.size() - outcome.re_embedded;
  return outcome;
}

}  // namespace vpr
