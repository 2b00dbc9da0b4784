#include "serve/handlers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "serve/bounded_json.h"
#include "serve/embedded.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/base/version.h"
#include "vpr/diarize/diarizer.h"
#include "vpr/mic/phrase_detector.h"
#include "vpr/print/json_line.h"
#include "vpr/print/meeting.h"
#include "vpr/print/outcomes.h"
#include "vpr/print/speakers.h"
#include "vpr/recognize/meeting.h"
#include "vpr/store/json_lines.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kSpeakersAtOnce = 100;

HttpResponse JsonAnswer(std::string body) { return {200, "application/json", {}, std::move(body)}; }

// A recording that nothing could be made of.
HttpResponse Unusable(const std::string& why) { return Problem(422, why); }

ThresholdChoice ChoiceOf(const Call& call) {
  ThresholdChoice choice{call.Number("threshold"), call.Number("fmr")};
  if (choice.threshold && choice.fmr)
    throw Error(ErrorCode::kInvalidArgument,
                "both 'threshold' and 'fmr' are given; expected one of them");
  return choice;
}

std::string WithoutLineEnd(std::string line) {
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

struct EnoughSpeakers {};  // ends the reading of a store

class Live final : public LiveSession {
 public:
  Live(Recognizer& recognizer, const ServiceOptions& options, int rate)
      : recognizer_(recognizer), options_(options), rate_(rate) {
    request_.fpir = options.fpir;
  }

  std::vector<std::string> Accept(std::string_view bytes) override {
    // A sample may come in two messages.
    rest_ += bytes;
    std::vector<float> samples(rest_.size() / 2);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto low = static_cast<unsigned char>(rest_[2 * i]);
      const auto high = static_cast<unsigned char>(rest_[2 * i + 1]);
      samples[i] = static_cast<float>(static_cast<std::int16_t>(low | high << 8)) / 32768.0f;
    }
    rest_.erase(0, 2 * samples.size());
    if (rate_ != kSampleRate) samples = vpr::Resample(samples, rate_, kSampleRate);
    heard_ += samples.size();
    std::vector<std::string> answers;
    for (const std::vector<float>& phrase : detector_.Accept(samples))
      answers.push_back(Answer(phrase));
    return answers;
  }

  std::vector<std::string> Finish() override {
    const std::vector<float> phrase = detector_.Finish();
    if (phrase.empty()) return {};
    return {Answer(phrase)};
  }

 private:
  std::string Answer(const std::vector<float>& phrase) {
    const auto begin = std::chrono::steady_clock::now();
    try {
      const Recording recording = EmbedRecording(Format("phrase %zu", ++number_), phrase,
                                                 recognizer_.extractor(), options_.limits);
      Progress silent;
      IdentificationOutcome outcome = recognizer_.Identify(recording, request_, silent);
      outcome.phrase = {
          static_cast<double>(heard_) / kSampleRate,
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count()};
      return ToJson(outcome);
    } catch (const Error& error) {
      return AnswerTo(error).body;
    }
  }

  Recognizer& recognizer_;
  const ServiceOptions& options_;
  IdentificationRequest request_;
  int rate_;
  PhraseDetector detector_;
  std::string rest_;
  std::size_t heard_ = 0, number_ = 0;
};

}  // namespace

std::unique_ptr<LiveSession> MakeLiveSession(Recognizer& recognizer, const ServiceOptions& options,
                                             int sample_rate) {
  return std::make_unique<Live>(recognizer, options, sample_rate);
}

HttpResponse AnswerTo(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
      return Problem(400, error.what());
    case ErrorCode::kNotFound:
      return Problem(404, error.what());
    case ErrorCode::kUnusable:
      return Problem(422, error.what());
    case ErrorCode::kIncompatible:
      return Problem(409, error.what());
    case ErrorCode::kInterrupted:
      return Problem(413, error.what());
    case ErrorCode::kIo:
      return Problem(503, error.what(), {{"Retry-After", "5"}});
    default:
      return Problem(500, error.what());
  }
}

