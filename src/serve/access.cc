#include "vpr/serve/access.h"

#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/store/voice_store.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHashBytes = 32, kTokenBytes = 32, kMostTokens = 10000;
constexpr std::size_t kMostFile = 16 << 20;
constexpr const char* kPrefix = "vpr_";
constexpr std::array<std::pair<Scope, const char*>, 4> kScopes = {{{Scope::kRead, "read"},
                                                                   {Scope::kIdentify, "identify"},
                                                                   {Scope::kEnroll, "enroll"},
                                                                   {Scope::kAdmin, "admin"}}};
constexpr double kFailuresPerMinute = 20;
constexpr double kBurstSeconds = 10;  // of requests that may come at once
constexpr std::size_t kMostRemembered = 20000;
constexpr auto kLookAgain = std::chrono::milliseconds(500);

void RequireSodium() {
  if (::sodium_init() < 0)
    throw Error(ErrorCode::kInternal, "the library libsodium cannot be used");
}

std::string HashOf(std::string_view token) {
  std::array<unsigned char, kHashBytes> hash{};
  ::crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                       0);
  std::string text(2 * kHashBytes + 1, '\0');
  ::sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

std::string NewToken() {
  std::array<unsigned char, kTokenBytes> bytes{};
  ::randombytes_buf(bytes.data(), bytes.size());
  constexpr int kKind = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(kTokenBytes, kKind), '\0');
  ::sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kKind);
  ::sodium_memzero(bytes.data(), bytes.size());
  text.pop_back();
  return kPrefix + text;
}

// A file beside the tokens' that a change holds locked, since the tokens' own is replaced.
class Lock {
 public:
  explicit Lock(const std::string& path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0 || ::flock(fd_, LOCK_EX) != 0) {
      const std::string reason = std::strerror(errno);
      if (fd_ >= 0) ::close(fd_);
      throw Error(ErrorCode::kIo, "cannot lock '" + Printable(path) + "': " + reason);
    }
  }
  ~Lock() { ::close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

Token ParseToken(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line);
  Token token;
  token.name = json.at("name").get<std::string>();
  token.hash = json.at("hash").get<std::string>();
  token.created_at = json.at("created_at").get<std::string>();
  for (const nlohmann::json& one : json.at("scopes")) {
    const std::optional<Scope> scope = ParseScope(one.get<std::string>());
    if (!scope) throw std::invalid_argument("an unknown scope");
    token.scopes |= static_cast<unsigned>(*scope);
  }
  if (token.hash.size() != 2 * kHashBytes ||
      token.hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw std::invalid_argument("a hash of another kind");
  return token;
}

// Requests that come evenly, with some at once: a token bucket.
class Buckets {
 public:
  Buckets(double per_minute) : per_second_(per_minute / 60) {}  // NOLINT: a number

  std::optional<int> Take(const std::string& key, double most) {
    const Clock::time_point now = Clock::now();
    std::lock_guard lock(mutex_);
    if (buckets_.size() > kMostRemembered) Forget(now, most);
    Bucket& bucket = buckets_.try_emplace(key, Bucket{most, now}).first->second;
    bucket.left = std::min(most, bucket.left + Seconds(now - bucket.at) * per_second_);
    bucket.at = now;
    if (bucket.left >= 1) {
      bucket.left -= 1;
      return std::nullopt;
    }
    return std::max(1, static_cast<int>(std::ceil((1 - bucket.left) / per_second_)));
  }
  double per_second() const { return per_second_; }

 private:
  struct Bucket {
    double left;
    Clock::time_point at;
  };
  static double Seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  }
  void Forget(Clock::time_point now, double most) {
    std::erase_if(buckets_, [&](const auto& one) {
      return one.second.left + Seconds(now - one.second.at) * per_second_ >= most;
    });
    if (buckets_.size() > kMostRemembered) buckets_.clear();
  }

  double per_second_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

bool IsAddress(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// "example.org:8800" without the port.
std::string_view WithoutPort(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.ends_with(']')) return host;
  return host.substr(0, colon);
}

}  // namespace

