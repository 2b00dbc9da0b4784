// vpr serve token: who may call the service.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/serve/serve.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/serve/access.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string tokens, name;
  std::vector<std::string> scopes;
  bool json = false;
};

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

int Add(const Options& options) {
  unsigned scopes = 0;
  for (const std::string& scope : options.scopes)
    scopes |= static_cast<unsigned>(ParseScope(scope).value());
  const std::string token = TokenFile(FindTokens(options.tokens)).Add(options.name, scopes);
  if (options.json)
    PrintJson({{"name", options.name}, {"scopes", ScopeNames(scopes)}, {"token", token}});
  else
    Print(token + "\n");
  return kExitDone;
}

int List(const Options& options) {
  for (const Token& token : TokenFile(FindTokens(options.tokens)).Read()) {
    const std::vector<std::string> scopes = ScopeNames(token.scopes);
    if (options.json)
      PrintJson({{"name", token.name}, {"scopes", scopes}, {"created_at", token.created_at}});
    else
      Print(token.name + "\t" + Joined(scopes) + "\t" + token.created_at + "\n");
  }
  return kExitDone;
}

int Remove(const Options& options) {
  TokenFile(FindTokens(options.tokens)).Remove(options.name);
  if (options.json)
    PrintJson({{"name", options.name}, {"removed", true}});
  else
    Print(options.name + ": removed\n");
  return kExitDone;
}

}  // namespace

void AddTokenCommand(CLI::App& serve, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = serve.add_subcommand("token", "Who may call: add, list, remove tokens");
  command->require_subcommand(1);
  command->footer(
      "Tokens are kept hashed, in a file that its owner alone can read. A running service takes\n"
      "changes in within a second.\n"
      "Example:\n"
      "  vpr serve token add door --scope identify\n"
      "  vpr serve token remove door");
  const auto add = [&](const char* name, const char* what, int (*run)(const Options&)) {
    CLI::App* one = command->add_subcommand(name, what);
    one->add_option("--tokens", options->tokens,
                    "The file of the tokens (default: $VPR_TOKENS, else vpr/tokens.jsonl in "
                    "$XDG_CONFIG_HOME or ~/.config)")
        ->type_name("FILE");
    one->add_flag("--json", options->json, "As JSON, one object a line");
    one->callback(
        [options, &context, run] { context.run = [options, run] { return run(*options); }; });
    return one;
  };
  CLI::App* added = add("add", "A new token, which is printed, and kept nowhere", Add);
  added->add_option("name", options->name, "Whose it is")->required()->type_name("NAME");
  added
      ->add_option("--scope", options->scopes,
                   "What it allows: read (who is enrolled), identify (compare, verify, identify, "
                   "diarize, embed), enroll, admin (rename, remove, export); several times for "
                   "several")
      ->required()
      ->check(CLI::IsMember({"read", "identify", "enroll", "admin"}))
      ->expected(1, 4)
      ->type_name("SCOPE");
  added->footer(
      "Example:\n  vpr serve token add desk --scope read --scope identify --scope enroll");
  add("list", "Names, scopes and when they were made", List)
      ->footer("Example:\n  vpr serve token list");
  CLI::App* removed = add("remove", "A token is no longer valid", Remove);
  removed->add_option("name", options->name, "Whose it is")->required()->type_name("NAME");
  removed->footer("Example:\n  vpr serve token remove desk");
}

}  // namespace vpr::cli