Recording Handlers::Read(Call& call, FormPart& part, bool keep_samples) const {
  return EmbedBytes(std::move(part.bytes), *part.file, recognizer_.extractor(), options_.limits,
                    keep_samples, [&](double share) { CheckTime(call, *part.file, share); });
}

void Handlers::CheckTime(const Call& call, const std::string& file, double share) const {
  if (cancelled) throw Error(ErrorCode::kInterrupted, "the service is being stopped");
  if (std::chrono::steady_clock::now() > call.deadline)
    throw Error(ErrorCode::kInterrupted,
                "'" + Printable(file) +
                    Format("' takes longer than the %lld s that a request may: %.0f %% is done; "
                           "give less at once",
                           static_cast<long long>(options_.most_time.count()), 100 * share));
}

std::string Handlers::NeedName(const Call& call) const {
  const auto name = call.Text("name");
  if (!name)
    throw Error(ErrorCode::kInvalidArgument,
                "there is no name; expected a parameter or field 'name'");
  CheckSpeakerName(*name);
  return *name;
}

EnrollmentOutcome Handlers::EnrollAs(Call& call, const std::string& name,
                                     const EnrollmentPolicy& policy) {
  call.about = name;
  std::vector<Recording> recordings;
  for (FormPart& part : call.recordings) recordings.push_back(Read(call, part, policy.keep_audio));
  Progress silent;
  EnrollmentOutcome outcome = recognizer_.Enroll(name, std::move(recordings), policy, silent);
  call.decision = outcome.done() ? "enrolled" : "not enrolled";
  if (outcome.done()) return outcome;
  std::string reasons;
  for (const EnrollmentOutcome::LeftOut& one : outcome.left_out)
    reasons += (reasons.empty() ? "" : "; ") + one.reason;
  throw Error(ErrorCode::kUnusable, "'" + Printable(name) + "' was not enrolled: " + reasons);
}

HttpResponse Handlers::Enroll(Call& call) {
  const std::string name = NeedName(call);
  EnrollmentPolicy policy;
  policy.force = call.Flag("force");
  policy.keep_audio = call.Flag("keep_audio");
  policy.note = call.Text("note");
  policy.consent = call.Text("consent");
  if (const auto after = call.Text("forget_after")) policy.forget_at = ForgetAfter(*after);
  return JsonAnswer(ToJson(EnrollAs(call, name, policy)));
}

HttpResponse Handlers::DrawPrompt(Call&) {
  if (!options_.prompts.draw)
    return Problem(409,
                   "nothing here hears words; expected a service that was started with "
                   "--prompt-model");
  const std::string words = options_.prompts.draw();
  return JsonAnswer(JsonLine(
      {{"prompt", prompts_.Add(words)}, {"words", words}, {"seconds", Prompts::kValid.count()}}));
}

HttpResponse Handlers::Verify(Call& call) {
  const std::string name = NeedName(call);
  call.about = name;
  std::optional<std::string> words;
  if (const auto prompt = call.Text("prompt")) {
    words = prompts_.Take(*prompt);
    if (!words)
      return Problem(409, Format("the prompt is not known, was used already, or is older than %lld "
                                 "s; ask for another: POST /v1/prompts",
                                 static_cast<long long>(Prompts::kValid.count())));
  }
  Progress silent;
  const Claim claim = recognizer_.MakeClaim(name, ChoiceOf(call), silent);
  const Recording recording = Read(call, call.recordings[0], words.has_value());
  VerificationOutcome outcome = recognizer_.Verify(claim, recording);
  if (!outcome.failure.empty()) return Unusable(outcome.failure);
  if (words) outcome.words = options_.prompts.check(*words, recording.samples);
  call.decision = outcome.accepted() ? "accepted" : "rejected";
  return JsonAnswer(ToJson(outcome));
}