std::optional<Scope> ParseScope(std::string_view text) {
  for (const auto& [scope, name] : kScopes)
    if (text == name) return scope;
  return std::nullopt;
}

std::string ScopeName(Scope scope) {
  for (const auto& [one, name] : kScopes)
    if (one == scope) return name;
  return scope == Scope::kAny ? "any" : "none";
}

std::vector<std::string> ScopeNames(unsigned scopes) {
  std::vector<std::string> names;
  for (const auto& [scope, name] : kScopes)
    if ((scopes & static_cast<unsigned>(scope)) != 0) names.emplace_back(name);
  return names;
}

bool TokenFile::exists() const {
  std::error_code error;
  return fs::exists(path_, error) || error;
}

std::vector<Token> TokenFile::Read() const {
  if (!exists()) return {};
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Error(ErrorCode::kIo, "cannot use the tokens of '" + Printable(path_) +
                                    "': other users may use the file; expected mode 600: chmod "
                                    "600 it");
  const std::string text = ReadFile(path_, kMostFile);
  std::vector<Token> tokens;
  std::size_t number = 0;
  for (std::string_view line : Lines(text)) {
    ++number;
    try {
      tokens.push_back(ParseToken(line));
    } catch (const std::exception& error) {
      throw Error(
          ErrorCode::kCorrupt,
          Format("cannot use the tokens of '%s': line %zu: ", Printable(path_).c_str(), number) +
              Printable(error.what()));
    }
  }
  return tokens;
}

void TokenFile::Write(const std::vector<Token>& tokens) const {
  AtomicFile file(path_, AtomicFile::kPrivate);
  for (const Token& token : tokens)
    file.Write(nlohmann::ordered_json{{"name", token.name},
                                      {"scopes", ScopeNames(token.scopes)},
                                      {"hash", token.hash},
                                      {"created_at", token.created_at}}
                   .dump() +
               "\n");
  file.Commit();
}

std::string TokenFile::Add(const std::string& name, unsigned scopes) const {
  RequireSodium();
  CheckSpeakerName(name);
  MakeFolders(fs::path(path_).parent_path().string(), 0700);
  const Lock lock(path_ + ".lock");
  std::vector<Token> tokens = Read();
  if (tokens.size() >= kMostTokens)
    throw Error(ErrorCode::kInvalidArgument,
                Format("there are %zu tokens; remove some", tokens.size()));
  for (const Token& token : tokens)
    if (token.name == name)
      throw Error(ErrorCode::kInvalidArgument,
                  "there is a token named '" + Printable(name) + "'; remove it first");
  const std::string token = NewToken();
  tokens.push_back({name, scopes, HashOf(token), UtcNow()});
  Write(tokens);
  return token;
}

void TokenFile::Remove(const std::string& name) const {
  if (!exists()) throw Error(ErrorCode::kNotFound, "no tokens at '" + Printable(path_) + "'");
  const Lock lock(path_ + ".lock");
  std::vector<Token> tokens = Read();
  const std::size_t before = tokens.size();
  std::vector<std::string> names;
  for (const Token& token : tokens) names.push_back(token.name);
  std::erase_if(tokens, [&](const Token& token) { return token.name == name; });
  if (tokens.size() == before)
    throw Error(ErrorCode::kNotFound,
                "no token is named '" + Printable(name) + "'" + DidYouMean(name, names));
  Write(tokens);
}

std::string FindTokens(const std::string& given) {
  if (!given.empty()) return given;
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string path = variable("VPR_TOKENS"); !path.empty()) return path;
  if (const std::string folder = variable("XDG_CONFIG_HOME"); !folder.empty())
    return folder + "/vpr/tokens.jsonl";
  if (const std::string home = variable("HOME"); !home.empty())
    return home + "/.config/vpr/tokens.jsonl";
  throw Error(ErrorCode::kNotFound, "there is no $HOME to keep tokens in; name a file (--tokens)");
}

