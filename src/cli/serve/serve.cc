// vpr serve: everything over HTTP.
#include "cli/serve/serve.h"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "cli/embedding_run.h"
#include "cli/transcribe/transcribe.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/serve/server.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string listen = "127.0.0.1:8800", wyoming, tokens, prompt_model;
  std::size_t prompt_length = 6;
  ServiceOptions service;
  ServerOptions server;
  double most_megabytes = 128, memory_megabytes = 512, most_minutes = 120;
  int most_seconds = 300;
  StoreArguments store;
  NetworkOptions network;
};

// Nothing without a transcriber.
PromptChecker MakePrompts(const Options& options) {
  std::string file;
  try {
    file = FindTranscriber(options.prompt_model);
  } catch (const Error& error) {
    if (!options.prompt_model.empty() || error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
  const auto transcriber = std::make_shared<const Transcriber>(Transcriber::Load(file));
  if (transcriber->tokens().kind() != TokenKind::kDigits && options.prompt_model.empty()) return {};
  if (transcriber->tokens().kind() != TokenKind::kDigits)
    throw Error(ErrorCode::kInvalidArgument,
                "cannot ask for digits with '" + Printable(file) + "': it writes " +
                    ToString(transcriber->tokens().kind()) + "; expected one of digits");
  PromptChecker prompts;
  prompts.draw = [transcriber, length = options.prompt_length] {
    return transcriber->tokens().Decode(DrawPrompt(transcriber->tokens(), length));
  };
  prompts.check = [transcriber](const std::string& words, const std::vector<float>& samples) {
    return CheckSpoken(*transcriber, transcriber->tokens().Encode(words), samples);
  };
  return prompts;
}

int Run(const Options& given, const Context& context) {
  Options options = given;
  ParseListen(options.listen, options.server.address, options.server.port);
  if (const auto passed = FindPassedSocket()) {
    options.server.socket = passed->descriptor;
    options.server.address = passed->address;
    options.listen = passed->address;
  }
  if (!options.wyoming.empty()) {
    ParseListen(options.wyoming, options.server.wyoming_address, options.server.wyoming_port);
    if (!IsLoopback(options.server.wyoming_address))
      throw Error(ErrorCode::kInvalidArgument,
                  "cannot serve the Wyoming protocol at " + Printable(options.wyoming) +
                      ": it knows no tokens, and others can reach that; expected an address of "
                      "this machine, as 127.0.0.1:10700");
  }
  AccessOptions& access = options.service.access;
  access.tokens = FindTokens(options.tokens);
  const bool loopback = IsLoopback(options.server.address);
  access.without_tokens = loopback;
  const std::size_t tokens = TokenFile(access.tokens).Read().size();
  if (!loopback && tokens == 0)
    throw Error(ErrorCode::kInvalidArgument,
                "cannot listen at " + Printable(options.listen) +
                    ": others can reach it, and no token says who may call; make one: vpr serve "
                    "token add NAME --scope identify");
  if (tokens == 0 && TokenFile(access.tokens).exists())
    spdlog::warn("'{}' holds no token: nobody may call", Printable(access.tokens));
  else if (tokens == 0)
    spdlog::warn(
        "without tokens everybody on this machine may enroll, identify and remove; make one: vpr "
        "serve token add NAME --scope identify");
  constexpr double kMega = 1 << 20;
  options.service.most_body = static_cast<std::size_t>(options.most_megabytes * kMega);
  options.server.body_memory = static_cast<std::size_t>(options.memory_megabytes * kMega);
  options.service.most_time = std::chrono::seconds(options.most_seconds);
  options.service.warn = [](const std::string& line) { spdlog::warn("{}", line); };
  options.network.engine.read.max_seconds = 60 * options.most_minutes;
  options.server.threads = options.network.engine.threads;

  options.service.prompts = MakePrompts(options);
  const std::string model = FindModel(options.network.model);
  Recognizer recognizer(EmbeddingExtractor::Open(model, options.network.engine), model,
                        OpenStore(options.store, true));
  const auto open = [store = options.store] { return OpenStore(store); };
  recognizer.Load(*MakeConsoleProgress(context));
  Service service(recognizer, open(), open, options.service);
  RunServer(service, options.server, CatchInterrupts(),
            [](const std::string& http, const std::string& wyoming) {
              Print("listening at http://" + http + "\n" +
                    (wyoming.empty() ? "" : "listening at tcp://" + wyoming + " (Wyoming)\n"));
            });
  spdlog::info("stopped");
  return kExitDone;
}

}  // namespace

void AddServeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("serve", "A service: enroll, verify, identify over HTTP, and a page");
  command->require_subcommand(0, 1);
  AddTokenCommand(*command, context);
  command->add_option("--listen", options->listen, "Where; port 0: any that is free")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command
      ->add_option("--wyoming", options->wyoming,
                   "Answer voice assistants (Wyoming protocol) there, on this machine only")
      ->type_name("ADDRESS:PORT");
  command
      ->add_option("--tokens", options->tokens,
                   "The file of the tokens (default: $VPR_TOKENS, else vpr/tokens.jsonl in "
                   "$XDG_CONFIG_HOME or ~/.config)")
      ->type_name("FILE");
  command
      ->add_option("--host", options->service.access.hosts,
                   "A name that the service is called by, beside addresses and localhost")
      ->expected(1, 100)
      ->type_name("NAME");
  command->add_flag("--behind-proxy", options->service.access.behind_proxy,
                    "A client's address is the last one in X-Forwarded-For");
  command
      ->add_option("--rate", options->service.access.rate_per_minute,
                   "Requests a minute that a token may make; 0: any number")
      ->check(CLI::Range(0.0, 1e7))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--audit", options->service.audit,
                   "Append who asked what to this file, as JSON lines, without voices")
      ->type_name("FILE");
  command
      ->add_option("--prompt-model", options->prompt_model,
                   "Transcriber of digits, for logins that ask for them (default: "
                   "$VPR_TRANSCRIBER, if it is one; without there are none)")
      ->type_name("FILE");
  command->add_option("--prompt-length", options->prompt_length, "Digits asked for")
      ->check(CLI::Range(3, 20))
      ->type_name("N")
      ->capture_default_str();
  AddFpirOption(*command, options->service.fpir);
  command->add_option("--max-body", options->most_megabytes, "Largest request")
      ->check(CLI::Range(0.01, 4096.0))
      ->type_name("MIB")
      ->capture_default_str();
  command->add_option("--max-memory", options->memory_megabytes, "Of all requests under way")
      ->check(CLI::Range(0.01, 1e6))
      ->type_name("MIB")
      ->capture_default_str();
  command->add_option("--max-minutes", options->most_minutes, "Longest recording")
      ->check(CLI::Range(0.1, 1440.0))
      ->type_name("MIN")
      ->capture_default_str();
  command->add_option("--max-seconds", options->most_seconds, "That a request is worked on")
      ->check(CLI::Range(1, 86400))
      ->type_name("S")
      ->capture_default_str();
  command->add_option("--queue", options->server.queue, "Requests that may wait; more get 503")
      ->check(CLI::Range(std::size_t{0}, std::size_t{100000}))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--connections", options->server.connections, "Open at once")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000000}))
      ->type_name("N")
      ->capture_default_str();
  AddQualityOptions(*command, options->service.limits);
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  command->footer(
      "Without tokens only this machine can call, and all of it can; beyond it nothing listens\n"
      "without one. TLS is a proxy's part (docs/service.md). Ctrl-C or SIGTERM ends it after what\n"
      "is under way. Where systemd passes a socket (vpr.socket), that one is used, not --listen.\n"
      "Example:\n"
      "  vpr serve                                    # the page: http://127.0.0.1:8800\n"
      "  curl -F name=Ada -F file=@a.wav localhost:8800/v1/enroll\n"
      "  curl --data-binary @b.wav localhost:8800/v1/identify");
  command->callback([options, command, &context] {
    if (!command->get_subcommands().empty()) return;
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
