// vpr verify: is it who they say they are?
#include <cstdio>

#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/live/prompt.h"
#include "vpr/print/outcomes.h"

namespace vpr::cli {
namespace {

constexpr double kPromptSeconds = 7;

struct Options {
  std::string name, file;
  ThresholdChoice threshold;
  bool json = false, exit_status = false;
  StoreArguments store;
  MicrophoneRequest mic;
  const CLI::Option* seconds = nullptr;
  QualityLimits limits;
  NetworkOptions network;
  std::string prompt, prompt_model;
  std::size_t prompt_length = 6;

  bool drawn() const { return prompt == SpokenPrompt::kDraw; }
};

int VerifyOne(const Options& options, const Context& context) {
  std::unique_ptr<VoiceStore> store = OpenStore(options.store);
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine,
                                         [&] { return std::move(store); });
  const auto progress = MakeConsoleProgress(context);
  const Claim claim = recognizer.MakeClaim(options.name, options.threshold, *progress);
  if (!claim.warning.empty()) progress->Warn(claim.warning);
  std::optional<SpokenPrompt> prompt;
  if (!options.prompt.empty())
    prompt.emplace(Transcriber::Load(FindTranscriber(options.prompt_model)), options.prompt,
                   options.prompt_length);
  // Last of all, so that it is not known before the microphone listens.
  if (options.drawn()) std::fprintf(stderr, "say: %s\n", prompt->text().c_str());
  const VerificationOutcome outcome =
      VerifyTake(recognizer, claim, options.file, options.mic, options.limits,
                 prompt ? &*prompt : nullptr, *progress, CatchInterrupts());
  if (options.json || outcome.score) Tell(options.json, outcome);
  if (!outcome.score) throw Error(ErrorCode::kUnusable, outcome.failure);
  return options.exit_status && !outcome.accepted() ? kExitRejected : kExitDone;
}

int Run(const Options& options, const Context& context) {
  if (!options.network.engine.read.separate || options.mic.wanted())
    return VerifyOne(options, context);
  // An answer for each channel; accepted if one of them is.
  int result = kExitRejected;
  for (const std::string& file : AsAsked({options.file}, options.network.engine.read)) {
    Options one = options;
    one.file = file;
    if (!options.json) Print("recording     " + Printable(file) + "\n");
    result = std::min(result, VerifyOne(one, context));
  }
  return result;
}

void Complete(Options& options) {
  const bool mic = options.mic.wanted();
  if (options.drawn() && !mic)
    throw CLI::ValidationError(
        "verify",
        "--prompt digits draws what is to be said now: it needs --mic; for a recording give the "
        "words it was asked for");
  if (!options.prompt.empty() && options.seconds->count() == 0)
    options.mic.seconds = kPromptSeconds;
  if (options.file.empty() && !mic && LooksLikeRecording(options.name))
    throw CLI::ValidationError("verify", "NAME is missing before '" + options.name + "'");
  if (options.file.empty() != mic)
    throw CLI::ValidationError("verify", "give a recording (FILE), or --mic");
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "verify", "Is it who they say they are?", options, Run, Complete);
  add.Required("name", options->name, "NAME", "An enrolled person");
  add("recording", options->file, "FILE", "An audio file, - for standard input");
  options->seconds = AddMicOptions(add, options->mic);
  add("--prompt", options->prompt, "WORDS",
      "Words that must be said, so that a recording made before does not do: digits draws some and "
      "shows them before the microphone listens; else the words themselves ('4 7 1 9 0 3')");
  add("--prompt-model", options->prompt_model, "FILE",
      "Transcriber that hears them (default: $VPR_TRANSCRIBER, else the one of English digits that "
      "comes with vpr)");
  add.Default("--prompt-length", options->prompt_length, "", "Digits drawn", CLI::Range(3, 20));
  AddThresholdOptions(add.command, options->threshold, "the model's for a false match rate of 1 %");
  AddQualityOptions(add.command, options->limits);
  AddStoreOptions(add.command, options->store);
  add.Flag("--json", options->json, "The answer as JSON");
  add.Flag("--exit-status", options->exit_status, "End with 3 if rejected");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
}

}  // namespace vpr::cli
