#include "vpr/recognize/voice_groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/json_reading.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/diarize/cluster.h"
#include "vpr/identify/gallery.h"
#include "vpr/store/json_lines.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;
using Kind = GroupDecision::Kind;

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = std::size_t{4} << 30;
constexpr std::size_t kMostGroup = 1'000'000'000;  // a number of a group

constexpr std::pair<const char*, Kind> kKinds[] = {
    {"confirm", Kind::kConfirm}, {"dismiss", Kind::kDismiss}, {"separate", Kind::kSeparate}};

std::size_t NumberOf(const Json& json, const char* name) {
  std::size_t number = 0;
  ReadWhole(json, name, number);
  if (number < 1 || number > kMostGroup)
    throw Error(ErrorCode::kCorrupt, Format("\"%s\" is no number of a group", name));
  return number;
}

GroupDecision DecisionFrom(const Json& json) {
  GroupDecision decision;
  const auto kind = json.at("decision").get<std::string>();
  const auto* known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const auto& one) { return kind == one.first; });
  if (known == std::end(kKinds))
    throw Error(ErrorCode::kCorrupt, "'" + Printable(kind) + "' is no decision");
  decision.kind = known->second;
  decision.group = NumberOf(json, "group");
  decision.at = json.at("at").get<std::string>();
  if (!ParseUtc(decision.at))
    throw Error(ErrorCode::kCorrupt, "\"at\" is no date as 2026-11-21T16:40:05Z");
  if (decision.kind == Kind::kConfirm) {
    decision.name = json.at("name").get<std::string>();
    CheckSpeakerName(decision.name);
  }
  if (decision.kind == Kind::kSeparate) decision.path = json.at("path").get<std::string>();
  return decision;
}

Json ToJson(const GroupDecision& decision) {
  Json json = {{"decision", ToString(decision.kind)}, {"group", decision.group}};
  if (decision.kind == Kind::kConfirm) json["name"] = decision.name;
  if (decision.kind == Kind::kSeparate) json["path"] = decision.path;
  json["at"] = decision.at;
  return json;
}

Voiceprint VoiceprintOf(const EnrolledUtterance& utterance, const Scorer& scorer) {
  return scorer.MakeVoiceprint(utterance.embedding, ConditionsOf(utterance));
}

std::vector<Voiceprint> VoiceprintsOf(const std::vector<EnrolledUtterance>& utterances,
                                      const Scorer& scorer) {
  std::vector<Voiceprint> voiceprints;
  voiceprints.reserve(utterances.size());
  for (const EnrolledUtterance& one : utterances) voiceprints.push_back(VoiceprintOf(one, scorer));
  return voiceprints;
}

Error NoGroup(std::size_t group) {
  return {ErrorCode::kNotFound, Format("there is no voice %zu", group)};
}

}  // namespace

const char* ToString(GroupDecision::Kind kind) {
  for (const auto& [name, one] : kKinds)
    if (one == kind) return name;
  VPR_CHECK(false);
  return "";
}

VoiceGroups::VoiceGroups(std::string network, double threshold)
    : network_(std::move(network)), threshold_(threshold) {
  VPR_CHECK(std::isfinite(threshold));
}

VoiceGroups VoiceGroups::Read(const std::string& path) {
  return FromText(ReadFile(path, kMostBytes), path);
}

