#include "serve/multipart.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/serve/http.h"

namespace vpr {
namespace {

constexpr std::size_t kLongestHeaders = 4096;

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "cannot read the form: " + what);
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool StartsIgnoringCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

// The value of `; name=value` or `; name="value"`, with \" in it.
std::optional<std::string> Attribute(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    ++at;
    while (at < header.size() && (header[at] == ' ' || header[at] == '\t')) ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = Trimmed(header.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size() &&
            (header[at + 1] == '"' || header[at + 1] == '\\'))
          ++at;
        value += header[at];
      }
      if (at >= header.size()) return std::nullopt;
      at = header.find(';', at);
    } else {
      const std::size_t end = std::min(header.find(';', at), header.size());
      value = std::string(Trimmed(header.substr(at, end - at)));
      at = end == header.size() ? std::string_view::npos : end;
    }
    if (key.size() == name.size() && StartsIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

// string_view's own search compares at every first character of `what`: of bodies made for it,
// slowly.
std::size_t Find(std::string_view text, std::string_view what, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

std::optional<std::string> FormBoundary(std::string_view content_type) {
  if (!StartsIgnoringCase(content_type, "multipart/form-data")) return std::nullopt;
  return Attribute(content_type, "boundary").value_or("");
}

std::vector<FormPart> ParseForm(std::string_view body, const std::string& boundary,
                                std::size_t most) {
  if (boundary.empty() || boundary.size() > 70)
    Refuse("its Content-Type names no boundary of 1 to 70 characters");
  const std::string line = "--" + boundary, between = "\r\n" + line;
  std::size_t at = 0;
  if (!body.starts_with(line)) {  // what stands before the first boundary is nothing
    at = Find(body, between, 0);
    if (at == std::string_view::npos) Refuse("it holds no boundary");
    at += 2;
  }
  at += line.size();
  std::vector<FormPart> parts;
  while (true) {
    const std::string_view rest = body.substr(at);
    if (rest.starts_with("--")) return parts;
    if (!rest.starts_with("\r\n")) Refuse("a boundary is followed by something else");
    at += 2;
    const std::size_t end_of_headers = Find(body.substr(0, at + kLongestHeaders), "\r\n\r\n", at);
    if (end_of_headers == std::string_view::npos)
      Refuse(Format("the headers of part %zu do not end", parts.size() + 1));
    FormPart part;
    std::optional<std::string> field;
    for (std::string_view header : Lines(body.substr(at, end_of_headers - at))) {
      constexpr std::string_view kDisposition = "content-disposition:";
      if (!StartsIgnoringCase(header, kDisposition)) continue;
      header = Trimmed(header.substr(kDisposition.size()));
      if (!StartsIgnoringCase(header, "form-data")) continue;
      field = Attribute(header, "name");
      part.file = Attribute(header, "filename");
    }
    if (!field) Refuse(Format("part %zu has no name", parts.size() + 1));
    part.field = std::move(*field);
    at = end_of_headers + 4;
    // An empty part may end where its headers do.
    const std::size_t end = Find(body, between, at - 2);
    if (end == std::string_view::npos)
      Refuse(Format("part %zu is cut off: no boundary follows", parts.size() + 1));
    if (end >= at) part.bytes = std::string(body.substr(at, end - at));
    if (parts.size() == most) Refuse(Format("it has more than %zu parts", most));
    parts.push_back(std::move(part));
    at = end + between.size();
  }
}

}  // namespace vpr
