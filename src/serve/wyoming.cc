#include "serve/wyoming.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "serve/bounded_json.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/identify/recording.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestLine = 64 << 10, kMostData = 1 << 20, kMostPayload = 4 << 20;
constexpr double kMostSeconds = 60;
constexpr int kLowestRate = 8000, kHighestRate = 48000, kMostChannels = 8;

struct Event {
  std::string type;
  Json data = Json::object();
  std::string payload;
};

std::string Write(const char* type, const Json& data) {
  const std::string more =
      data.empty() ? "" : data.dump(-1, ' ', false, Json::error_handler_t::replace);
  Json head = {{"type", type}, {"version", Version()}};
  if (!more.empty()) head["data_length"] = more.size();
  return head.dump() + "\n" + more;
}

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "this is not the Wyoming protocol: " + what);
}

std::size_t LengthOf(const Json& head, const char* key, std::size_t most) {
  const auto found = head.find(key);
  if (found == head.end() || found->is_null()) return 0;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most)
    Refuse(std::string(key) + Format(" is no number up to %zu", most));
  return found->get<std::size_t>();
}

int NumberOf(const Json& data, const char* key, int least, int most) {
  const auto found = data.find(key);
  if (found == data.end() || !found->is_number_integer() || found->get<std::int64_t>() < least ||
      found->get<std::int64_t>() > most)
    Refuse(std::string(key) + Format(" of the audio is no number from %d to %d", least, most));
  return found->get<int>();
}

}  // namespace

struct WyomingSession::Impl {
  Recognizer& recognizer;
  const ServiceOptions& options;
  std::string received;
  bool detect = false;         // else transcribe
  std::vector<float> samples;  // of the audio under way
  int rate = kSampleRate;

  std::optional<Event> Take();
  std::string Answer(const Event& event);
  void Hear(const Event& event);
  std::string Info() const;
  // Who spoke; nothing: nobody who is enrolled, or no speech.
  std::optional<std::string> Speaker();
};

std::optional<Event> WyomingSession::Impl::Take() {
  const std::size_t end = received.find('\n');
  if (end == std::string::npos) {
    if (received.size() > kLongestLine) Refuse("a line does not end");
    return std::nullopt;
  }
  if (end > kLongestLine) Refuse("a line is too long");
  Event event;
  std::size_t data_length = 0, payload_length = 0;
  try {
    const Json head = ParseBounded(std::string_view(received).substr(0, end));
    event.type = head.at("type").get<std::string>();
    if (const auto data = head.find("data"); data != head.end() && data->is_object())
      event.data = *data;
    data_length = LengthOf(head, "data_length", kMostData);
    payload_length = LengthOf(head, "payload_length", kMostPayload);
    if (received.size() < end + 1 + data_length + payload_length) return std::nullopt;
    if (data_length > 0)
      event.data.update(ParseBounded(std::string_view(received).substr(end + 1, data_length)));
  } catch (const Json::exception& error) {
    Refuse(Printable(error.what()));
  }
  event.payload = received.substr(end + 1 + data_length, payload_length);
  received.erase(0, end + 1 + data_length + payload_length);
  return event;
}

void WyomingSession::Impl::Hear(const Event& event) {
  const int of_event = NumberOf(event.data, "rate", kLowestRate, kHighestRate);
  const int width = NumberOf(event.data, "width", 2, 2);
  const int channels = NumberOf(event.data, "channels", 1, kMostChannels);
  if (samples.empty()) rate = of_event;
  if (of_event != rate) Refuse("the rate changes");
  const auto of_frame = static_cast<std::size_t>(width * channels);
  if (event.payload.size() % of_frame != 0) Refuse("a chunk holds a part of a sample");
  for (std::size_t at = 0; at < event.payload.size(); at += of_frame) {
    float sum = 0;
    for (std::size_t c = 0; c < of_frame; c += 2) {
      const auto low = static_cast<unsigned char>(event.payload[at + c]);
      const auto high = static_cast<unsigned char>(event.payload[at + c + 1]);
      sum += static_cast<float>(static_cast<std::int16_t>(low | high << 8));
    }
    samples.push_back(sum / static_cast<float>(32768 * channels));
  }
  const auto most = static_cast<std::size_t>(kMostSeconds * rate);
  if (samples.size() > most)  // the last minute counts
    samples.erase(samples.begin(), samples.end() - static_cast<long>(most));
}

std::optional<std::string> WyomingSession::Impl::Speaker() {
  const std::vector<float> heard =
      rate == kSampleRate ? std::move(samples) : Resample(samples, rate, kSampleRate);
  samples.clear();
  const Recording recording =
      EmbedRecording("microphone", heard, recognizer.extractor(), options.limits);
  if (!recording.failure.empty()) return std::nullopt;
  IdentificationRequest request;
  request.fpir = options.fpir;
  Progress silent;
  try {
    const IdentificationOutcome outcome = recognizer.Identify(recording, request, silent);
    return outcome.known() ? std::optional(outcome.candidates[0].name) : std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return std::nullopt;  // nobody is enrolled
  }
}

std::string WyomingSession::Impl::Info() const {
  const auto artifact = [](const char* name, const char* description) {
    return Json{{"name", name},
                {"attribution", {{"name", "vpr"}, {"url", ""}}},
                {"installed", true},
                {"description", description},
                {"version", Version()}};
  };
  Json speaker = artifact("vpr", "Who is speaking: the transcript is the name");
  Json speaker_model = artifact("speaker", "The names of those who are enrolled");
  speaker_model["languages"] = Json::array();
  speaker["models"] = {speaker_model};
  Json voice = artifact("vpr", "Known voices: the detection has the speaker");
  Json voice_model = artifact("voice", "Anybody who is enrolled");
  voice_model["languages"] = Json::array();
  voice_model["phrase"] = nullptr;
  voice["models"] = {voice_model};
  return Write("info", {{"asr", {speaker}},
                        {"wake", {voice}},
                        {"tts", Json::array()},
                        {"handle", Json::array()},
                        {"intent", Json::array()},
                        {"mic", Json::array()},
                        {"snd", Json::array()}});
}

std::string WyomingSession::Impl::Answer(const Event& event) {
  if (event.type == "describe") return Info();
  if (event.type == "ping") return Write("pong", event.data);
  if (event.type == "transcribe" || event.type == "detect") {
    detect = event.type == "detect";
    samples.clear();
  } else if (event.type == "audio-start") {
    samples.clear();
  } else if (event.type == "audio-chunk") {
    Hear(event);
  } else if (event.type == "audio-stop") {
    const std::optional<std::string> name = Speaker();
    if (!detect) return Write("transcript", {{"text", name.value_or("unknown")}});
    if (!name) return Write("not-detected", Json::object());
    return Write("detection", {{"name", "voice"}, {"timestamp", nullptr}, {"speaker", *name}});
  }
  return {};  // others are not for us
}

WyomingSession::WyomingSession(Recognizer& recognizer, const ServiceOptions& options)
    : impl_(new Impl{recognizer, options, {}, false, {}, kSampleRate}) {}
WyomingSession::~WyomingSession() = default;

std::string WyomingSession::Accept(std::string_view bytes) {
  impl_->received += bytes;
  std::string answers;
  while (const std::optional<Event> event = impl_->Take()) answers += impl_->Answer(*event);
  return answers;
}

}  // namespace vpr
