#include "serve/routes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "serve/handlers.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"

namespace vpr {
namespace {

using Type = Parameter::Type;

constexpr const char* kJson = "application/json";
constexpr std::size_t kMostForm = 64;

Parameter Text(const char* name, const char* description, double least, double most,
               const char* pattern = nullptr) {
  return {name, Type::kText, description, false, least, most, pattern};
}

Parameter NeededName(const char* name) {
  Parameter parameter = Text(name, "Who", 1, 200);
  parameter.needed = true;
  return parameter;
}

const Parameter kName = NeededName("name");
const Parameter kSpeakerId = NeededName("speaker_id");
const Parameter kNameInPath = {"name", Type::kText, "Who", true};
const Parameter kFpir = {
    "fpir", Type::kNumber, "Share of strangers who may be taken for somebody enrolled",
    false,  1e-9,          0.5};
const Parameter kThreshold = {"threshold", Type::kNumber, "One speaker from this score on",
                              false,       -1e6,          1e6};
const Parameter kFmr = {"fmr", Type::kNumber, "The model's threshold for this false match rate",
                        false, 1e-9,          0.999};

constexpr const char* kForgetAfter = "^(never|[1-9][0-9]{0,4}(s|min|h|d|w)|[1-9][0-9]{0,2}y)$";

Parameter CountUpTo(const char* name, const char* description, double least, double most) {
  return {name, Type::kCount, description, false, least, most};
}

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, what);
}

std::optional<double> ParseNumber(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool IsFlag(const std::string& text) { return text == "true" || text == "false"; }

// Holds a value against its parameter.
void CheckValue(const Parameter& parameter, const std::string& value) {
  const std::string what = std::string("parameter '") + parameter.name + "' ";
  constexpr std::size_t kMostBytes = 4 * kLongestNote;
  if (value.size() > kMostBytes)
    Refuse(what + Format("has %zu bytes; expected at most %zu", value.size(), kMostBytes));
  if (!IsUtf8(value)) Refuse(what + "is not UTF-8");
  if (parameter.type == Type::kText) {
    const auto most = static_cast<std::size_t>(LongestText(parameter));
    const auto size =
        static_cast<std::size_t>(std::count_if(value.begin(), value.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        }));
    if (size > most) Refuse(what + Format("has %zu characters; expected at most %zu", size, most));
  }
  const std::string found = "is '" + Printable(value).substr(0, 100) + "'; expected ";
  if (parameter.type == Type::kFlag && !IsFlag(value)) Refuse(what + found + "true or false");
  if (parameter.type != Type::kNumber && parameter.type != Type::kCount) return;
  const std::optional<double> number = ParseNumber(value);
  const bool count = parameter.type == Type::kCount;
  if (!number || *number < parameter.least || *number > parameter.most ||
      (count && value.find_first_not_of("0123456789") != std::string::npos))
    Refuse(what + found +
           Format("%s from %.10g to %.10g", count ? "a whole number" : "a number", parameter.least,
                  parameter.most));
}

// What a recording is called: the last part of the name it came with.
std::string RecordingName(const std::string& given) {
  const std::string name = Printable(given.substr(given.find_last_of("/\\") + 1));
  return name.empty() || name == "-" ? "recording" : name.substr(0, 200);
}

// `seen`: those of the same part of the request.
void AddValue(Call& call, const std::string& name, std::string value, std::set<std::string>& seen) {
  const auto& parameters = call.route.parameters;
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) {
    return !one.in_path && name == one.name;
  });
  if (found == parameters.end()) {
    std::string known;
    for (const Parameter& one : parameters)
      if (!one.in_path) known += (known.empty() ? "" : ", ") + std::string(one.name);
    Refuse("there is no parameter '" + Printable(name).substr(0, 100) + "'; expected " +
           (known.empty() ? "none" : known));
  }
  CheckValue(*found, value);
  if (!seen.insert(name).second) Refuse("parameter '" + name + "' is given twice");
  call.values[name] = std::move(value);  // of a form rather than of the query
}

void ReadQuery(Call& call) {
  const std::string_view target = call.request.target;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos || mark + 1 == target.size()) return;
  std::set<std::string> seen;
  for (std::string_view pair : Split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = PercentDecode(pair.substr(0, equals), true);
    const auto value =
        PercentDecode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), true);
    if (!name || !value) Refuse("the query holds a '%' that two hexadecimal digits do not follow");
    AddValue(call, *name, *value, seen);
  }
}

bool HasType(const HttpRequest& request, std::string_view type) {
  const std::string_view given = request.Header("Content-Type").value_or("");
  return given.substr(0, given.find(';')) == type;
}

