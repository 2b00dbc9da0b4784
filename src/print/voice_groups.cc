#include "vpr/print/voice_groups.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;
using Kind = GroupDecision::Kind;

const IdentificationOutcome::Candidate* Best(
    const std::optional<IdentificationOutcome>& identified) {
  return identified && !identified->candidates.empty() ? &identified->candidates[0] : nullptr;
}

const std::string& PathOf(const VoiceGroups& groups, std::size_t recording) {
  return groups.recordings()[recording].utterance.source;
}

}  // namespace

std::string ToText(const VoiceGroups& groups, const VoicesGroup& group,
                   const std::optional<IdentificationOutcome>& identified) {
  std::string text = Format("voice %zu", group.number);
  if (!group.name.empty()) text += ", " + Printable(group.name);
  if (group.dismissed) text += ", dismissed";
  text += Format(": %zu recording%s, %.1f s of speech", group.recordings.size(),
                 group.recordings.size() == 1 ? "" : "s", group.speech_seconds);
  if (group.likeness) text += Format(", likeness %.2f", *group.likeness);
  if (const auto* best = Best(identified); best != nullptr && identified->known())
    text += Format(", sounds like %s (score %.2f)", Printable(best->name).c_str(), best->score);
  text += "\n";
  for (std::size_t i : group.recordings) text += "  " + Printable(PathOf(groups, i)) + "\n";
  return text;
}

std::string ToJson(const VoiceGroups& groups, const VoicesGroup& group,
                   const std::optional<IdentificationOutcome>& identified) {
  const auto* best = Best(identified);
  Json json = {{"voice", group.number},
               {"name", group.name.empty() ? Json(nullptr) : Json(group.name)},
               {"dismissed", group.dismissed},
               {"speech_seconds", group.speech_seconds},
               {"likeness", group.likeness ? Json(*group.likeness) : Json(nullptr)},
               {"nearest", best != nullptr ? Json(best->name) : Json(nullptr)},
               {"score", best != nullptr ? Json(best->score) : Json(nullptr)},
               {"known", best != nullptr && identified->known()},
               {"files", Json::array()}};
  for (std::size_t i : group.recordings) json["files"].push_back(PathOf(groups, i));
  return JsonLine(json);
}

std::string ToText(const GroupDecision& decision) {
  switch (decision.kind) {
    case Kind::kConfirm:
      return Format("voice %zu is %s\n", decision.group, Printable(decision.name).c_str());
    case Kind::kDismiss:
      return Format("voice %zu is dismissed\n", decision.group);
    case Kind::kSeparate:
      break;
  }
  return Format("voice %zu is of %s alone\n", decision.group, Printable(decision.path).c_str());
}

std::string ToJson(const GroupDecision& decision) {
  return JsonLine({{"decision", ToString(decision.kind)},
                   {"voice", decision.group},
                   {"name", decision.name.empty() ? Json(nullptr) : Json(decision.name)},
                   {"file", decision.path.empty() ? Json(nullptr) : Json(decision.path)},
                   {"at", decision.at}});
}

std::string TakenBackText(const GroupDecision& decision) {
  return "taken back: " + ToText(decision);
}

}  // namespace vpr