HttpResponse Handlers::Identify(Call& call) {
  IdentificationRequest request;
  request.top = call.Count("top").value_or(request.top);
  request.fpir = call.Number("fpir").value_or(options_.fpir);
  request.threshold = call.Number("threshold");
  const Recording recording = Read(call, call.recordings[0]);
  if (!recording.failure.empty()) return Unusable(recording.failure);
  Progress silent;
  try {
    const IdentificationOutcome outcome = recognizer_.Identify(recording, request, silent);
    if (outcome.known()) call.about = outcome.candidates[0].name;
    call.decision = outcome.known() ? "known" : "unknown";
    return JsonAnswer(ToJson(outcome));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return Problem(409, "nobody is enrolled; expected somebody to search among");
  }
}

HttpResponse Handlers::Compare(Call& call) {
  const ChosenThreshold chosen = recognizer_.Choose(OperatingPoint::kCompare, ChoiceOf(call));
  const Recording a = Read(call, call.recordings[0]), b = Read(call, call.recordings[1]);
  const Comparison comparison = recognizer_.Compare(a, b, chosen.decision);
  if (!comparison.score) return Unusable(comparison.failure);
  call.decision = comparison.same() ? "same speaker" : "different speakers";
  return JsonAnswer(ToJson(comparison));
}

HttpResponse Handlers::Embed(Call& call) {
  const Recording recording = Read(call, call.recordings[0]);
  if (!recording.failure.empty()) return Unusable(recording.failure);
  return JsonAnswer(JsonLine({{"file", recording.source},
                              {"embedding", recording.embedding},
                              {"network", recognizer_.extractor().info().network_fingerprint},
                              {"speech_seconds", SpeechSeconds(recording)},
                              {"snr_db", recording.quality.snr_db},
                              {"warnings", recording.warnings}}));
}

HttpResponse Handlers::Diarize(Call& call) {
  DiarizerOptions options;
  if (const auto speakers = call.Count("speakers")) {
    if (call.Count("min") || call.Count("max"))
      throw Error(ErrorCode::kInvalidArgument,
                  "'speakers' is given with 'min' or 'max'; expected one or the others");
    options.fewest = options.most = *speakers;
  }
  options.fewest = call.Count("min").value_or(options.fewest);
  options.most = call.Count("max").value_or(options.most);
  if (options.fewest > options.most)
    throw Error(ErrorCode::kInvalidArgument,
                Format("'min' is %zu and 'max' %zu; expected no more than that", options.fewest,
                       options.most));
  Progress silent;
  std::optional<IdentificationRequest> request(std::in_place);
  request->fpir = call.Number("fpir").value_or(options_.fpir);
  std::optional<SearchBasis> basis;
  try {
    basis = recognizer_.Basis(*request, silent);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    request.reset();  // nobody is enrolled: speakers are numbered
  }
  FormPart& part = call.recordings[0];
  ReadOptions read = recognizer_.extractor().options().read;
  read.sample_rate = kSampleRate;
  try {
    const Diarization found = DiarizeByName(
        recognizer_, AudioSource::FromBytes(std::move(part.bytes), *part.file, read), options,
        request, silent, [&](double share) { CheckTime(call, *part.file, share); });
    call.decision = Format("%zu speakers", found.speakers.size());
    return JsonAnswer(ToJson(found, basis));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    return Unusable(error.what());
  }
}

HttpResponse Handlers::ListSpeakers(Call& call) {
  const std::size_t offset = call.Count("offset").value_or(0);
  const std::size_t limit = call.Count("limit").value_or(kSpeakersAtOnce);
  std::string body = "{\"speakers\":[";
  std::size_t at = 0, given = 0;
  std::lock_guard lock(store_mutex_);
  const std::size_t total = store_->NumSpeakers();
  try {
    store_->ForEach(false, [&](EnrolledSpeaker&& speaker) {
      if (given == limit) throw EnoughSpeakers();
      if (at++ < offset) return;
      body += (given++ == 0 ? "" : ",") + WithoutLineEnd(SummaryJson(speaker));
    });
  } catch (const EnoughSpeakers&) {
  }
  return JsonAnswer(body + Format("],\"total\":%zu}\n", total));
}

