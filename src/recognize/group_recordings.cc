#include "vpr/recognize/group_recordings.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_set>

#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

[[noreturn]] void RefuseNetwork(const std::string& file, const std::string& model,
                                const char* instead) {
  throw Error(ErrorCode::kIncompatible,
              Format("'%s' was made with another network than '%s': name its model with --model%s",
                     Printable(file).c_str(), Printable(model).c_str(), instead));
}

}  // namespace

VoiceGroups OpenGroups(const std::string& file, const ThresholdChoice& threshold,
                       const Recognizer& recognizer, Progress& progress) {
  const std::string& network = recognizer.extractor().info().network_fingerprint;
  if (!file.empty() && IsRegularFile(file)) {
    VoiceGroups groups = VoiceGroups::Read(file);
    if (groups.network() != network) RefuseNetwork(file, recognizer.model(), ", or another file");
    if (threshold.threshold || threshold.fmr)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("'%s' has its threshold, %.4g; --threshold and --fmr are for a new file",
                         Printable(file).c_str(), groups.threshold()));
    return groups;
  }
  const ChosenThreshold chosen = recognizer.Choose(OperatingPoint::kVerify, threshold);
  if (!chosen.warning.empty()) progress.Warn(chosen.warning);
  return {network, chosen.decision.threshold};
}

AddedRecordings AddRecordings(const std::vector<std::string>& paths, const Recognizer& recognizer,
                              const QualityLimits& limits, Progress& progress,
                              const StopRequested& stop, VoiceGroups& groups) {
  const EmbeddingExtractor& extractor = recognizer.extractor();
  std::vector<std::string> fresh;
  std::unordered_set<std::string> known;
  for (const GroupedRecording& one : groups.recordings()) known.insert(one.utterance.source);
  for (const std::string& path : paths) {
    std::error_code error;
    if (known.insert(std::filesystem::absolute(path, error).lexically_normal().string()).second)
      fresh.push_back(path);
  }
  if (const std::size_t there = paths.size() - fresh.size(); there > 0)
    progress.Info(Format("%zu recordings are in the groups already", there));
  SpeechDetector::DefaultNetwork();  // without it no file can be used: said before the first
  std::vector<EnrolledUtterance> utterances;
  AddedRecordings added{fresh.size(), 0};
  EmbedRecordings(fresh, extractor, limits, false, progress, stop, [&](Recording&& recording) {
    if (!recording.failure.empty()) {
      progress.Warn(recording.failure);
      ++added.failed;
      return;
    }
    if (!recording.several_voices.empty())
      progress.Warn("'" + Printable(recording.source) + "': " + recording.several_voices);
    utterances.push_back(ToUtterance(std::move(recording), extractor.info()));
  });
  if (utterances.empty() && groups.recordings().empty())
    throw Error(ErrorCode::kUnusable, "none of the recordings could be used");
  groups.Add(std::move(utterances), extractor.scorer());
  return added;
}

void IdentifyGroups(const VoiceGroups& groups, Recognizer& recognizer,
                    const IdentificationRequest& request, Progress& progress,
                    const std::function<void(const VoicesGroup&,
                                             const std::optional<IdentificationOutcome>&)>& use) {
  bool anybody = recognizer.has_store();
  for (const VoicesGroup& group : groups.Groups(recognizer.extractor().scorer())) {
    std::optional<IdentificationOutcome> identified;
    try {
      if (anybody)
        identified = recognizer.Identify(AsOneRecording(groups, group), request, progress);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      anybody = false;  // nobody is enrolled
    }
    use(group, identified);
  }
}

GroupDecision ChangeGroups(const std::string& file,
                           const std::function<GroupDecision(VoiceGroups&)>& change) {
  VoiceGroups groups = VoiceGroups::Read(file);
  GroupDecision decision = change(groups);
  groups.Write(file);
  return decision;
}

void EnrollGroups(const std::string& file, const std::string& model, const ExtractorOptions& engine,
                  const std::function<std::unique_ptr<VoiceStore>()>& open_store,
                  const EnrollmentPolicy& policy, Progress& progress, const OnEnrolled& use) {
  const VoiceGroups groups = VoiceGroups::Read(file);
  std::map<std::string, std::vector<Recording>> people;
  for (const VoicesGroup& group : groups.Groups()) {
    if (group.name.empty()) continue;
    for (Recording& one : AsRecordings(groups, group)) people[group.name].push_back(std::move(one));
  }
  if (people.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "no voice in '" + Printable(file) +
                    "' has a name yet; give one with: vpr groups confirm GROUPS VOICE NAME");
  const std::string path = FindModel(model);
  EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, engine);
  if (extractor.info().network_fingerprint != groups.network()) RefuseNetwork(file, path, "");
  Recognizer recognizer(std::move(extractor), path, open_store());
  std::size_t failed = 0;
  for (auto& [name, recordings] : people) {
    const EnrollmentOutcome outcome =
        recognizer.Enroll(name, std::move(recordings), policy, progress);
    use(outcome);
    failed += outcome.done() ? 0 : 1;
  }
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu people were not enrolled", failed, people.size()));
}

}  // namespace vpr
