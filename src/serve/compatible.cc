// Routes that clients of other services call: LocalAI's /v1/voice, xiaozhi's /voiceprint. Who is
// who is decided as everywhere here; only the shape of question and answer is theirs.
#include <sodium.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "serve/bounded_json.h"
#include "serve/handlers.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/identify/gallery.h"
#include "vpr/print/json_line.h"
#include "vpr/score/scorer.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostCandidates = 100;

HttpResponse Answer(const Json& json) { return {200, "application/json", {}, JsonLine(json)}; }

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, what);
}

Json BodyOf(const Call& call) {
  Json json = ParseBounded(call.request.body);
  if (json.is_object()) return json;
  Refuse("the body is another kind of JSON; expected an object");
}

std::optional<std::string> TextIn(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  if (!found->is_string()) Refuse(std::string("'") + key + "' is no text");
  return found->get<std::string>();
}

std::string NeedTextIn(const Json& json, const char* key) {
  const auto text = TextIn(json, key);
  if (!text) Refuse(std::string("'") + key + "' is missing");
  return *text;
}

std::optional<double> NumberIn(const Json& json, const char* key, double least, double most) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  if (!found->is_number() || found->get<double>() < least || found->get<double>() > most)
    Refuse(std::string("'") + key + Format("' is no number from %.10g to %.10g", least, most));
  return found->get<double>();
}

// The recording of a field: base64, or a data URI of it.
FormPart RecordingIn(const Json& json, const char* key) {
  const std::string text = NeedTextIn(json, key);
  std::string_view base64 = text;
  if (base64.starts_with("http://") || base64.starts_with("https://"))
    Refuse(std::string("'") + key +
           "' is an address, and none is fetched; expected the recording in base64");
  if (base64.starts_with("data:")) {
    const std::size_t comma = base64.find(";base64,");
    if (comma == std::string_view::npos) Refuse(std::string("'") + key + "' is no data:;base64");
    base64.remove_prefix(comma + 8);
  }
  std::string bytes(base64.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (::sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                          base64.data(), base64.size(), " \r\n", &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != base64.data() + base64.size() || size == 0)
    Refuse(std::string("'") + key + "' is no base64");
  bytes.resize(size);
  return {key, std::string(key), std::move(bytes)};
}

// How sure it is that two are one, of 100, where either answer was as likely before.
double Percent(double llr, bool same) {
  if (std::isnan(llr)) return same ? 100 : 0;
  return 100 / (1 + std::exp(-llr));
}

}  // namespace

bool Handlers::Forget(Call& call, const std::string& name) {
  call.about = name;
  bool overwritten = false;
  {
    std::lock_guard lock(store_mutex_);
    FindSpeaker(*store_, name);
    store_->Remove(name);
    overwritten = store_->RemovedIsOverwritten();
  }
  call.decision = "removed";
  Progress silent;
  recognizer_.Refresh(silent);
  return overwritten;
}

HttpResponse Handlers::LocalAiVerify(Call& call) {
  const Json body = BodyOf(call);
  const auto cutoff = NumberIn(body, "threshold", 0, 2);
  FormPart first = RecordingIn(body, "audio1"), second = RecordingIn(body, "audio2");
  const auto begin = std::chrono::steady_clock::now();
  const ChosenThreshold chosen = recognizer_.Choose(OperatingPoint::kVerify, {});
  const Recording a = Read(call, first), b = Read(call, second);
  const Comparison found = recognizer_.Compare(a, b, chosen.decision);
  if (!found.score) return Problem(422, found.failure);
  const double distance = 1 - found.score->cosine;
  const bool verified = cutoff ? distance <= *cutoff : found.same();
  call.decision = verified ? "same speaker" : "different speakers";
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return Answer({{"verified", verified},
                 {"distance", distance},
                 {"threshold", cutoff ? Json(*cutoff) : Json()},
                 {"confidence", Percent(found.score->llr, verified)},
                 {"model", recognizer_.model()},
                 {"processing_time_ms", ms}});
}