HttpResponse Handlers::ShowSpeaker(Call& call) {
  call.about = *call.Text("name");
  std::lock_guard lock(store_mutex_);
  return JsonAnswer(ToJson(FindSpeaker(*store_, call.about)));
}

HttpResponse Handlers::ChangeSpeaker(Call& call) {
  const std::string name = *call.Text("name");
  call.about = name;
  std::optional<std::string> other, note, consent, forget_after;
  const std::pair<const char*, std::optional<std::string>*> fields[] = {
      {"name", &other}, {"note", &note}, {"consent", &consent}, {"forget_after", &forget_after}};
  constexpr const char* kExpected = "expected 'name', 'note', 'consent' or 'forget_after'";
  const Json json = ParseBounded(call.request.body);
  if (!json.is_object())
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the body is another kind of JSON; expected an object; ") + kExpected);
  for (const auto& [key, value] : json.items()) {
    const auto field = std::find_if(std::begin(fields), std::end(fields),
                                    [&, name = key](const auto& one) { return name == one.first; });
    if (field == std::end(fields) || !value.is_string())
      throw Error(ErrorCode::kInvalidArgument, "the body has '" + Printable(key).substr(0, 100) +
                                                   "'; " + kExpected + ", each a text");
    *field->second = value.get<std::string>();
  }
  if (json.empty())
    throw Error(ErrorCode::kInvalidArgument, std::string("the body changes nothing; ") + kExpected);
  for (const auto* text : {&note, &consent})
    if (*text && (*text)->size() > kLongestNote)
      throw Error(ErrorCode::kInvalidArgument, Format("a text has %zu bytes; expected at most %zu",
                                                      (*text)->size(), kLongestNote));
  std::optional<std::int64_t> forget_at;
  if (forget_after) forget_at = ForgetAfter(*forget_after);
  if (other) {
    *other = ToNfc(*other);
    CheckSpeakerName(*other);
  }
  Progress silent;
  std::string answer;
  {
    std::lock_guard lock(store_mutex_);
    FindSpeaker(*store_, name);
    if (other && *other != name && store_->Find(*other))
      return Problem(409, "the name '" + Printable(*other) + "' is taken; expected another one");
    if (note) store_->SetNote(name, *note);
    if (consent || forget_at) store_->SetConsent(name, consent, forget_at);
    if (other && *other != name) store_->Rename(name, *other);
    answer = ToJson(FindSpeaker(*store_, other.value_or(name)));
  }
  call.decision = other          ? "renamed to " + *other
                  : forget_after ? "forgotten after " + *forget_after
                                 : "noted";
  recognizer_.Refresh(silent);
  return JsonAnswer(std::move(answer));
}

HttpResponse Handlers::RemoveSpeaker(Call& call) {
  const std::string name = *call.Text("name");
  const auto id = call.Count("utterance");
  if (!id)
    return JsonAnswer(
        JsonLine({{"name", name}, {"removed", true}, {"overwritten", Forget(call, name)}}));
  call.about = name;
  Json json = {{"name", name}, {"utterance", *id}, {"removed", true}};
  {
    std::lock_guard lock(store_mutex_);
    const EnrolledSpeaker speaker = FindSpeaker(*store_, name);
    const auto number = static_cast<std::int64_t>(*id);
    if (std::none_of(speaker.utterances.begin(), speaker.utterances.end(),
                     [&](const EnrolledUtterance& one) { return one.id == number; }))
      return Problem(404, "'" + Printable(name) +
                              Format("' has no utterance %lld", static_cast<long long>(number)));
    store_->RemoveUtterances(name, {&number, 1});
    json["overwritten"] = store_->RemovedIsOverwritten();
  }
  call.decision = "removed";
  Progress silent;
  recognizer_.Refresh(silent);
  return JsonAnswer(JsonLine(json));
}

