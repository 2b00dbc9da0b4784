// The service: recognizer and store behind HTTP's requests and answers. It knows routes, callers
// and limits, no sockets (vpr/serve/server.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/audio/speech_quality.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/serve/access.h"
#include "vpr/serve/http.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// On which threads a request is worked off.
enum class RequestLane {
  kAtOnce,  // where it came in: nothing to wait for
  kStore,   // reads or changes the store
  kStream,  // answers in pieces, as slowly as the client takes them
  kCompute  // decodes and embeds recordings
};

// Draws words to say at a login, and hears whether they were said; empty where nothing can hear
// them. Called by several threads at once.
struct PromptChecker {
  std::function<std::string()> draw;
  std::function<SpokenWords(const std::string& words, const std::vector<float>& samples)> check;
};

struct ServiceOptions {
  AccessOptions access;
  PromptChecker prompts;
  QualityLimits limits;
  double fpir = 0.05;
  std::size_t most_body = 128 << 20;             // bytes, of recordings
  std::chrono::seconds most_time{300};           // that a request is worked on
  std::string audit;                             // path of the log of who asked what; empty: none
  std::function<void(const std::string&)> warn;  // of what is wrong with the service itself
};

// What is decided of a request by its headers, before its body is read.
struct Admission {
  std::optional<HttpResponse> refusal;
  RequestLane lane = RequestLane::kAtOnce;
  std::size_t most_body = 0;
  Caller caller;
  std::size_t route = static_cast<std::size_t>(-1);
  std::chrono::steady_clock::time_point begun;
  std::string about, decision;  // for the log: whom it is about, what was found
};

// Live audio: 16-bit PCM comes in, a line of JSON comes out for every phrase.
class LiveSession {
 public:
  virtual ~LiveSession() = default;
  // The answers, of what ended in these bytes. Throws nothing.
  virtual std::vector<std::string> Accept(std::string_view bytes) = 0;
  virtual std::vector<std::string> Finish() = 0;
};

// A conversation in bytes, with a client of another protocol.
class ByteSession {
 public:
  virtual ~ByteSession() = default;
  // What is to be sent; nothing: the connection is over.
  virtual std::optional<std::string> Accept(std::string_view bytes) = 0;
};

// Thread-safe.
class Service {
 public:
  // `store`: the recognizer's, opened once more, for what the recognizer does not do.
  // `open_store` opens it for one reading that may take long.
  Service(Recognizer& recognizer, std::unique_ptr<VoiceStore> store,
          std::function<std::unique_ptr<VoiceStore>()> open_store, ServiceOptions options);
  ~Service();

  Admission Admit(const HttpRequest& head);
  // `request` has its body now. Throws nothing.
  HttpResponse Handle(const HttpRequest& request, Admission& admission);
  // Every answer that was sent, also of what was not admitted, to the log and the counts.
  void Note(const HttpRequest& request, const Admission& admission, const HttpResponse& response);

  // An answer with what a browser is told of every answer.
  static HttpResponse Guarded(HttpResponse response);

  // A conversation instead of an answer, for a request that asks to become a WebSocket; else null
  // and the refusal.
  std::unique_ptr<LiveSession> OpenLive(const HttpRequest& head, HttpResponse& refusal);

  // The Wyoming protocol of voice assistants, which knows no callers: for this machine only.
  std::unique_ptr<ByteSession> OpenWyoming();

  // Takes in what other processes have changed in the store. To be called every few seconds.
  void Poll();

  // Numbers of the moment that only the server knows, for /metrics.
  struct Load {
    std::size_t connections = 0, computing = 0, waiting = 0, body_bytes = 0;
  };
  void SetLoad(std::function<Load()> load);

  // Whatever is worked on ends soon, unanswered.
  void Cancel();

  const ServiceOptions& options() const;
  Access& access();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
