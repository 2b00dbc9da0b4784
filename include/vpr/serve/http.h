// A request and an answer of HTTP, without the connection that they go through.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vpr {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/v1/speakers/Ada?limit=3", as it came
  HttpHeaders headers;
  std::string body;
  std::string peer;  // the client's address, "127.0.0.1"

  // The first of this name, in any case; or the last one.
  std::optional<std::string_view> Header(std::string_view name, bool last = false) const;
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  HttpHeaders headers = {};
  std::string body = {};
  // If set, the body: calls the function for each piece, as it comes to be; the function throws
  // kInterrupted if the client has gone.
  std::function<void(const std::function<void(std::string_view)>&)> stream = {};
};

// "Bad Request"
std::string_view StatusText(int status);

// An error as RFC 9457 has it: {"type", "title", "status", "detail"}. `detail` is one line: what
// failed, what was found, what was expected.
HttpResponse Problem(int status, const std::string& detail, HttpHeaders headers = {});

// "%E6%9D%8E" as bytes; nothing for what is no such text. `plus`: "+" is a blank, as in queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus);

}  // namespace vpr