bool Caller::May(Scope scope) const {
  if (scope == Scope::kNone) return true;
  if (scope == Scope::kAny) return known;
  return (scopes & static_cast<unsigned>(scope)) != 0;
}

struct Access::Impl {
  AccessOptions options;
  TokenFile file;
  Buckets requests, failures;
  std::mutex mutex;  // of what follows
  std::vector<Token> tokens;
  bool needed = true;
  Clock::time_point looked{};
  timespec changed{};
  ino_t inode = 0;

  // With `mutex` held.
  void Look() {
    const Clock::time_point now = Clock::now();
    if (looked != Clock::time_point{} && now - looked < kLookAgain) return;
    looked = now;
    struct stat status {};
    if (::stat(file.path().c_str(), &status) != 0) {
      tokens.clear();
      inode = 0;
      needed = !(options.without_tokens && errno == ENOENT);
      return;
    }
    needed = true;
    if (status.st_ino == inode && status.st_mtim.tv_sec == changed.tv_sec &&
        status.st_mtim.tv_nsec == changed.tv_nsec)
      return;
    inode = status.st_ino;
    changed = status.st_mtim;
    tokens.clear();
    tokens = file.Read();
  }
};

Access::Access(AccessOptions options) {
  RequireSodium();
  const double rate = options.rate_per_minute;
  std::string path = options.tokens;
  impl_.reset(new Impl{std::move(options),
                       TokenFile(std::move(path)),
                       Buckets(rate),
                       Buckets(kFailuresPerMinute),
                       {},
                       {},
                       true,
                       {},
                       {},
                       0});
  for (std::string& host : impl_->options.hosts) host = Lower(host);
  std::lock_guard lock(impl_->mutex);
  impl_->Look();
}
Access::~Access() = default;

Caller Access::Identify(std::optional<std::string_view> authorization) {
  std::string presented;
  if (authorization && authorization->size() > 7 && Lower(authorization->substr(0, 7)) == "bearer ")
    presented = HashOf(authorization->substr(authorization->find_last_of(' ') + 1));
  std::lock_guard lock(impl_->mutex);
  try {
    impl_->Look();
  } catch (const Error&) {
    // The file cannot be used: nobody is let in until it can be.
    impl_->inode = 0;
    return {"anonymous", 0, false};
  }
  Caller caller{"anonymous", 0, false};
  for (const Token& token : impl_->tokens)
    if (presented.size() == token.hash.size() &&
        ::sodium_memcmp(presented.data(), token.hash.data(), presented.size()) == 0)
      caller = {token.name, token.scopes, true};
  if (!impl_->needed && !caller.known) caller = {"anonymous", kAllScopes, true};
  return caller;
}

bool Access::tokens_needed() {
  std::lock_guard lock(impl_->mutex);
  return impl_->needed;
}

std::optional<int> Access::Wait(const std::string& who) {
  if (impl_->options.rate_per_minute <= 0) return std::nullopt;
  return impl_->requests.Take(who, std::max(1.0, impl_->requests.per_second() * kBurstSeconds));
}

std::optional<int> Access::WaitAfterFailure(const std::string& address) {
  return impl_->failures.Take(address, kFailuresPerMinute);
}

bool Access::HostAllowed(std::string_view host) const {
  const std::string name = Lower(WithoutPort(host));
  if (IsAddress(name) || name == "localhost") return true;
  const auto& hosts = impl_->options.hosts;
  return std::find(hosts.begin(), hosts.end(), name) != hosts.end();
}

bool Access::OriginAllowed(std::string_view origin, std::string_view host) {
  const std::size_t begin = origin.find("://");
  return begin != std::string_view::npos && Lower(origin.substr(begin + 3)) == Lower(host);
}

}  // namespace vpr