HttpResponse Handlers::Export(Call& call) {
  HttpResponse response;
  response.type = "application/x-ndjson";
  response.headers = {{"Content-Disposition", "attachment; filename=\"voices.jsonl\""}};
  // A reading of its own, which keeps nobody waiting however slowly the client takes it.
  std::shared_ptr<VoiceStore> store = open_store_();
  response.stream = [store, with_audio = call.Flag("with_audio")](
                        const std::function<void(std::string_view)>& write) {
    store->ForEach(with_audio,
                   [&](EnrolledSpeaker&& speaker) { write(SpeakerToJson(speaker) + "\n"); });
  };
  return response;
}

HttpResponse Handlers::Status(Call& call) {
  Json json = {{"version", Version()}, {"model", recognizer_.model()}};
  {
    std::lock_guard lock(store_mutex_);
    json["db"] = store_->Describe();
    json["encrypted"] = store_->encrypted();
    json["speakers"] = store_->NumSpeakers();
  }
  const ModelInfo& info = recognizer_.extractor().info();
  json["thresholds"] = Json::object();
  for (const auto& [name, point] : {std::pair{"compare", OperatingPoint::kCompare},
                                    std::pair{"verify", OperatingPoint::kVerify}}) {
    const auto threshold = DefaultThreshold(point, info);
    json["thresholds"][name] = threshold ? Json{{"threshold", threshold->threshold},
                                                {"fmr", threshold->fmr},
                                                {"fnmr", threshold->fnmr},
                                                {"basis", threshold->basis}}
                                         : Json();
  }
  json["operating_points"] = Json::array();
  const auto add_point = [&](double threshold, double fmr, double fnmr, bool supported) {
    json["operating_points"].push_back(
        {{"threshold", threshold}, {"fmr", fmr}, {"fnmr", fnmr}, {"supported", supported}});
  };
  if (!info.decision.basis.empty())
    add_point(info.decision.threshold, info.decision.fmr, info.decision.fnmr, true);
  for (const FmrThreshold& one : info.fmr_thresholds)
    add_point(one.threshold, one.fmr, one.fnmr, one.supported);
  json["prompts"] = static_cast<bool>(options_.prompts.draw);
  json["fpir"] = options_.fpir;
  json["min_speech_seconds"] = options_.limits.min_speech_seconds;
  json["caller"] = call.caller.name;
  json["scopes"] = ScopeNames(call.caller.scopes);
  return JsonAnswer(JsonLine(json));
}

HttpResponse Handlers::Health(Call&) {
  return JsonAnswer(JsonLine({{"status", "ok"}, {"version", Version()}}));
}

HttpResponse Handlers::Metrics(Call&) {
  const Service::Load now = load ? load() : Service::Load{};
  auto number = [](std::size_t value) { return static_cast<double>(value); };
  return {
      200,
      "text/plain; version=0.0.4",
      {},
      metrics_.Text({{"vpr_connections", "Open connections", number(now.connections)},
                     {"vpr_computing", "Requests that are worked on", number(now.computing)},
                     {"vpr_waiting", "Requests that wait", number(now.waiting)},
                     {"vpr_body_bytes", "Bytes of requests in memory", number(now.body_bytes)}})};
}

HttpResponse Handlers::OpenApi(Call&) { return JsonAnswer(description_); }

HttpResponse Handlers::Page(Call& call) {
  const std::string name = call.Text("file").value_or("index.html");
  for (const BuiltInFile& file : PageFiles()) {
    if (file.name != name) continue;
    const auto ends = [&](const char* ending) { return name.ends_with(ending); };
    return {200,
            ends(".html")  ? "text/html; charset=utf-8"
            : ends(".css") ? "text/css; charset=utf-8"
            : ends(".js")  ? "text/javascript; charset=utf-8"
            : ends(".svg") ? "image/svg+xml"
                           : "application/octet-stream",
            {{"Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
              "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; "
              "form-action 'none'; frame-ancestors 'none'"},
             {"Permissions-Policy", "microphone=(self)"}},
            std::string(file.content)};
  }
  return Problem(404, "the page has no file '" + Printable(name).substr(0, 200) + "'");
}

}  // namespace vpr
