#include "vpr/print/meeting.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {

std::string ToJson(const Diarization& diarization, const std::optional<SearchBasis>& basis) {
  using Json = nlohmann::ordered_json;
  auto number = [](double value) { return std::isnan(value) ? Json(nullptr) : Json(value); };
  Json json = {{"file", diarization.source},
               {"seconds", diarization.seconds},
               {"speech_seconds", diarization.speech_seconds},
               {"enrolled", basis ? basis->enrolled : 0},
               {"threshold", basis ? Json(basis->threshold) : Json(nullptr)},
               {"speakers", Json::array()},
               {"turns", Json::array()}};
  for (const DiarizedSpeaker& one : diarization.speakers)
    json["speakers"].push_back(
        {{"speaker", one.label},
         {"known", one.name.known},
         {"seconds", one.seconds},
         {"nearest", one.name.nearest.empty() ? Json(nullptr) : Json(one.name.nearest)},
         {"score", number(one.name.score)},
         {"llr", number(one.name.llr)}});
  for (const Diarization::Stretch& turn : diarization.turns) {
    const DiarizedSpeaker& one = diarization.speakers[turn.speaker];
    json["turns"].push_back({{"begin", turn.begin},
                             {"end", turn.end},
                             {"speaker", one.label},
                             {"known", one.name.known},
                             {"score", number(one.name.score)},
                             {"llr", number(one.name.llr)}});
  }
  return JsonLine(json);
}

std::string ToText(const Diarization& diarization, TurnFormat format) {
  return WriteTurns(diarization, RecordingName(diarization.source), format);
}

std::string Titled(const Diarization& diarization, const std::string& text, bool last) {
  return Printable(diarization.source) + "\n" + text + (last ? "" : "\n");
}

}  // namespace vpr
