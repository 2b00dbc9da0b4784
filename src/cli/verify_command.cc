// vpr verify: is it who they say they are?
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"
#include "vpr/identify/strangers.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr::cli {
namespace {

// Of a larger store this command does not read all voices to learn how alike they are.
constexpr std::size_t kMostForStrangers = 1000;

constexpr char kDraw[] = "digits";  // --prompt: draw some
constexpr double kPromptSeconds = 7;

struct Options {
  std::string name, file;
  ThresholdOptions threshold;
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
  const std::unique_ptr<VoiceStore> store = OpenStore(options.store);
  const EnrolledSpeaker speaker = FindSpeaker(*store, options.name);
  const std::string model = FindModel(options.network.model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, options.network.engine);
  const ModelInfo& info = extractor.info();
  ThresholdOptions wanted = options.threshold;
  if (!wanted.threshold && wanted.fmr.empty() && !info.fmr_thresholds.empty()) wanted.fmr = "1%";
  DecisionThreshold decision = ChooseThreshold(wanted, info, model);
  const auto usable = UtterancesOfNetwork(speaker, info);
  if (usable.empty())
    throw Error(ErrorCode::kIncompatible,
                "'" + Printable(options.name) +
                    (speaker.utterances.empty() ? "' has no utterances any more; enroll again"
                                                : "' was enrolled with another model; run vpr "
                                                  "speakers re-embed, or enroll again"));
  const Template enrollment = MakeTemplate(usable);
  const std::optional<Prompt> prompt = MakePrompt(options);
  const auto progress = MakeConsoleProgress(context);
  const Scorer& scorer = extractor.scorer();
  StrangerShift strangers;
  if (!options.threshold.threshold && scorer.is_conditional() &&
      store->NumSpeakers() <= kMostForStrangers) {
    strangers = FindStrangerShift(LoadGallery(*store, scorer, info, *progress).gallery, scorer);
    decision.threshold += strangers.shift;
  }
  // Last of all, so that it is not known before the microphone listens.
  if (options.prompt == kDraw)
    std::fprintf(stderr, "say: %s\n", prompt->transcriber.tokens().Decode(prompt->words).c_str());
  const Recording recording = [&] {
    try {
      Recording read = ReadOneRecording(options.file, options.mic, extractor, options.limits,
                                        prompt.has_value(), *progress);
      if (!read.failure.empty()) throw Error(ErrorCode::kUnusable, read.failure);
      return read;
    } catch (const Error& error) {
      if (options.json)
        PrintJson({{"name", options.name},
                   {"file", options.mic.wanted() ? "microphone" : options.file},
                   {"decision", nullptr},
                   {"error", error.what()}});
      throw;
    }
  }();
  for (const std::string& warning : recording.warnings)
    progress->Warn("'" + Printable(recording.source) + "' is doubtful: " + warning);
  const Score score =
      scorer.Compare(scorer.MakeVoiceprint(enrollment.embedding, enrollment.conditions),
                     scorer.MakeVoiceprint(recording.embedding, recording.conditions));
  const bool right_voice = score.value >= decision.threshold;
  std::optional<Transcriber::WordCheck> words;
  if (prompt)
    words = prompt->transcriber.CheckWords(prompt->transcriber.LogProbs(recording.samples),
                                           prompt->words);
  const bool accepted = right_voice && (!words || words->right);
  const std::string other = OtherAnswer(OperatingPoint::kVerify, score.value, right_voice, info);
  if (options.json) {
    nlohmann::ordered_json json = {{"name", options.name},
                                   {"file", recording.source},
                                   {"decision", accepted ? "accepted" : "rejected"},
                                   {"score", score.value},
                                   {"threshold", decision.threshold},
                                   {"cosine", score.cosine},
                                   {"llr", nullptr},
                                   {"fmr", nullptr},
                                   {"fnmr", nullptr},
                                   {"speech_seconds", SpeechSeconds(recording)},
                                   {"snr_db", recording.quality.snr_db},
                                   {"warnings", recording.warnings},
                                   {"enrolled_utterances", usable.size()},
                                   {"note", nullptr},
                                   {"stranger_shift", strangers.shift},
                                   {"strangers", strangers.people},
                                   {"prompt", nullptr},
                                   {"model", model}};
    if (words)
      json["prompt"] = {{"words", prompt->transcriber.tokens().Decode(prompt->words)},
                        {"heard", words->heard},
                        {"score", words->score},
                        {"threshold", words->threshold},
                        {"right_words", words->right},
                        {"right_voice", right_voice}};
    if (!std::isnan(score.llr)) json["llr"] = score.llr;
    if (!other.empty()) json["note"] = other;
    if (!decision.basis.empty()) {
      json["fmr"] = decision.fmr;
      json["fnmr"] = decision.fnmr;
    }
    PrintJson(json);
  } else {
    std::string text =
        Format("score         %.4f\nthreshold     %.4f", score.value, decision.threshold);
    if (!decision.basis.empty())
      text += Format("  (false matches %.2f %%, false non-matches %.2f %%: %s)", 100 * decision.fmr,
                     100 * decision.fnmr, Printable(decision.basis).c_str());
    text += "\n";
    if (strangers.shift > 0)
      text += Format(
          "strangers     threshold raised by %.2f: the %zu people looked at here are more "
          "alike than usual\n",
          strangers.shift, strangers.people);
    if (!std::isnan(score.llr)) text += Format("LLR           %+.2f\n", score.llr);
    text += Format("speech        %.1f s, %.0f dB above the noise\n", SpeechSeconds(recording),
                   recording.quality.snr_db);
    if (!other.empty()) text += "note          " + other + "\n";
    if (words)
      text += Format("words         %.3f, threshold %.3f: %s, heard '%s'\n", words->score,
                     words->threshold, words->right ? "right" : "wrong",
                     Printable(words->heard).c_str());
    Print(text +
          (accepted      ? "accepted: "
           : right_voice ? "rejected: not the words that were asked for: "
                         : "rejected: not ") +
          options.name + "\n");
  }
  return options.exit_status && !accepted ? kExitRejected : kExitDone;
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
