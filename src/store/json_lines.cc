#include "vpr/store/json_lines.h"

#include <sodium.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "store/record.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFingerprintDigits = 32;  // vpr/base/file_io.h
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;

std::string ToBase64(const std::string& bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kBase64);
  text.pop_back();  // the terminating zero
  return text;
}

std::string FromBase64(const std::string& text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, kBase64) != 0)
    throw Error(ErrorCode::kCorrupt, "\"audio\" is not base64");
  bytes.resize(size);
  return bytes;
}

// One that is not known is empty.
void CheckDate(const std::string& date, const char* name = "enrolled_at") {
  if (!date.empty() && !ParseUtc(date))
    throw Error(ErrorCode::kCorrupt, Format("\"%s\" is no date as 2026-11-21T16:40:05Z", name));
}

// Scores are weighted by them: one that no recording has would outweigh all others.
constexpr double kMostSeconds = 1e6, kMostDecibels = 1e3;
void CheckNumber(const char* name, double value, double most) {
  if (!(std::abs(value) <= most))
    throw Error(ErrorCode::kCorrupt,
                Format("\"%s\" is %g; expected at most %g", name, value, most));
}

Json ToJson(const EnrolledUtterance& utterance) {
  Json json = {{"source", utterance.source},   {"enrolled_at", utterance.enrolled_at},
               {"network", utterance.network}, {"speech_seconds", utterance.speech_seconds},
               {"snr_db", utterance.snr_db},   {"embedding", utterance.embedding}};
  for (const auto& [name, value] : kConditionFields) {
    if (std::isfinite(utterance.*value)) json[name] = utterance.*value;
  }
  if (!utterance.audio.empty()) json["audio"] = ToBase64(utterance.audio);
  return json;
}

EnrolledUtterance FromJson(const Json& json) {
  EnrolledUtterance utterance;
  utterance.source = json.value("source", "");
  utterance.enrolled_at = json.value("enrolled_at", "");
  CheckDate(utterance.enrolled_at);
  json.at("network").get_to(utterance.network);
  if (utterance.network.size() != kFingerprintDigits ||
      utterance.network.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error(ErrorCode::kCorrupt,
                Format("\"network\" is no fingerprint of a network, %zu hexadecimal digits",
                       kFingerprintDigits));
  json.at("speech_seconds").get_to(utterance.speech_seconds);
  utterance.snr_db = json.value("snr_db", 0.0);
  CheckNumber("snr_db", utterance.snr_db, kMostDecibels);
  for (const auto& [name, value] : kConditionFields) {
    if (!json.contains(name)) continue;
    json.at(name).get_to(utterance.*value);
    CheckNumber(name, utterance.*value, kMostDecibels);
  }
  json.at("embedding").get_to(utterance.embedding);
  if (utterance.embedding.empty() || !(utterance.speech_seconds > 0))
    throw Error(ErrorCode::kCorrupt, "an utterance has no embedding or no speech");
  CheckNumber("speech_seconds", utterance.speech_seconds, kMostSeconds);
  double square = 0;
  for (float value : utterance.embedding) square += double{value} * double{value};
  if (!(std::abs(square - 1) < 1e-3))
    throw Error(ErrorCode::kCorrupt, "an embedding is not of length 1");
  if (json.contains("audio")) utterance.audio = FromBase64(json.at("audio").get<std::string>());
  return utterance;
}

std::string ToLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string UtteranceToJson(const EnrolledUtterance& utterance) {
  return ToLine(ToJson(utterance));
}

EnrolledUtterance UtteranceFromJson(std::string_view text) try {
  return FromJson(Json::parse(text));
} catch (const nlohmann::json::exception& error) {
  throw Error(ErrorCode::kCorrupt, "not an utterance: " + JsonReason(error));
}

std::string SpeakerToJson(const EnrolledSpeaker& speaker) {
  Json json = {
      {"name", speaker.name}, {"note", speaker.note}, {"enrolled_at", speaker.enrolled_at}};
  if (!speaker.consent.empty()) {
    json["consent"] = speaker.consent;
    json["consented_at"] = speaker.consented_at;
  }
  if (speaker.forget_at != 0) json["forget_at"] = UtcText(speaker.forget_at);
  json["utterances"] = Json::array();
  for (const EnrolledUtterance& utterance : speaker.utterances)
    json["utterances"].push_back(ToJson(utterance));
  return ToLine(json);
}

EnrolledSpeaker SpeakerFromJson(std::string_view line) try {
  const Json json = Json::parse(line);
  EnrolledSpeaker speaker;
  json.at("name").get_to(speaker.name);
  speaker.note = json.value("note", "");
  speaker.enrolled_at = json.value("enrolled_at", "");
  CheckDate(speaker.enrolled_at);
  speaker.consent = json.value("consent", "");
  speaker.consented_at = json.value("consented_at", "");
  CheckDate(speaker.consented_at, "consented_at");
  if (json.contains("forget_at")) {
    const auto date = ParseUtc(json.at("forget_at").get<std::string>());
    if (!date || *date <= 0)
      throw Error(ErrorCode::kCorrupt, "\"forget_at\" is no date as 2027-02-19T16:40:05Z");
    speaker.forget_at = *date;
  }
  for (const Json& one : json.at("utterances")) speaker.utterances.push_back(FromJson(one));
  if (speaker.utterances.empty())
    throw Error(ErrorCode::kCorrupt, "'" + Printable(speaker.name) +
                                         "' has no utterances, and could never be recognised");
  CheckSpeakerName(speaker.name);
  return speaker;
} catch (const nlohmann::json::exception& error) {
  throw Error(ErrorCode::kCorrupt,
              "not a speaker as vpr speakers export writes it: " + JsonReason(error));
}

}  // namespace vpr
