// What the routes do: parameters in, the library, JSON out.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "serve/metrics.h"
#include "serve/prompts.h"
#include "serve/routes.h"
#include "vpr/base/error.h"
#include "vpr/identify/recording.h"

namespace vpr {

// A conversation of live audio with identifications (LiveSession).
std::unique_ptr<LiveSession> MakeLiveSession(Recognizer& recognizer, const ServiceOptions& options,
                                             int sample_rate);

// Thread-safe. A handler may throw Error; AnswerTo says with which status that is answered.
class Handlers {
 public:
  Handlers(Recognizer& recognizer, std::unique_ptr<VoiceStore> store,
           std::function<std::unique_ptr<VoiceStore>()> open_store, const ServiceOptions& options,
           vpr::Metrics& metrics)
      : recognizer_(recognizer),
        store_(std::move(store)),
        open_store_(std::move(open_store)),
        options_(options),
        metrics_(metrics),
        description_(vpr::OpenApi(options.most_body)) {}

  HttpResponse Enroll(Call& call);
  HttpResponse DrawPrompt(Call& call);
  HttpResponse Verify(Call& call);
  HttpResponse Identify(Call& call);
  HttpResponse Compare(Call& call);
  HttpResponse Embed(Call& call);
  HttpResponse Diarize(Call& call);
  HttpResponse ListSpeakers(Call& call);
  HttpResponse ShowSpeaker(Call& call);
  HttpResponse ChangeSpeaker(Call& call);
  HttpResponse RemoveSpeaker(Call& call);
  HttpResponse Export(Call& call);
  HttpResponse Status(Call& call);
  HttpResponse Health(Call& call);
  HttpResponse Metrics(Call& call);
  HttpResponse OpenApi(Call& call);
  HttpResponse Page(Call& call);

  // In compatible.cc: what clients of other services expect.
  HttpResponse LocalAiVerify(Call& call);
  HttpResponse LocalAiIdentify(Call& call);
  HttpResponse LocalAiEmbed(Call& call);
  HttpResponse LocalAiRegister(Call& call);
  HttpResponse LocalAiForget(Call& call);
  HttpResponse XiaozhiRegister(Call& call);
  HttpResponse XiaozhiIdentify(Call& call);
  HttpResponse XiaozhiForget(Call& call);
  HttpResponse XiaozhiHealth(Call& call);

  std::function<Service::Load()> load;
  std::atomic<bool> cancelled{false};

 private:
  Recording Read(Call& call, FormPart& part, bool keep_samples = false) const;
  // Throws kUnusable with the reasons if nothing could be enrolled.
  EnrollmentOutcome EnrollAs(Call& call, const std::string& name, const EnrollmentPolicy& policy);
  // Throws kNotFound. Whether it is overwritten.
  bool Forget(Call& call, const std::string& name);
  // Ends what takes too long: throws kInterrupted.
  void CheckTime(const Call& call, const std::string& file, double share) const;
  std::string NeedName(const Call& call) const;

  Recognizer& recognizer_;
  std::mutex store_mutex_;
  std::unique_ptr<VoiceStore> store_;  // with `store_mutex_`
  std::function<std::unique_ptr<VoiceStore>()> open_store_;
  const ServiceOptions& options_;
  vpr::Metrics& metrics_;
  const std::string description_;
  Prompts prompts_;
};

HttpResponse AnswerTo(const Error& error);

}  // namespace vpr