VoiceGroups VoiceGroups::FromText(std::string_view text, const std::string& name) {
  std::size_t number = 0;
  const auto fail = [&](std::string_view why) {
    return Error(ErrorCode::kCorrupt, Format("'%s' cannot be read as groups of voices, line %zu: ",
                                             Printable(name).c_str(), number) +
                                          std::string(why));
  };
  std::optional<VoiceGroups> groups;
  std::unordered_set<std::string> paths;
  try {
    for (std::string_view line : Lines(text)) {
      ++number;
      const Json json = Json::parse(line);
      if (!groups) {
        if (WholeNumber<int>(json.at("voice_groups"), "voice_groups") != kVersion)
          throw Error(ErrorCode::kCorrupt, "it is of another version of vpr");
        auto network = json.at("network").get<std::string>();
        const auto threshold = json.at("threshold").get<double>();
        if (network.size() > 64 || network != Printable(network) ||
            !(std::abs(threshold) <= kMostScore))
          throw Error(ErrorCode::kCorrupt, "no fingerprint of a network, or no threshold");
        groups.emplace(std::move(network), threshold);
        ReadWhole(json, "last_group", groups->last_group_);
        if (groups->last_group_ > kMostGroup)
          throw Error(ErrorCode::kCorrupt, "\"last_group\" is no number of a group");
      } else if (json.contains("decision")) {
        groups->decisions_.push_back(DecisionFrom(json));
      } else {
        GroupedRecording recording{UtteranceFromJson(json.at("utterance").dump()),
                                   NumberOf(json, "group")};
        const auto& kept = groups->recordings_;
        if (recording.utterance.network != groups->network_ ||
            (!kept.empty() &&
             recording.utterance.embedding.size() != kept.front().utterance.embedding.size()))
          throw Error(ErrorCode::kCorrupt, "a voiceprint of another network");
        if (!paths.insert(recording.utterance.source).second)
          throw Error(ErrorCode::kCorrupt,
                      "'" + Printable(recording.utterance.source) + "' is in it twice");
        groups->last_group_ = std::max(groups->last_group_, recording.group);
        groups->recordings_.push_back(std::move(recording));
      }
    }
  } catch (const nlohmann::json::exception& error) {
    throw fail(JsonReason(error));
  } catch (const Error& error) {
    throw fail(error.what());
  }
  if (!groups) throw fail("it is empty");
  for (const GroupDecision& decision : groups->decisions_)
    groups->last_group_ = std::max(groups->last_group_, decision.group);
  return std::move(*groups);
}

void VoiceGroups::Write(const std::string& path) const {
  auto line = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  AtomicFile file(path, AtomicFile::kPrivate);
  file.Write(line({{"voice_groups", kVersion},
                   {"network", network_},
                   {"threshold", threshold_},
                   {"last_group", last_group_}}));
  for (const GroupedRecording& one : recordings_)
    file.Write(Format("{\"group\":%zu,\"utterance\":", one.group) + UtteranceToJson(one.utterance) +
               "}\n");
  for (const GroupDecision& decision : decisions_) file.Write(line(ToJson(decision)));
  file.Commit();
}

bool VoiceGroups::Has(const std::string& path) const {
  return std::any_of(recordings_.begin(), recordings_.end(),
                     [&](const auto& one) { return one.utterance.source == path; });
}

void VoiceGroups::Add(std::vector<EnrolledUtterance> recordings, const Scorer& scorer) {
  std::unordered_set<std::string> paths;
  for (const GroupedRecording& one : recordings_) paths.insert(one.utterance.source);
  for (const EnrolledUtterance& one : recordings) {
    if (!paths.insert(one.source).second)
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + Printable(one.source) + "' is in the groups already");
    const std::size_t dim =
        (recordings_.empty() ? recordings.front() : recordings_.front().utterance).embedding.size();
    if (one.network != network_ || one.embedding.size() != dim)
      throw Error(ErrorCode::kInvalidArgument, "voiceprints of another network than the groups'");
  }
  const std::vector<Voiceprint> voiceprints = VoiceprintsOf(recordings, scorer);
  ClusterOptions options;
  options.threshold = threshold_;
  options.likeness = std::numeric_limits<double>::infinity();
  const std::vector<std::size_t> found = ClusterVoices(voiceprints, scorer, options);

  std::map<std::size_t, VoiceGroup> there;
  for (const VoicesGroup& group : Groups())
    for (std::size_t i : group.recordings)
      there[group.number].Add(VoiceGroup(VoiceprintOf(recordings_[i].utterance, scorer), scorer));
  std::map<std::size_t, VoiceGroup> fresh;
  for (std::size_t i = 0; i < found.size(); ++i)
    fresh[found[i]].Add(VoiceGroup(voiceprints[i], scorer));
  std::map<std::size_t, std::size_t> number;
  for (const auto& [label, voice] : fresh) {
    double most = threshold_;
    for (const auto& [group, other] : there) {
      const double score = voice.MeanScore(other);
      if (score < most) continue;
      most = score;
      number[label] = group;
    }
    if (!number.contains(label)) number[label] = ++last_group_;
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    recordings_.push_back({std::move(recordings[i]), number[found[i]]});
}

