// vpr serve: everything over HTTP; vpr serve token: who may call the service.
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "options/network_options.h"
#include "options/store_options.h"
#include "vpr/serve/digit_prompts.h"
#include "vpr/serve/server.h"

namespace vpr::cli {
namespace {

struct TokenOptions {
  std::string tokens, name;
  std::vector<std::string> scopes;
  bool json = false;

  TokenFile file() const { return TokenFile(FindTokens(tokens)); }
};

int Add(const TokenOptions& options, const Context&) {
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

int List(const TokenOptions& options, const Context&) {
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

int Remove(const TokenOptions& options, const Context&) {
  options.file().Remove(options.name);
  if (options.json)
    PrintJson({{"name", options.name}, {"removed", true}});
  else
    Print(options.name + ": removed\n");
  return kExitDone;
}

// Declares --tokens.
void AddTokensOption(const Declare& add, std::string& tokens) {
  add("--tokens", tokens, "FILE",
      "The file of the tokens (default: $VPR_TOKENS, else vpr/tokens.jsonl in $XDG_CONFIG_HOME or "
      "~/.config)");
}

void AddTokenCommand(CLI::App& serve, Context& context) {
  auto options = std::make_shared<TokenOptions>();
  CLI::App& command = AddGroup(serve, "token", "Who may call: add, list, remove tokens");
  const auto declare = [&](const char* name, const char* what,
                           int (*run)(const TokenOptions&, const Context&)) {
    const Declare add = AddCommand(command, context, name, what, options, run);
    AddTokensOption(add, options->tokens);
    add.Flag("--json", options->json, "As JSON, one object a line");
    return add;
  };
  const Declare add = declare("add", "A new token, which is printed, and kept nowhere", Add);
  add.Required("name", options->name, "NAME", "Whose it is");
  add.Required("--scope", options->scopes, "SCOPE",
               "What it allows: read (who is enrolled), identify (compare, verify, identify, "
               "diarize, embed), enroll, admin (rename, remove, export); several times for several",
               CLI::IsMember({"read", "identify", "enroll", "admin"}))
      ->expected(1, 4);
  declare("list", "Names, scopes and when they were made", List);
  declare("remove", "A token is no longer valid", Remove)
      .Required("name", options->name, "NAME", "Whose it is");
}

struct Options {
  std::string listen = "127.0.0.1:8800", wyoming, prompt_model;
  std::size_t prompt_length = 6;
  ServiceOptions service;
  ServerOptions server;
  double most_megabytes = 128, memory_megabytes = 512, most_minutes = 120;
  int most_seconds = 300;
  StoreArguments store;
  NetworkOptions network;
};

int Run(const Options& given, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  ServiceOptions service_options = given.service;
  ServerOptions server = given.server;
  service_options.warn = [&](const std::string& line) { progress->Warn(line); };
  DecideListening(given.listen, given.wyoming, service_options, server);
  service_options.prompts = MakeDigitPrompts(given.prompt_model, given.prompt_length);
  const std::string model = FindModel(given.network.model);
  Recognizer recognizer(EmbeddingExtractor::Open(model, given.network.engine), model,
                        OpenStore(given.store, true));
  const auto open = [store = given.store] { return OpenStore(store); };
  recognizer.Load(*progress);
  Service service(recognizer, open(), open, service_options);
  RunServer(service, server, CatchInterrupts(),
            [](const std::string& http, const std::string& wyoming) {
              Print("listening at http://" + http + "\n" +
                    (wyoming.empty() ? "" : "listening at tcp://" + wyoming + " (Wyoming)\n"));
            });
  progress->Info("stopped");
  return kExitDone;
}

void Complete(Options& options) {
  constexpr double kMega = 1 << 20;
  options.service.most_body = static_cast<std::size_t>(options.most_megabytes * kMega);
  options.server.body_memory = static_cast<std::size_t>(options.memory_megabytes * kMega);
  options.service.most_time = std::chrono::seconds(options.most_seconds);
  options.network.engine.read.max_seconds = 60 * options.most_minutes;
  options.server.threads = options.network.engine.threads;
}

}  // namespace

void AddServeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  ServiceOptions& service = options->service;
  ServerOptions& server = options->server;
  CLI::App* command =
      app.add_subcommand("serve", "A service: enroll, verify, identify over HTTP, and a page");
  command->require_subcommand(0, 1);
  AddTokenCommand(*command, context);
  const Declare add{*command};
  add.Default("--listen", options->listen, "ADDRESS:PORT", "Where; port 0: any that is free");
  add("--wyoming", options->wyoming, "ADDRESS:PORT",
      "Answer voice assistants (Wyoming protocol) there, on this machine only");
  AddTokensOption(add, service.access.tokens);
  add("--host", service.access.hosts, "NAME",
      "A name that the service is called by, beside addresses and localhost")
      ->expected(1, 100);
  add.Flag("--behind-proxy", service.access.behind_proxy,
           "A client's address is the last one in X-Forwarded-For");
  add.Default("--rate", service.access.rate_per_minute, "N",
              "Requests a minute that a token may make; 0: any number", CLI::Range(0.0, 1e7));
  add("--audit", service.audit, "FILE",
      "Append who asked what to this file, as JSON lines, without voices");
  add("--prompt-model", options->prompt_model, "FILE",
      "Transcriber of digits, for logins that ask for them (default: $VPR_TRANSCRIBER, if it is "
      "one, else the one of English digits that comes with vpr); none: nothing is asked for");
  add.Default("--prompt-length", options->prompt_length, "N", "Digits asked for",
              CLI::Range(3, 20));
  AddFpirOption(*command, service.fpir);
  add.Default("--max-body", options->most_megabytes, "MIB", "Largest request",
              CLI::Range(0.01, 4096.0));
  add.Default("--max-memory", options->memory_megabytes, "MIB", "Of all requests under way",
              CLI::Range(0.01, 1e6));
  add.Default("--max-minutes", options->most_minutes, "MIN", "Longest recording",
              CLI::Range(0.1, 1440.0));
  add.Default("--max-seconds", options->most_seconds, "S", "That a request is worked on",
              CLI::Range(1, 86400));
  add.Default("--queue", server.queue, "N", "Requests that may wait; more get 503",
              CLI::Range(std::size_t{0}, std::size_t{100000}));
  add.Default("--connections", server.connections, "N", "Open at once",
              CLI::Range(std::size_t{1}, std::size_t{1000000}));
  AddQualityOptions(*command, service.limits);
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  command->callback([options, command, &context] {
    if (!command->get_subcommands().empty()) return;
    Complete(*options);
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