void ReadRecordings(Call& call, std::optional<HttpResponse>& refusal) {
  const HttpRequest& request = call.request;
  if (request.body.empty())
    Refuse("the request has no body; expected a recording, or a form with recordings in it");
  const auto boundary = FormBoundary(request.Header("Content-Type").value_or(""));
  if (!boundary) {
    // application/x-www-form-urlencoded is what curl says of any --data-binary.
    if (HasType(request, kJson) || call.route.body == BodyKind::kPair) {
      refusal = Problem(415, std::string("the body is ") +
                                 Printable(request.Header("Content-Type").value_or("of no type")) +
                                 "; expected " +
                                 (call.route.body == BodyKind::kPair
                                      ? "multipart/form-data with two recordings in it"
                                      : "a recording (audio/* or application/octet-stream), or "
                                        "multipart/form-data with recordings in it"));
      return;
    }
    call.recordings.push_back({"file", "recording", request.body});
    return;
  }
  std::set<std::string> seen;
  for (FormPart& part : ParseForm(request.body, *boundary, kMostForm)) {
    if (part.file) {
      part.file = RecordingName(*part.file);
      call.recordings.push_back(std::move(part));
    } else {
      AddValue(call, part.field, std::move(part.bytes), seen);
    }
  }
  const std::size_t most = call.route.body == BodyKind::kRecordings ? kMostRecordings
                           : call.route.body == BodyKind::kPair     ? 2
                                                                    : 1;
  const std::size_t least = call.route.body == BodyKind::kPair ? 2 : 1;
  if (call.recordings.size() < least || call.recordings.size() > most)
    Refuse(
        Format("the form holds %zu files; expected %zu%s (a part is a file if it has a filename)",
               call.recordings.size(), least, most > least ? Format(" to %zu", most).c_str() : ""));
}

}  // namespace

double LongestText(const Parameter& parameter) {
  return std::isinf(parameter.most) ? static_cast<double>(kLongestText) : parameter.most;
}