std::vector<VoicesGroup> VoiceGroups::Groups() const {
  std::map<std::size_t, VoicesGroup> groups;
  std::map<std::string, std::size_t> separate;
  for (const GroupDecision& decision : decisions_)
    if (decision.kind == Kind::kSeparate) separate[decision.path] = decision.group;
  for (std::size_t i = 0; i < recordings_.size(); ++i) {
    const EnrolledUtterance& utterance = recordings_[i].utterance;
    const auto moved = separate.find(utterance.source);
    const std::size_t number = moved == separate.end() ? recordings_[i].group : moved->second;
    VoicesGroup& group = groups[number];
    group.number = number;
    group.recordings.push_back(i);
    group.speech_seconds += utterance.speech_seconds;
  }
  for (const GroupDecision& decision : decisions_) {
    const auto at = groups.find(decision.group);
    if (at == groups.end() || decision.kind == Kind::kSeparate) continue;
    at->second.dismissed = decision.kind == Kind::kDismiss;
    at->second.name = decision.name;
  }
  std::vector<VoicesGroup> all;
  for (auto& [number, group] : groups) all.push_back(std::move(group));
  return all;
}

std::vector<VoicesGroup> VoiceGroups::Groups(const Scorer& scorer) const {
  std::vector<VoicesGroup> groups = Groups();
  for (VoicesGroup& group : groups) {
    if (group.recordings.size() < 2) continue;
    VoiceGroup voice;
    double with_itself = 0;
    for (std::size_t i : group.recordings) {
      const VoiceGroup one(VoiceprintOf(recordings_[i].utterance, scorer), scorer);
      with_itself += one.MeanScore(one);
      voice.Add(one);
    }
    const auto n = static_cast<double>(group.recordings.size());
    group.likeness = (voice.MeanScore(voice) * n * n - with_itself) / (n * (n - 1));
  }
  return groups;
}

void VoiceGroups::CheckGroup(std::size_t group) const {
  for (const VoicesGroup& one : Groups())
    if (one.number == group) return;
  throw NoGroup(group);
}

void VoiceGroups::Confirm(std::size_t group, const std::string& name) {
  CheckGroup(group);
  const std::string normal = NormalName(name);
  CheckSpeakerName(normal);
  decisions_.push_back({Kind::kConfirm, group, normal, {}, UtcNow()});
}

void VoiceGroups::Dismiss(std::size_t group) {
  CheckGroup(group);
  decisions_.push_back({Kind::kDismiss, group, {}, {}, UtcNow()});
}

void VoiceGroups::Separate(const std::string& path) {
  if (!Has(path))
    throw Error(ErrorCode::kNotFound, "'" + Printable(path) + "' is not in the groups");
  decisions_.push_back({Kind::kSeparate, ++last_group_, {}, path, UtcNow()});
}

GroupDecision VoiceGroups::Undo() {
  if (decisions_.empty())
    throw Error(ErrorCode::kNotFound, "nothing was decided that could be taken back");
  GroupDecision last = std::move(decisions_.back());
  decisions_.pop_back();
  return last;
}

Recording AsOneRecording(const VoiceGroups& groups, const VoicesGroup& group) {
  std::vector<const EnrolledUtterance*> utterances;
  double snr_db = std::numeric_limits<double>::infinity();
  for (std::size_t i : group.recordings) {
    utterances.push_back(&groups.recordings()[i].utterance);
    snr_db = std::min(snr_db, utterances.back()->snr_db);
  }
  Template joined = MakeTemplate(utterances);
  Recording recording;
  recording.source = Format("voice %zu", group.number);
  recording.heard = true;
  recording.quality.snr_db = snr_db;
  recording.quality.speech_seconds = group.speech_seconds;
  recording.embedding = std::move(joined.embedding);
  recording.conditions = joined.conditions;
  return recording;
}

std::vector<Recording> AsRecordings(const VoiceGroups& groups, const VoicesGroup& group) {
  std::vector<Recording> recordings;
  for (std::size_t i : group.recordings) {
    const EnrolledUtterance& utterance = groups.recordings()[i].utterance;
    Recording recording;
    recording.source = utterance.source;
    recording.is_file = true;
    recording.heard = true;
    recording.quality.snr_db = utterance.snr_db;
    recording.quality.speech_seconds = utterance.speech_seconds;
    recording.embedding = utterance.embedding;
    recording.conditions = ConditionsOf(utterance);
    recordings.push_back(std::move(recording));
  }
  return recordings;
}

}  // namespace vpr
