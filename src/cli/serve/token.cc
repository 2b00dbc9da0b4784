// vpr serve token: who may call the service.
#include <nlohmann/json.hpp>

#include "cli/serve/serve.h"
#include "vpr/serve/access.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string tokens, name;
  std::vector<std::string> scopes;
  bool json = false;

  TokenFile file() const { return TokenFile(FindTokens(tokens)); }
};

int Add(const Options& options, const Context&) {
  unsigned scopes = 0;
  for (const std::string& scope : options.scopes)
    scopes |= static_cast<unsigned>(ParseScope(scope).value());
  const std::string token = options.file().Add(options.name, scopes);
  if (options.json)
    PrintJson({{"name", options.name}, {"scopes", ScopeNames(scopes)}, {"token", token}});
  else
    Print(token + "\n");
  return kExitDone;
}

int List(const Options& options, const Context&) {
  for (const Token& token : options.file().Read()) {
    const std::vector<std::string> scopes = ScopeNames(token.scopes);
    std::string names;
    for (const std::string& name : scopes) names += (names.empty() ? "" : " ") + name;
    if (options.json)
      PrintJson({{"name", token.name}, {"scopes", scopes}, {"created_at", token.created_at}});
    else
      Print(token.name + "\t" + names + "\t" + token.created_at + "\n");
  }
  return kExitDone;
}

int Remove(const Options& options, const Context&) {
  options.file().Remove(options.name);
  if (options.json)
    PrintJson({{"name", options.name}, {"removed", true}});
  else
    Print(options.name + ": removed\n");
  return kExitDone;
}

}  // namespace

void AddTokensOption(const Declare& add, std::string& tokens) {
  add("--tokens", tokens, "FILE",
      "The file of the tokens (default: $VPR_TOKENS, else vpr/tokens.jsonl in $XDG_CONFIG_HOME or "
      "~/.config)");
}

void AddTokenCommand(CLI::App& serve, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = serve.add_subcommand("token", "Who may call: add, list, remove tokens");
  command->require_subcommand(1);
  command->footer(
      R"(Tokens are kept hashed, in a file that its owner alone can read. A running service takes
changes in within a second.
Example:
  vpr serve token add door --scope identify
  vpr serve token remove door)");
  const auto declare = [&](const char* name, const char* what,
                           int (*run)(const Options&, const Context&), const char* example) {
    const Declare add = AddCommand(*command, context, name, what, options, run);
    AddTokensOption(add, options->tokens);
    add.Flag("--json", options->json, "As JSON, one object a line");
    add.command.footer(std::string("Example:\n  ") + example);
    return add;
  };
  const Declare add =
      declare("add", "A new token, which is printed, and kept nowhere", Add,
              "vpr serve token add desk --scope read --scope identify --scope enroll");
  add.Required("name", options->name, "NAME", "Whose it is");
  add.Required("--scope", options->scopes, "SCOPE",
               "What it allows: read (who is enrolled), identify (compare, verify, identify, "
               "diarize, embed), enroll, admin (rename, remove, export); several times for several",
               CLI::IsMember({"read", "identify", "enroll", "admin"}))
      ->expected(1, 4);
  declare("list", "Names, scopes and when they were made", List, "vpr serve token list");
  declare("remove", "A token is no longer valid", Remove, "vpr serve token remove desk")
      .Required("name", options->name, "NAME", "Whose it is");
}

}  // namespace vpr::cli
