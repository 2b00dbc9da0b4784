#include "vpr/serve/service.h"

#include <atomic>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>

#include "serve/audit_log.h"
#include "serve/handlers.h"
#include "serve/metrics.h"
#include "serve/routes.h"
#include "serve/wyoming.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/store/voice_store.h"

namespace vpr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLivePath = "/v1/live";
constexpr std::size_t kLongestTarget = 60000;

std::string_view PathOf(const HttpRequest& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

// What a browser is told of every answer; a page's own rules stand before them.
void AddSafeHeaders(HttpResponse& response) {
  const auto has = [&](std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return true;
    return false;
  };
  if (!has("Content-Security-Policy"))
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (!has("Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
}

// The client, as a proxy of ours says.
std::string AddressOf(const HttpRequest& request, bool behind_proxy) {
  if (!behind_proxy) return request.peer;
  // The last of the last: what stands before it is what the client said itself.
  const auto forwarded = request.Header("X-Forwarded-For", true);
  if (!forwarded) return request.peer;
  std::string_view last = forwarded->substr(forwarded->find_last_of(',') + 1);
  while (last.starts_with(' ')) last.remove_prefix(1);
  return Printable(last).substr(0, 64);
}

// xiaozhi's clients ask for its health with the token in the query, and for nothing else.
std::string KeyInQuery(const HttpRequest& request) {
  constexpr std::string_view kHealth = "/voiceprint/health?key=";
  if (!std::string_view(request.target).starts_with(kHealth)) return {};
  const auto key = PercentDecode(std::string_view(request.target).substr(kHealth.size()), true);
  return key && !key->empty() ? "Bearer " + *key : std::string();
}

class Wyoming final : public ByteSession {
 public:
  Wyoming(Recognizer& recognizer, const ServiceOptions& options,
          std::function<void(const std::string&)> warn)
      : session_(recognizer, options), warn_(std::move(warn)) {}
  std::optional<std::string> Accept(std::string_view bytes) override {
    try {
      return session_.Accept(bytes);
    } catch (const Error& error) {
      if (warn_) warn_(error.what());
      return std::nullopt;
    }
  }

 private:
  WyomingSession session_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace

struct Service::Impl {
  Recognizer& recognizer;
  ServiceOptions options;
  Metrics metrics;
  Access access;
  Handlers handlers;
  std::unique_ptr<AuditLog> audit;
  std::atomic<bool> warned_of_log{false}, warned_of_store{false};

  Impl(Recognizer& by, std::unique_ptr<VoiceStore> store,
       std::function<std::unique_ptr<VoiceStore>()> open_store, ServiceOptions given)
      : recognizer(by),
        options(std::move(given)),
        access(options.access),
        handlers(by, std::move(store), std::move(open_store), options, metrics) {
    if (!options.audit.empty()) audit = std::make_unique<AuditLog>(options.audit);
  }

  void Warn(const std::string& line) const {
    if (options.warn) options.warn(line);
  }

  // Host, Origin, token, scope, rate.
  std::optional<HttpResponse> Check(const HttpRequest& head, Scope scope, Caller& caller);
};

std::optional<HttpResponse> Service::Impl::Check(const HttpRequest& head, Scope scope,
                                                 Caller& caller) {
  const std::string_view host = head.Header("Host").value_or("");
  if (!access.HostAllowed(host))
    return Problem(421, "this is not '" + Printable(host).substr(0, 200) +
                            "'; expected an address, localhost or a name given with --host");
  const auto origin = head.Header("Origin");
  if (origin && !Access::OriginAllowed(*origin, host))
    return Problem(403, "a page of '" + Printable(*origin).substr(0, 200) +
                            "' may not call this service; expected one of its own");
  auto authorization = head.Header("Authorization");
  const std::string key = authorization ? "" : KeyInQuery(head);
  if (!key.empty()) authorization = key;
  caller = access.Identify(authorization);
  const std::string address = AddressOf(head, options.access.behind_proxy);
  if (scope == Scope::kNone) return std::nullopt;
  if (!caller.known) {
    if (authorization)
      if (const auto seconds = access.WaitAfterFailure(address))
        return Problem(429, "too many wrong tokens from this address",
                       {{"Retry-After", std::to_string(*seconds)}});
    return Problem(401,
                   authorization
                       ? "the token is not known; vpr serve token list shows those that are"
                       : "there is no token; expected the header Authorization: Bearer "
                         "TOKEN (vpr serve token add)",
                   {{"WWW-Authenticate", "Bearer"}});
  }
  if (!caller.May(scope))
    return Problem(403, "the token '" + Printable(caller.name) + "' has no scope " +
                            ScopeName(scope) + "; expected one that has");
  if (const auto seconds = access.Wait(caller.name == "anonymous" ? "@" + address : caller.name))
    return Problem(429, "too many requests with this token",
                   {{"Retry-After", std::to_string(*seconds)}});
  return std::nullopt;
}

Service::Service(Recognizer& recognizer, std::unique_ptr<VoiceStore> store,
                 std::function<std::unique_ptr<VoiceStore>()> open_store, ServiceOptions options)
    : impl_(std::make_unique<Impl>(recognizer, std::move(store), std::move(open_store),
                                   std::move(options))) {}
Service::~Service() = default;

const ServiceOptions& Service::options() const { return impl_->options; }
Access& Service::access() { return impl_->access; }
void Service::SetLoad(std::function<Load()> load) { impl_->handlers.load = std::move(load); }

void Service::Cancel() { impl_->handlers.cancelled = true; }

HttpResponse Service::Guarded(HttpResponse response) {
  AddSafeHeaders(response);
  return response;
}

Admission Service::Admit(const HttpRequest& head) {
  Admission admission;
  admission.begun = Clock::now();
  auto refuse = [&](HttpResponse response) {
    AddSafeHeaders(response);
    admission.refusal = std::move(response);
    return std::move(admission);
  };
  if (head.target.size() > kLongestTarget || !head.target.starts_with('/'))
    return refuse(Problem(400, Format("the target has %zu bytes; expected a path of at most %zu",
                                      head.target.size(), kLongestTarget)));
  FoundRoute found = FindRoute(head.method, PathOf(head));
  if (found.route == nullptr) {
    // What is not there is told to those who may call only.
    if (auto refusal = impl_->Check(head, Scope::kNone, admission.caller))
      return refuse(std::move(*refusal));
    return refuse(std::move(found.refusal));
  }
  admission.route = static_cast<std::size_t>(found.route - Routes().data());
  if (auto refusal = impl_->Check(head, found.route->scope, admission.caller))
    return refuse(std::move(*refusal));
  admission.lane = found.route->lane;
  admission.most_body = found.route->body == BodyKind::kNone   ? 0
                        : found.route->body == BodyKind::kJson ? kMostJsonBytes
                                                               : impl_->options.most_body;
  return admission;
}

HttpResponse Service::Handle(const HttpRequest& request, Admission& admission) {
  HttpResponse response;
  const Route& route = Routes()[admission.route];
  Call call{request, route, admission.caller, Clock::now() + impl_->options.most_time};
  try {
    call.values = FindRoute(request.method, PathOf(request)).values;
    std::optional<HttpResponse> refusal;
    ReadCall(call, refusal);
    response = refusal ? std::move(*refusal) : (impl_->handlers.*route.handle)(call);
  } catch (const Error& error) {
    response = AnswerTo(error);
    if (response.status >= 500) impl_->Warn(std::string(route.path) + ": " + error.what());
  } catch (const std::bad_alloc&) {
    response = Problem(503, "out of memory", {{"Retry-After", "5"}});
  } catch (const std::exception& error) {
    impl_->Warn(std::string(route.path) + ": " + error.what());
    response = Problem(500, "a fault of the service, which its log has");
  }
  admission.about = std::move(call.about);
  admission.decision = std::move(call.decision);
  AddSafeHeaders(response);
  return response;
}

void Service::Note(const HttpRequest& request, const Admission& admission,
                   const HttpResponse& response) {
  const double seconds = std::chrono::duration<double>(Clock::now() - admission.begun).count();
  const bool known = admission.route < Routes().size();
  const std::string route = known ? Routes()[admission.route].path : "none";
  impl_->metrics.Count(route, response.status, seconds);
  if (!impl_->audit) return;
  // What nobody needs a token for says nothing about anybody.
  if (known && Routes()[admission.route].scope == Scope::kNone && response.status < 400) return;
  nlohmann::ordered_json entry = {
      {"time", UtcNow()},
      {"address", AddressOf(request, impl_->options.access.behind_proxy)},
      {"caller", admission.caller.name},
      {"method", Printable(request.method)},
      {"route", route},
      {"status", response.status},
      {"ms", std::round(seconds * 1e5) / 100}};
  if (!admission.about.empty()) entry["about"] = admission.about;
  if (!admission.decision.empty()) entry["decision"] = admission.decision;
  try {
    impl_->audit->Write(entry);
    impl_->warned_of_log = false;
  } catch (const Error& error) {
    if (!impl_->warned_of_log.exchange(true)) impl_->Warn(error.what());
  }
}

std::unique_ptr<LiveSession> Service::OpenLive(const HttpRequest& head, HttpResponse& refusal) {
  Caller caller;
  auto refuse = [&](HttpResponse response) {
    AddSafeHeaders(response);
    refusal = std::move(response);
    return nullptr;
  };
  if (PathOf(head) != kLivePath)
    return refuse(Problem(404, std::string("a WebSocket is only at ") + kLivePath));
  // A browser's WebSocket can give no header but this one: "vpr, TOKEN".
  HttpRequest with_token = head;
  if (const auto protocols = head.Header("Sec-WebSocket-Protocol");
      protocols && !head.Header("Authorization")) {
    const std::size_t comma = protocols->rfind(',');
    if (comma != std::string_view::npos) {
      std::string_view token = protocols->substr(comma + 1);
      while (token.starts_with(' ')) token.remove_prefix(1);
      with_token.headers.emplace_back("Authorization", "Bearer " + std::string(token));
    }
  }
  if (auto refused = impl_->Check(with_token, Scope::kIdentify, caller))
    return refuse(std::move(*refused));
  int rate = kSampleRate;
  const std::string_view target = head.target;
  if (const std::size_t mark = target.find('?'); mark != std::string_view::npos) {
    constexpr int kLowest = 8000, kHighest = 48000;
    const std::string query(target.substr(mark + 1));
    if (!query.starts_with("rate=") || query.size() > 10 ||
        query.find_first_not_of("0123456789", 5) != std::string::npos || query.size() == 5 ||
        (rate = std::stoi(query.substr(5))) < kLowest || rate > kHighest)
      return refuse(
          Problem(400, "the query is '" + Printable(query).substr(0, 100) +
                           Format("'; expected rate=N, N from %d to %d Hz", kLowest, kHighest)));
  }
  return MakeLiveSession(impl_->recognizer, impl_->options, rate);
}

std::unique_ptr<ByteSession> Service::OpenWyoming() {
  return std::make_unique<Wyoming>(impl_->recognizer, impl_->options, impl_->options.warn);
}

void Service::Poll() {
  Progress silent;
  try {
    impl_->recognizer.Refresh(silent);
    impl_->warned_of_store = false;
  } catch (const Error& error) {
    // It may come back; until then the last snapshot is searched.
    if (!impl_->warned_of_store.exchange(true)) impl_->Warn(error.what());
  }
}

}  // namespace vpr
