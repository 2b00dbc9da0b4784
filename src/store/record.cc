#include "store/record.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

using Json = nlohmann::json;

std::string ToBytes(const Json& json) {
  std::string bytes;
  Json::to_cbor(json, bytes);
  return bytes;
}

// Refuses what nests deeper than a record of ours: the library parses by recursion.
class Depth : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ < 4; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override { return ++depth_ < 4; }
  bool end_array() override { return --depth_, true; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  int depth_ = 0;
};

template <typename Read>
auto FromBytes(std::string_view bytes, Read&& read) {
  Depth depth;
  if (!Json::sax_parse(bytes, &depth, Json::input_format_t::cbor))
    throw Error(ErrorCode::kCorrupt, "a record cannot be read");
  try {
    return read(Json::from_cbor(bytes));
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kCorrupt, "a record cannot be read: " + JsonReason(error));
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorrupt, std::string("a record cannot be read: ") + error.what());
  }
}

}  // namespace

std::string EncodeSpeaker(const EnrolledSpeaker& speaker) {
  Json json = {
      {"name", speaker.name}, {"note", speaker.note}, {"enrolled_at", speaker.enrolled_at}};
  if (!speaker.consent.empty()) {
    json["consent"] = speaker.consent;
    json["consented_at"] = speaker.consented_at;
  }
  if (speaker.forget_at != 0) json["forget_at"] = speaker.forget_at;
  return ToBytes(json);
}

EnrolledSpeaker DecodeSpeaker(std::string_view bytes) {
  return FromBytes(bytes, [](const Json& json) {
    EnrolledSpeaker speaker;
    json.at("name").get_to(speaker.name);
    json.at("note").get_to(speaker.note);
    json.at("enrolled_at").get_to(speaker.enrolled_at);
    speaker.consent = json.value("consent", "");
    speaker.consented_at = json.value("consented_at", "");
    if (json.contains("forget_at")) ReadWhole(json, "forget_at", speaker.forget_at);
    return speaker;
  });
}

std::string EncodeUtterance(const EnrolledUtterance& utterance) {
  std::vector<std::uint8_t> embedding(utterance.embedding.size() * sizeof(float));
  if (!embedding.empty())
    std::memcpy(embedding.data(), utterance.embedding.data(), embedding.size());
  Json json = {{"source", utterance.source},   {"enrolled_at", utterance.enrolled_at},
               {"network", utterance.network}, {"speech_seconds", utterance.speech_seconds},
               {"snr_db", utterance.snr_db},   {"embedding", Json::binary(std::move(embedding))}};
  for (const auto& [name, value] : kConditionFields) {
    if (std::isfinite(utterance.*value)) json[name] = utterance.*value;
  }
  return ToBytes(json);
}

EnrolledUtterance DecodeUtterance(std::string_view bytes) {
  return FromBytes(bytes, [](const Json& json) {
    EnrolledUtterance utterance;
    json.at("source").get_to(utterance.source);
    json.at("enrolled_at").get_to(utterance.enrolled_at);
    json.at("network").get_to(utterance.network);
    json.at("speech_seconds").get_to(utterance.speech_seconds);
    json.at("snr_db").get_to(utterance.snr_db);
    for (const auto& [name, value] : kConditionFields) {
      if (json.contains(name)) json.at(name).get_to(utterance.*value);
    }
    const auto& embedding = json.at("embedding").get_binary();
    utterance.embedding.resize(embedding.size() / sizeof(float));
    if (!embedding.empty())
      std::memcpy(utterance.embedding.data(), embedding.data(),
                  utterance.embedding.size() * sizeof(float));
    return utterance;
  });
}

std::string SpeakerPlace(std::int64_t id) { return "speaker " + std::to_string(id); }

std::string UtterancePlace(std::int64_t id, std::int64_t speaker) {
  return "utterance " + std::to_string(id) + " of " + SpeakerPlace(speaker);
}

std::string TemplatePlace(std::int64_t block, std::int64_t speakers) {
  return "templates " + std::to_string(block) + " of " + std::to_string(speakers);
}

std::string AudioPlace(std::int64_t utterance) {
  return "audio of utterance " + std::to_string(utterance);
}

}  // namespace vpr
