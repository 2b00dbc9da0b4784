#include <algorithm>
#include <nlohmann/json.hpp>

#include "serve/embedded.h"
#include "serve/routes.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// "service/problem" as "problem".
std::string ComponentName(std::string_view schema) {
  return std::string(schema.substr(schema.rfind('/') + 1));
}

Json Reference(std::string_view schema) {
  return {{"$ref", "#/components/schemas/" + ComponentName(schema)}};
}

Json SchemaOf(const Parameter& parameter) {
  switch (parameter.type) {
    case Parameter::Type::kText: {
      Json schema = {{"type", "string"},
                     {"minLength", std::max(parameter.least, parameter.in_path ? 1.0 : 0.0)},
                     {"maxLength", LongestText(parameter)}};
      for (const char* key : {"minLength", "maxLength"})
        schema[key] = static_cast<int>(schema[key].get<double>());
      if (parameter.pattern != nullptr) schema["pattern"] = parameter.pattern;
      return schema;
    }
    case Parameter::Type::kFlag:
      return {{"type", "boolean"}};
    case Parameter::Type::kNumber:
      return {{"type", "number"}, {"minimum", parameter.least}, {"maximum", parameter.most}};
    case Parameter::Type::kCount:
      return {{"type", "integer"},
              {"minimum", static_cast<std::int64_t>(parameter.least)},
              {"maximum", static_cast<std::int64_t>(parameter.most)}};
  }
  return {};
}

Json BodyOf(const Route& route) {
  if (route.body == BodyKind::kJson || route.body == BodyKind::kJsonRecording)
    return {{"required", true},
            {"content", {{"application/json", {{"schema", Reference(route.body_schema)}}}}}};
  // A part with a filename is a recording, whatever its field; usually this one.
  const Json file = {{"type", "string"}, {"format", "binary"}, {"minLength", 1}};
  Json form = {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
  for (const Parameter& parameter : route.parameters)
    if (!parameter.in_path) form["properties"][parameter.name] = SchemaOf(parameter);
  if (route.body == BodyKind::kPair) {
    form["properties"]["a"] = file;
    form["properties"]["b"] = file;
    form["required"] = {"a", "b"};
  } else {
    form["properties"]["file"] = route.body == BodyKind::kRecordings
                                     ? Json{{"type", "array"},
                                            {"items", file},
                                            {"minItems", 1},
                                            {"maxItems", kMostRecordings}}
                                     : file;
    form["required"] = {"file"};
  }
  Json content = {{"multipart/form-data", {{"schema", std::move(form)}}}};
  if (route.body != BodyKind::kPair) {
    for (const char* type : {"audio/*", "application/octet-stream"})
      content[type] = {{"schema", {{"type", "string"}, {"format", "binary"}, {"minLength", 1}}}};
  }
  return {{"required", true}, {"content", std::move(content)}};
}

Json AnswersOf(const Route& route) {
  Json done = {{"description", "Done"}};
  if (*route.schema != '\0')
    done["content"][route.type] = {{"schema", Reference(route.schema)}};
  else if (*route.type != '\0')
    done["content"][route.type] = Json::object();
  Json answers = Json::object();
  answers[*route.type == '\0' ? "204" : "200"] = std::move(done);
  const auto problem = [&](const char* status, const char* description) {
    answers[status] = {
        {"description", description},
        {"content", {{"application/problem+json", {{"schema", Reference("service/problem")}}}}}};
  };
  problem("400", "A parameter or the body is not as described here");
  problem("403", "The token lacks the scope, or the call comes from another site's page");
  problem("404", "Nobody of this name is enrolled, or there is nothing here");
  problem("405", "Another method is expected");
  problem("431", "The headers or the address are too long");
  problem("421", "The service is called by a name that is not its own");
  if (route.scope != Scope::kNone) {
    problem("401", "There is no token, or an unknown one");
    problem("429", "Too many requests: Retry-After tells when to try again");
  }
  if (route.body != BodyKind::kNone) {
    problem("408", "The body took too long");
    problem("413", "The body is too large, or takes too long to work on");
    problem("415", "The body is of another type");
    problem("422", "Nothing could be made of the recording: the detail says why");
  }
  if (route.lane != RequestLane::kAtOnce) {
    problem("409",
            "What is there does not allow it: a name is taken, nobody is enrolled, no prompt");
    problem("503", "Too busy, or the store cannot be used: Retry-After tells when to try again");
  }
  return answers;
}

Json OperationOf(const Route& route) {
  std::string id;
  for (std::string_view word : Split(route.path, '/')) {
    if (word.empty() || word == "v1") continue;
    if (word.starts_with('{')) word = word.substr(1, word.size() - 2);
    for (char c : word)
      if (c != '.') id += c;
    id += '_';
  }
  id += route.method;
  for (char& c : id) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  Json operation = {{"operationId", id}, {"summary", route.summary}};
  if (route.scope != Scope::kNone) {
    operation["description"] = "Needs the scope " + ScopeName(route.scope) + ".";
    operation["security"] = Json::array({{{"token", Json::array()}}});
  }
  Json parameters = Json::array();
  for (const Parameter& parameter : route.parameters)
    parameters.push_back({{"name", parameter.name},
                          {"in", parameter.in_path ? "path" : "query"},
                          {"required", parameter.in_path || parameter.needed},
                          {"description", parameter.description},
                          {"schema", SchemaOf(parameter)}});
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.body != BodyKind::kNone) operation["requestBody"] = BodyOf(route);
  operation["responses"] = AnswersOf(route);
  return operation;
}

}  // namespace

std::string OpenApi(std::size_t most_body) {
  Json paths = Json::object();
  for (const Route& route : Routes()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    paths[route.path][method] = OperationOf(route);
  }
  Json schemas = Json::object();
  for (const BuiltInFile& file : SchemaFiles()) {
    Json schema = Json::parse(file.content);
    schema.erase("$schema");
    schema.erase("x-commands");
    schemas[ComponentName(file.name)] = std::move(schema);
  }
  return JsonLine(
      {{"openapi", "3.1.0"},
       {"info",
        {{"title", "vpr"},
         {"version", Version()},
         {"description",
          Format(
              "Voiceprints: who is speaking? Recordings are of any format that vpr reads, at most "
              "%zu bytes; parameters of a route with a form may be its fields, too. "
              "Live audio: a WebSocket at /v1/live (docs/service.md).",
              most_body)}}},
       {"paths", std::move(paths)},
       {"components",
        {{"schemas", std::move(schemas)},
         {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}});
}

}  // namespace vpr
