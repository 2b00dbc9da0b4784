// vpr verify: is it who they say they are?
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/transcribe/transcribe.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/people.h"
#include "vpr/recognize/recognizer.h"

namespace vpr::cli {
namespace {

constexpr char kDraw[] = "digits";  // --prompt: draw some
constexpr double kPromptSeconds = 7;

struct Options {
  std::string name, file;
  ThresholdChoice threshold;
  bool json = false, exit_status = false;
  StoreArguments store;
  MicArguments mic;
  QualityLimits limits;
  NetworkOptions network;
  std::string prompt, prompt_model;
  std::size_t prompt_length = 6;
};

// The words that must be said.
struct Prompt {
  Transcriber transcriber;
  std::vector<int> words;
};

std::optional<Prompt> MakePrompt(const Options& options) {
  if (options.prompt.empty()) return std::nullopt;
  Prompt prompt{Transcriber::Load(FindTranscriber(options.prompt_model)), {}};
  const TokenTable& tokens = prompt.transcriber.tokens();
  if (options.prompt != kDraw) {
    prompt.words = tokens.Encode(options.prompt);
    if (prompt.words.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt is empty");
    return prompt;
  }
  if (tokens.kind() != TokenKind::kDigits)
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the transcriber writes ") + ToString(tokens.kind()) + ", not digits");
  prompt.words = DrawPrompt(tokens, options.prompt_length);
  return prompt;
}

int Run(const Options& options, const Context& context) {
  std::unique_ptr<VoiceStore> store = OpenStore(options.store);
  const std::string model = FindModel(options.network.model);
  Recognizer recognizer(EmbeddingExtractor::Open(model, options.network.engine), model,
                        std::move(store));
  const auto progress = MakeConsoleProgress(context);
  const Claim claim = recognizer.MakeClaim(options.name, options.threshold, *progress);
  if (!claim.warning.empty()) progress->Warn(claim.warning);
  const std::optional<Prompt> prompt = MakePrompt(options);
  // Last of all, so that it is not known before the microphone listens.
  if (options.prompt == kDraw)
    std::fprintf(stderr, "say: %s\n", prompt->transcriber.tokens().Decode(prompt->words).c_str());
  Recording recording;
  try {
    recording = ReadOneRecording(options.file, options.mic, recognizer.extractor(), options.limits,
                                 prompt.has_value(), *progress);
    if (!recording.failure.empty()) throw Error(ErrorCode::kUnusable, recording.failure);
  } catch (const Error& error) {
    recording.source = options.mic.wanted() ? "microphone" : options.file;
    recording.failure = error.what();
    if (options.json) Print(ToJson(recognizer.Verify(claim, recording)));
    throw;
  }
  for (const std::string& line : DoubtfulLines(recording.source, recording.warnings))
    progress->Warn(line);
  VerificationOutcome outcome = recognizer.Verify(claim, recording);
  if (prompt) outcome.words = CheckSpoken(prompt->transcriber, prompt->words, recording.samples);
  Print(options.json ? ToJson(outcome) : ToText(outcome));
  return options.exit_status && !outcome.accepted() ? kExitRejected : kExitDone;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "Is it who they say they are?");
  command->add_option("name", options->name, "An enrolled person")->type_name("NAME")->required();
  command->add_option("recording", options->file, "An audio file, - for standard input")
      ->type_name("FILE");
  AddMicOptions(*command, options->mic);
  command
      ->add_option("--prompt", options->prompt,
                   "Words that must be said, so that a recording made before does not do: digits "
                   "draws some and shows them before the microphone listens; else the words "
                   "themselves ('4 7 1 9 0 3')")
      ->type_name("WORDS");
  command
      ->add_option("--prompt-model", options->prompt_model,
                   "Transcriber that hears them (default: $VPR_TRANSCRIBER)")
      ->type_name("FILE");
  command->add_option("--prompt-length", options->prompt_length, "Digits drawn")
      ->check(CLI::Range(3, 20))
      ->capture_default_str();
  AddThresholdOptions(*command, options->threshold, "the model's for a false match rate of 1 %");
  AddQualityOptions(*command, options->limits);
  AddStoreOptions(*command, options->store);
  command->add_flag("--json", options->json, "The answer as JSON");
  command->add_flag("--exit-status", options->exit_status, "End with 3 if rejected");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command->footer(OperatingPointsHelp() +
                  "Example:\n"
                  "  vpr verify Ada today.wav\n"
                  "  vpr verify Ada --mic --fmr 0.1% --exit-status && echo welcome\n"
                  "  vpr verify Ada --mic --prompt digits --prompt-model digits.vpw");
  command->callback([options, command, &context] {
    if (options->prompt == kDraw && !options->mic.wanted())
      throw CLI::ValidationError(
          "verify",
          "--prompt digits draws what is to be said now: it needs --mic; for a recording "
          "give the words it was asked for");
    if (!options->prompt.empty() && command->count("--seconds") == 0)
      options->mic.seconds = kPromptSeconds;
    if (options->file.empty() && !options->mic.wanted() && LooksLikeRecording(options->name))
      throw CLI::ValidationError("verify", "NAME is missing before '" + options->name + "'");
    if (options->file.empty() != options->mic.wanted())
      throw CLI::ValidationError("verify", "give a recording (FILE), or --mic");
    context.run = [options, &context] {
      if (!options->network.engine.read.separate || options->mic.wanted())
        return Run(*options, context);
      // An answer for each; accepted if one of them is.
      int result = kExitRejected;
      for (const std::string& file : AsAsked({options->file}, options->network.engine.read)) {
        Options one = *options;
        one.file = file;
        if (!options->json) Print("recording     " + Printable(file) + "\n");
        result = std::min(result, Run(one, context));
      }
      return result;
    };
  });
}

}  // namespace vpr::cli
