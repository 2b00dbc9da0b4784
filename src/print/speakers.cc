#include "vpr/print/speakers.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

double Seconds(const EnrolledSpeaker& speaker) {
  double seconds = 0;
  for (const EnrolledUtterance& utterance : speaker.utterances) seconds += utterance.speech_seconds;
  return seconds;
}

Json Summary(const EnrolledSpeaker& speaker) {
  return {{"name", speaker.name},
          {"utterances", speaker.utterances.size()},
          {"speech_seconds", Seconds(speaker)},
          {"enrolled_at", speaker.enrolled_at},
          {"note", speaker.note},
          {"consent", speaker.consent.empty() ? Json() : Json(speaker.consent)},
          {"consented_at", speaker.consent.empty() ? Json() : Json(speaker.consented_at)},
          {"forget_at", speaker.forget_at == 0 ? Json() : Json(UtcText(speaker.forget_at))}};
}

}  // namespace

std::string ToRow(const EnrolledSpeaker& speaker) {
  const bool forgotten = speaker.forget_at != 0;
  std::string row = Format("%s\t%zu utterance%s\t%.1f s\t%s", speaker.name.c_str(),
                           speaker.utterances.size(), speaker.utterances.size() == 1 ? "" : "s",
                           Seconds(speaker), speaker.enrolled_at.c_str());
  if (!speaker.note.empty() || forgotten) row += "\t" + Printable(speaker.note);
  if (forgotten) row += "\tforgotten " + UtcText(speaker.forget_at);
  return row + "\n";
}

std::string SummaryJson(const EnrolledSpeaker& speaker) { return JsonLine(Summary(speaker)); }

std::string ToText(const EnrolledSpeaker& speaker) {
  std::string text = Format("%s, enrolled %s, %.1f s of speech\n", speaker.name.c_str(),
                            speaker.enrolled_at.c_str(), Seconds(speaker));
  if (!speaker.note.empty()) text += Printable(speaker.note) + "\n";
  if (!speaker.consent.empty())
    text += "consent " + speaker.consented_at + ": " + Printable(speaker.consent) + "\n";
  if (speaker.forget_at != 0) text += "forgotten " + UtcText(speaker.forget_at) + "\n";
  for (const EnrolledUtterance& utterance : speaker.utterances)
    text += Format("%lld\t%.1f s\t%.0f dB\t%s\t%s\tnetwork %.8s\n",
                   static_cast<long long>(utterance.id), utterance.speech_seconds, utterance.snr_db,
                   utterance.enrolled_at.c_str(), Printable(utterance.source).c_str(),
                   utterance.network.c_str());
  return text;
}

std::string ToJson(const EnrolledSpeaker& speaker) {
  Json json = Summary(speaker);
  json["utterances"] = Json::array();
  for (const EnrolledUtterance& utterance : speaker.utterances)
    json["utterances"].push_back({{"id", utterance.id},
                                  {"source", utterance.source},
                                  {"enrolled_at", utterance.enrolled_at},
                                  {"speech_seconds", utterance.speech_seconds},
                                  {"snr_db", utterance.snr_db},
                                  {"network", utterance.network}});
  return JsonLine(json);
}

}  // namespace vpr