HttpResponse Handlers::LocalAiIdentify(Call& call) {
  const Json body = BodyOf(call);
  IdentificationRequest request;
  request.fpir = options_.fpir;
  const double top = NumberIn(body, "top_k", 1, static_cast<double>(kMostCandidates)).value_or(5);
  if (top != std::floor(top)) Refuse("'top_k' is no whole number");
  request.top = static_cast<std::size_t>(top);
  const auto cutoff = NumberIn(body, "threshold", 0, 2);
  FormPart part = RecordingIn(body, "audio");
  const Recording recording = Read(call, part);
  if (!recording.failure.empty()) return Problem(422, recording.failure);
  Json matches = Json::array();
  Progress silent;
  try {
    const IdentificationOutcome found = recognizer_.Identify(recording, request, silent);
    for (const IdentificationOutcome::Candidate& one : found.candidates) {
      const VerificationOutcome held = recognizer_.Verify(
          recognizer_.MakeClaim(one.name, {found.threshold, {}}, silent), recording);
      const double distance = 1 - held.score.value().cosine;
      const bool match = cutoff ? distance <= *cutoff : one.score >= found.threshold;
      if (match && call.about.empty()) call.about = one.name;
      matches.push_back({{"id", one.name},
                         {"name", one.name},
                         {"distance", distance},
                         {"confidence", Percent(one.llr, match)},
                         {"match", match}});
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;  // nobody is enrolled, or not any longer
  }
  call.decision = call.about.empty() ? "unknown" : "known";
  return Answer({{"matches", std::move(matches)}});
}

HttpResponse Handlers::LocalAiEmbed(Call& call) {
  const Json body = BodyOf(call);
  FormPart part = RecordingIn(body, "audio");
  const Recording recording = Read(call, part);
  if (!recording.failure.empty()) return Problem(422, recording.failure);
  return Answer({{"embedding", recording.embedding},
                 {"dim", recording.embedding.size()},
                 {"model", recognizer_.model()}});
}

HttpResponse Handlers::LocalAiRegister(Call& call) {
  const Json body = BodyOf(call);
  const std::string name = ToNfc(NeedTextIn(body, "name"));
  CheckSpeakerName(name);
  call.recordings.push_back(RecordingIn(body, "audio"));
  EnrollAs(call, name, {});
  return Answer({{"id", name}, {"name", name}, {"registered_at", UtcNow()}});
}

HttpResponse Handlers::LocalAiForget(Call& call) {
  Forget(call, ToNfc(NeedTextIn(BodyOf(call), "id")));
  return {204, "", {}, ""};
}

HttpResponse Handlers::XiaozhiRegister(Call& call) {
  const auto name = call.Text("speaker_id");
  if (!name) Refuse("there is no 'speaker_id'; expected a field or parameter of that name");
  CheckSpeakerName(ToNfc(*name));
  EnrollAs(call, ToNfc(*name), {});
  return Answer({{"success", true}, {"msg", "registered: " + ToNfc(*name)}});
}

HttpResponse Handlers::XiaozhiIdentify(Call& call) {
  const Recording recording = Read(call, call.recordings[0]);
  if (!recording.failure.empty()) return Problem(422, recording.failure);
  IdentificationRequest request;
  request.fpir = options_.fpir;
  request.top = 1;
  Progress silent;
  std::string name;
  double llr = std::numeric_limits<double>::quiet_NaN();
  bool known = false;
  try {
    if (const std::string ids = call.Text("speaker_ids").value_or(""); ids.empty()) {
      const IdentificationOutcome found = recognizer_.Identify(recording, request, silent);
      known = found.known();
      name = found.candidates[0].name;
      llr = found.candidates[0].llr;
    } else {
      const std::vector<std::string_view> wanted = Split(ids, ',');
      if (wanted.size() > kMostCandidates)
        Refuse(Format("'speaker_ids' has %zu names; expected at most %zu", wanted.size(),
                      kMostCandidates));
      const ModelInfo& info = recognizer_.extractor().info();
      const double threshold = FindOpenSetThreshold(info, options_.fpir, wanted.size()).threshold;
      double best = -std::numeric_limits<double>::infinity();
      for (std::string_view id : wanted) {
        try {
          const Claim claim = recognizer_.MakeClaim(ToNfc(id), {}, silent);
          const VerificationOutcome held = recognizer_.Verify(claim, recording);
          if (held.score.value().value <= best) continue;
          best = held.score->value;
          name = claim.name;
          llr = held.score->llr;
          known = best >= threshold + claim.strangers.shift;
        } catch (const Error& error) {
          if (error.code() != ErrorCode::kNotFound) throw;  // who is not enrolled cannot speak
        }
      }
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;  // nobody is enrolled
  }
  if (known) call.about = name;
  call.decision = known ? "known" : "unknown";
  return Answer({{"speaker_id", known ? name : ""}, {"score", Percent(llr, known) / 100}});
}

HttpResponse Handlers::XiaozhiForget(Call& call) {
  const std::string name = ToNfc(*call.Text("speaker_id"));
  Forget(call, name);
  return Answer({{"success", true}, {"msg", "removed: " + name}});
}

HttpResponse Handlers::XiaozhiHealth(Call&) {
  std::lock_guard lock(store_mutex_);
  return Answer({{"total_voiceprints", store_->NumSpeakers()}, {"status", "healthy"}});
}

}  // namespace vpr