std::optional<std::string> Call::Text(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> Call::Number(const std::string& name) const {
  const auto text = Text(name);
  return text ? ParseNumber(*text) : std::nullopt;
}

std::optional<std::size_t> Call::Count(const std::string& name) const {
  const auto number = Number(name);
  return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

bool Call::Flag(const std::string& name) const { return Text(name) == "true"; }

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = {
      {"POST",
       "/v1/enroll",
       Scope::kEnroll,
       RequestLane::kCompute,
       "Learn somebody's voice",
       {kName,
        Text("note", "Anything worth knowing about the person", 0, kLongestNote),
        Text("consent", "What the person has agreed to", 0, kLongestNote),
        Text("forget_after",
             "So long after this the voice is forgotten: 90d (s, min, h, d, w, y), or never", 2, 8,
             kForgetAfter),
        {"force", Type::kFlag, "Keep recordings that do not sound like the others, too"},
        {"keep_audio", Type::kFlag, "Keep the recordings, for vpr speakers re-embed"}},
       BodyKind::kRecordings,
       "",
       kJson,
       "enrollment",
       &Handlers::Enroll},
      {"POST",
       "/v1/prompts",
       Scope::kIdentify,
       RequestLane::kStore,
       "Words that somebody is to say at a login",
       {},
       BodyKind::kNone,
       "",
       kJson,
       "service/prompt",
       &Handlers::DrawPrompt},
      {"POST",
       "/v1/verify",
       Scope::kIdentify,
       RequestLane::kCompute,
       "Is the recording of whom it is claimed to be?",
       {kName,
        kThreshold,
        kFmr,
        {"prompt", Type::kText, "Of /v1/prompts: its words must be said; it is used up by this"}},
       BodyKind::kRecording,
       "",
       kJson,
       "verification",
       &Handlers::Verify},
      {"POST",
       "/v1/identify",
       Scope::kIdentify,
       RequestLane::kCompute,
       "Who speaks, if anybody enrolled does?",
       {CountUpTo("top", "Candidates to show", 1, 1000), kFpir, kThreshold},
       BodyKind::kRecording,
       "",
       kJson,
       "identification",
       &Handlers::Identify},
      {"POST",
       "/v1/compare",
       Scope::kIdentify,
       RequestLane::kCompute,
       "Two recordings: one person or two?",
       {kThreshold, kFmr},
       BodyKind::kPair,
       "",
       kJson,
       "comparison",
       &Handlers::Compare},
      {"POST",
       "/v1/embed",
       Scope::kIdentify,
       RequestLane::kCompute,
       "The embedding of a recording",
       {},
       BodyKind::kRecording,
       "",
       kJson,
       "service/embedding",
       &Handlers::Embed},
      {"POST",
       "/v1/diarize",
       Scope::kIdentify,
       RequestLane::kCompute,
       "Who speaks when, by name",
       {CountUpTo("speakers", "How many there are", 1, 1000),
        CountUpTo("min", "At least so many", 1, 1000), CountUpTo("max", "At most so many", 1, 1000),
        kFpir},
       BodyKind::kRecording,
       "",
       kJson,
       "diarization",
       &Handlers::Diarize},
      {"GET",
       "/v1/speakers",
       Scope::kRead,
       RequestLane::kStore,
       "Who is enrolled, in the order of enrollment",
       {CountUpTo("limit", "At most so many (100 unless given)", 1, 10000),
        CountUpTo("offset", "After so many", 0, 1e9)},
       BodyKind::kNone,
       "",
       kJson,
       "service/speakers",
       &Handlers::ListSpeakers},
      {"GET",
       "/v1/speakers/{name}",
       Scope::kRead,
       RequestLane::kStore,
       "One person with every utterance",
       {kNameInPath},
       BodyKind::kNone,
       "",
       kJson,
       "speaker-details",
       &Handlers::ShowSpeaker},
      {"PATCH",
       "/v1/speakers/{name}",
       Scope::kAdmin,
       RequestLane::kStore,
       "Another name, note, consent or time to be forgotten for somebody",
       {kNameInPath},
       BodyKind::kJson,
       "service/speaker-change",
       kJson,
       "speaker-details",
       &Handlers::ChangeSpeaker},
      {"DELETE",
       "/v1/speakers/{name}",
       Scope::kAdmin,
       RequestLane::kStore,
       "Forget somebody, or one utterance; in SQLite the data is overwritten",
       {kNameInPath, CountUpTo("utterance", "Only this one", 1, 9e15)},
       BodyKind::kNone,
       "",
       kJson,
       "speaker-removed",
       &Handlers::RemoveSpeaker},
      {"GET",
       "/v1/export",
       Scope::kAdmin,
       RequestLane::kStream,
       "Everybody as JSON lines, as vpr speakers import takes them",
       {{"with_audio", Type::kFlag, "The kept recordings, too"}},
       BodyKind::kNone,
       "",
       "application/x-ndjson",
       "",
       &Handlers::Export},
      // As LocalAI has them (docs/service.md).
      {"POST",
       "/v1/voice/verify",
       Scope::kIdentify,
       RequestLane::kCompute,
       "LocalAI: two recordings, one person or two?",
       {},
       BodyKind::kJsonRecording,
       "service/localai-verify",
       kJson,
       "service/localai-verified",
       &Handlers::LocalAiVerify},
      {"POST",
       "/v1/voice/identify",
       Scope::kIdentify,
       RequestLane::kCompute,
       "LocalAI: who speaks?",
       {},
       BodyKind::kJsonRecording,
       "service/localai-identify",
       kJson,
       "service/localai-identified",
       &Handlers::LocalAiIdentify},
      {"POST",
       "/v1/voice/embed",
       Scope::kIdentify,
       RequestLane::kCompute,
       "LocalAI: the embedding of a recording",
       {},
       BodyKind::kJsonRecording,
       "service/localai-embed",
       kJson,
       "service/localai-embedded",
       &Handlers::LocalAiEmbed},
      {"POST",
       "/v1/voice/register",
       Scope::kEnroll,
       RequestLane::kCompute,
       "LocalAI: learn somebody's voice",
       {},
       BodyKind::kJsonRecording,
       "service/localai-register",
       kJson,
       "service/localai-registered",
       &Handlers::LocalAiRegister},
      {"POST",
       "/v1/voice/forget",
       Scope::kAdmin,
       RequestLane::kStore,
       "LocalAI: forget somebody",
       {},
       BodyKind::kJson,
       "service/localai-forget",
       "",
       "",
       &Handlers::LocalAiForget},
      // As xiaozhi's voiceprint service has them.
      {"POST",
       "/voiceprint/register",
       Scope::kEnroll,
       RequestLane::kCompute,
       "xiaozhi: learn somebody's voice",
       {kSpeakerId},
       BodyKind::kRecording,
       "",
       kJson,
       "service/xiaozhi-done",
       &Handlers::XiaozhiRegister},
      {"POST",
       "/voiceprint/identify",
       Scope::kIdentify,
       RequestLane::kCompute,
       "xiaozhi: which of these speaks?",
       {{"speaker_ids", Type::kText, "Names, commas between; none: everybody"}},
       BodyKind::kRecording,
       "",
       kJson,
       "service/xiaozhi-identified",
       &Handlers::XiaozhiIdentify},
      {"DELETE",
       "/voiceprint/{speaker_id}",
       Scope::kAdmin,
       RequestLane::kStore,
       "xiaozhi: forget somebody",
       {{"speaker_id", Type::kText, "Who", true}},
       BodyKind::kNone,
       "",
       kJson,
       "service/xiaozhi-done",
       &Handlers::XiaozhiForget},
      {"GET",
       "/voiceprint/health",
       Scope::kAny,
       RequestLane::kStore,
       "xiaozhi: whether the service answers",
       {{"key", Type::kText, "The token, instead of the header Authorization"}},
       BodyKind::kNone,
       "",
       kJson,
       "service/xiaozhi-health",
       &Handlers::XiaozhiHealth},
      {"GET",
       "/v1/status",
       Scope::kAny,
       RequestLane::kStore,
       "What the service works with, and what the token allows",
       {},
       BodyKind::kNone,
       "",
       kJson,
       "service/status",
       &Handlers::Status},
      {"GET",
       "/health",
       Scope::kNone,
       RequestLane::kAtOnce,
       "Whether the service answers",
       {},
       BodyKind::kNone,
       "",
       kJson,
       "service/health",
       &Handlers::Health},
      {"GET",
       "/metrics",
       Scope::kRead,
       RequestLane::kAtOnce,
       "Counts for Prometheus",
       {},
       BodyKind::kNone,
       "",
       "text/plain; version=0.0.4",
       "",
       &Handlers::Metrics},
      {"GET",
       "/openapi.json",
       Scope::kNone,
       RequestLane::kAtOnce,
       "This description",
       {},
       BodyKind::kNone,
       "",
       kJson,
       "",
       &Handlers::OpenApi},
      {"GET",
       "/",
       Scope::kNone,
       RequestLane::kAtOnce,
       "A page for people",
       {},
       BodyKind::kNone,
       "",
       "text/html; charset=utf-8",
       "",
       &Handlers::Page},
      {"GET",
       "/page/{file}",
       Scope::kNone,
       RequestLane::kAtOnce,
       "What the page is made of",
       {{"file", Type::kText, "Its name", true}},
       BodyKind::kNone,
       "",
       "*/*",
       "",
       &Handlers::Page},
  };
  return routes;
}

FoundRoute FindRoute(const std::string& method, std::string_view path) {
  const std::vector<std::string_view> words = Split(path, '/');
  FoundRoute found;
  std::string allowed;
  // A path that stands in the table as it is means that one alone: /voiceprint/health is no id.
  const bool literal = std::any_of(Routes().begin(), Routes().end(),
                                   [&](const Route& route) { return path == route.path; });
  for (const Route& route : Routes()) {
    if (literal && path != route.path) continue;
    const std::vector<std::string_view> expected = Split(route.path, '/');
    if (expected.size() != words.size()) continue;
    std::map<std::string, std::string> values;
    bool fits = true;
    for (std::size_t i = 0; i < words.size() && fits; ++i) {
      if (!expected[i].starts_with('{')) {
        fits = expected[i] == words[i];
        continue;
      }
      auto value = PercentDecode(words[i], false);
      fits = value && !value->empty() && value->size() <= 4 * kLongestText && IsUtf8(*value);
      if (fits)
        values[std::string(expected[i].substr(1, expected[i].size() - 2))] = std::move(*value);
    }
    if (!fits) continue;
    if (route.method == method || (method == "HEAD" && std::string_view(route.method) == "GET")) {
      found.route = &route;
      found.values = std::move(values);
      return found;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty())
    found.refusal = Problem(404, "there is nothing at '" + Printable(path).substr(0, 200) +
                                     "'; /openapi.json has what there is");
  else
    found.refusal = Problem(405,
                            "'" + Printable(path).substr(0, 200) + "' knows no " +
                                Printable(method).substr(0, 20) + "; expected " + allowed,
                            {{"Allow", allowed}});
  return found;
}

void ReadCall(Call& call, std::optional<HttpResponse>& refusal) {
  ReadQuery(call);
  switch (call.route.body) {
    case BodyKind::kNone:
      if (!call.request.body.empty())
        Refuse(
            Format("the request has a body of %zu bytes; expected none", call.request.body.size()));
      break;
    case BodyKind::kRecording:
    case BodyKind::kRecordings:
    case BodyKind::kPair:
      ReadRecordings(call, refusal);
      break;
    case BodyKind::kJson:
    case BodyKind::kJsonRecording:
      if (!HasType(call.request, kJson))
        refusal =
            Problem(415, "the body is " +
                             Printable(call.request.Header("Content-Type").value_or("of no type")) +
                             "; expected application/json");
      break;
  }
  // One spelling of a name, as the store has it.
  if (const auto name = call.values.find("name"); name != call.values.end())
    name->second = ToNfc(name->second);
}

}  // namespace vpr
