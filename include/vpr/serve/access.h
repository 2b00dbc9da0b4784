// Who may do what over the network: tokens, their scopes and rates.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vpr {

// What a token allows. Each is of its own: admin does not bring identify with it.
enum class Scope : unsigned {
  kNone = 0,
  kRead = 1,      // who is enrolled
  kIdentify = 2,  // compare, verify, identify, diarize, embed
  kEnroll = 4,    // enroll
  kAdmin = 8,     // rename, note, remove, export
  kAny = 16       // of a route: whoever has a token
};
inline constexpr unsigned kAllScopes = 15;

// "read"; nothing for an unknown one.
std::optional<Scope> ParseScope(std::string_view text);
std::string ScopeName(Scope scope);
std::vector<std::string> ScopeNames(unsigned scopes);

struct Token {
  std::string name;
  unsigned scopes = 0;
  std::string hash;  // hexadecimal, BLAKE2b of the token
  std::string created_at;
};

// The file of the tokens: JSON lines, readable for its owner alone, the tokens hashed. Changes
// are whole or absent, and wait for one another.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  bool exists() const;
  // None without a file. Throws kCorrupt with the line, kIo, and kIo for a file that others may
  // read or write.
  std::vector<Token> Read() const;
  // The new token, which is not kept anywhere. Throws kInvalidArgument for a name that is taken
  // or cannot be one, and what Read throws.
  std::string Add(const std::string& name, unsigned scopes) const;
  // Throws kNotFound.
  void Remove(const std::string& name) const;

 private:
  void Write(const std::vector<Token>& tokens) const;
  std::string path_;
};

// `given` if not empty, else $VPR_TOKENS, else vpr/tokens.jsonl below $XDG_CONFIG_HOME or
// ~/.config. Throws kNotFound if there is no home folder either.
std::string FindTokens(const std::string& given);

struct AccessOptions {
  std::string tokens;              // path
  bool without_tokens = true;      // where there is no file of tokens, everybody may do all
  double rate_per_minute = 1200;   // of a token's requests; 0: any
  std::vector<std::string> hosts;  // names that the service may be called by
  bool behind_proxy = false;       // a client's address is the last of X-Forwarded-For
};

struct Caller {
  std::string name;  // of the token; "anonymous" without one
  unsigned scopes = 0;
  bool known = false;  // has a token, or needs none

  bool May(Scope scope) const;
};

// Thread-safe.
class Access {
 public:
  explicit Access(AccessOptions options);
  ~Access();

  // Who calls. `authorization`: the header, if there is one. Tokens are compared in a time that
  // says nothing about them. The file is read again when it has changed; one that can no longer be
  // read lets nobody in.
  Caller Identify(std::optional<std::string_view> authorization);
  bool tokens_needed();

  // Takes one request of the rate of `who`; else in how many seconds there is one.
  std::optional<int> Wait(const std::string& who);
  // The same for failed attempts, of which an address has few.
  std::optional<int> WaitAfterFailure(const std::string& address);

  // Whether the service may be called by this Host header: an address, localhost, a name of the
  // options. A page of somebody else's whose name leads here (DNS rebinding) has another.
  bool HostAllowed(std::string_view host) const;
  // Whether a page of this Origin may call: only one that came from this host.
  static bool OriginAllowed(std::string_view origin, std::string_view host);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
