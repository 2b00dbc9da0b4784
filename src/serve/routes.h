// The table of routes: who may use them, what they take and give. The OpenAPI description is made
// from it, and what comes in is checked against it.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/multipart.h"
#include "vpr/serve/access.h"
#include "vpr/serve/http.h"
#include "vpr/serve/service.h"

namespace vpr {

class Handlers;
struct Route;

inline constexpr std::size_t kMostRecordings = 20;  // of an enrollment
inline constexpr std::size_t kMostJsonBytes = 64 << 10;
inline constexpr std::size_t kLongestText = 1000, kLongestNote = 4000;  // characters

// A request that fits its route.
struct Call {
  const HttpRequest& request;
  const Route& route;
  const Caller& caller;
  std::chrono::steady_clock::time_point deadline;
  std::map<std::string, std::string> values = {};  // of path, query and form, by name
  std::vector<FormPart> recordings = {};           // their `file` is what they are called
  // For the log: whom it is about, what was found.
  std::string about = {}, decision = {};

  std::optional<std::string> Text(const std::string& name) const;
  std::optional<double> Number(const std::string& name) const;
  std::optional<std::size_t> Count(const std::string& name) const;
  bool Flag(const std::string& name) const;
};

struct Parameter {
  enum class Type { kText, kNumber, kCount, kFlag };
  const char* name;
  Type type;
  const char* description;
  bool in_path = false;
  // Of a text: characters.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  const char* pattern = nullptr;  // that a text has; for the description, the handler sees to it
  // In the query or the form; the description, which cannot say that, has it in the query.
  bool needed = false;
};

enum class BodyKind {
  kNone,
  kRecording,   // one, as it is or in a form
  kRecordings,  // up to kMostRecordings in a form, or one as it is
  kPair,        // two in a form
  kJson,
  kJsonRecording  // JSON with recordings in base64
};

struct Route {
  const char* method;
  const char* path;  // "{name}": any text without a slash
  Scope scope;
  RequestLane lane;
  const char* summary;
  std::vector<Parameter> parameters;
  BodyKind body;
  const char* body_schema;  // of kJson
  const char* type;         // of the answer
  const char* schema;       // of an answer in JSON; "": none
  HttpResponse (Handlers::*handle)(Call&);
};

const std::vector<Route>& Routes();
// Of a parameter that is a text, in characters.
double LongestText(const Parameter& parameter);

// The route of a method and a path, its values in `values`; without one, the answer that says so.
struct FoundRoute {
  const Route* route = nullptr;
  std::map<std::string, std::string> values;
  HttpResponse refusal;
};
FoundRoute FindRoute(const std::string& method, std::string_view path);

// Takes query and body apart and holds them against the route. Throws kInvalidArgument;
// `refusal` is set for what is another status.
void ReadCall(Call& call, std::optional<HttpResponse>& refusal);

// OpenAPI 3.1.
std::string OpenApi(std::size_t most_body);

}  // namespace vpr
