// vpr transcribe: what was said, and how far recognised texts are from it (vpr wer).
#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/print/transcription.h"
#include "vpr/transcribe/train_transcriber.h"

namespace vpr::cli {
namespace {

// Declares --model, a transcriber's file.
void AddTranscriberOption(const Declare& add, std::string& model) {
  add("-m,--model", model, "FILE",
      "Transcriber that vpr transcribe train wrote (default: $VPR_TRANSCRIBER, else the one of "
      "English digits that comes with vpr)");
}

// Declares --join N or A-B, checked (see ParseJoin).
void AddJoinOption(const Declare& add, std::string& join) {
  auto check = [](const std::string& text) -> std::string {
    try {
      ParseJoin(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  add("--join", join, "A-B",
      "Put N, or A to B, recordings of a speaker (column speaker) one after the other, with "
      "pauses: strings from single words",
      CLI::Validator(check, ""));
}

struct TrainOptions {
  TranscriberTrainOptions train;
  std::string join, tokens = "digits";
  bool no_augment = false, json = false;
};

int Train(const TrainOptions& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const TranscriberTrainResult result =
      TrainTranscriber(options.train, *progress, CatchInterrupts());
  Print(options.json ? ToJson(options.train.output, result) : ToText(result));
  return kExitDone;
}

void Complete(TrainOptions& options) {
  options.train.join = ParseJoin(options.join);
  options.train.tokens = ParseTokenKind(options.tokens);
  options.train.augment = !options.no_augment;
}

void AddTrain(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<TrainOptions>();
  TranscriberTrainOptions& train = options->train;
  TranscriberTraining& training = train.training;
  const Declare add = AddCommand(transcribe, context, "train", "Learn to write what is said",
                                 options, Train, Complete);
  add.Required("LIST", train.list, "",
               "Tab-separated list with the columns path, text and, to join, speaker");
  add.Required("-o,--output", train.output, "MODEL", "Transcriber to write");
  add("--dev", train.dev_list, "LIST",
      "The same of other speakers: the best network on them is kept, and the threshold of prompts "
      "is set on them");
  add.Default("--tokens", options->tokens, "", "digits, characters, words (of the list)",
              OneOf({"digits", "characters", "words"}));
  AddJoinOption(add, options->join);
  add("--noise", train.noise_list, "LIST", "List of recordings of noise to learn with");
  add.Flag("--no-augment", options->no_augment,
           "Learn from the recordings as they are: no other speeds, rooms, bands, noise");
  add("--init-from", train.init_from, "MODEL", "Start from this transcriber's weights");
  add.Default("--channels", train.network.channels, "", "Of the network", CLI::Range(1, 4096));
  add.Default("--dilations", train.network.dilations, "", "Of its layers, with commas between")
      ->delimiter(',');
  add.Default("--epochs", training.epochs, "", "Times that every utterance begins a string",
              CLI::Range(1, 100000));
  add.Default("--batch-size", training.batch_size, "", "Strings a step", CLI::Range(1, 4096));
  add.Default("--lr", training.lr, "", "Highest learning rate", AboveZero());
  add.Default("--dev-strings", train.dev_strings, "", "Measured after each epoch",
              CLI::Range(1, 1000000));
  add.Default("--seed", training.seed, "", "Of everything random");
  add.Default("--threads", training.threads, "N", "0: all", CLI::Range(0, 1024));
  add.Default("--device", training.device, "", "cpu, cuda, cuda:N");
  add.Flag("--json", options->json, "Result as one JSON object");
}

struct PredictOptions {
  std::vector<std::string> files;
  std::string model, words;
  std::size_t beam = 8;
  bool json = false;
};

int Predict(const PredictOptions& options, const Context& context) {
  const Transcriber transcriber = Transcriber::Load(FindTranscriber(options.model));
  const auto progress = MakeConsoleProgress(context);
  TranscribeFiles(options.files, transcriber, options.words, options.beam, *progress,
                  [&](const TranscribedFile& file) {
                    if (options.json || !file.failure)
                      Print(options.json ? ToJson(file) : ToText(file));
                  });
  return kExitDone;
}

void AddPredict(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<PredictOptions>();
  const Declare add = AddCommand(transcribe, context, "predict", "What is said in each recording",
                                 options, Predict);
  add.Required("files", options->files, "FILE", "Audio files; - for standard input");
  AddTranscriberOption(add, options->model);
  add("--words", options->words, "TEXT",
      "Also, whether this is said: its score, 0 for what nothing else is likelier than");
  add.Default("--beam", options->beam, "", "Prefixes kept in the search", CLI::Range(1, 1000));
  add.Flag("--json", options->json, "A JSON object for each file");
}

struct EvalOptions {
  std::string list, model, join, output;
  std::size_t strings = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

int Evaluate(const EvalOptions& options, const Context& context) {
  const Transcriber transcriber = Transcriber::Load(FindTranscriber(options.model));
  const auto progress = MakeConsoleProgress(context);
  const TranscriberEvaluation evaluation =
      EvaluateTranscriber(transcriber, options.list, ParseJoin(options.join), options.strings,
                          options.seed, options.threads, *progress, CatchInterrupts());
  if (!options.output.empty()) WriteFileAtomically(options.output, ToTable(evaluation));
  Print(options.json ? ToJson(evaluation, transcriber.info().prompt) : ToText(evaluation));
  return kExitDone;
}

void AddEval(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<EvalOptions>();
  const Declare add =
      AddCommand(transcribe, context, "eval", "Word errors on recordings whose texts are known",
                 options, Evaluate);
  add.Required("LIST", options->list, "",
               "Tab-separated list with the columns path, text and perhaps speaker");
  AddTranscriberOption(add, options->model);
  AddJoinOption(add, options->join);
  add.Default("--strings", options->strings, "", "So many; 0: one for each recording of the list");
  add.Default("--seed", options->seed, "", "Of what is joined");
  add.Default("--threads", options->threads, "N", "0: all", CLI::Range(0, 1024));
  add("-o,--output", options->output, "TSV", "Write what was said and recognised there");
  add.Flag("--json", options->json, "One JSON object");
}

struct WerOptions {
  std::string reference, hypothesis;
  bool json = false;
};

int MeasureErrors(const WerOptions& options, const Context&) {
  const TranscriptFile reference = ReadTranscripts(options.reference);
  const TranscriptErrors errors = MeasureTranscripts(
      reference.transcripts, MatchTranscripts(reference, ReadTranscripts(options.hypothesis)));
  return Tell(options.json, errors);
}

}  // namespace

void AddWerCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<WerOptions>();
  const Declare add =
      AddCommand(app, context, "wer", "Word and character error rate of recognised texts", options,
                 MeasureErrors);
  add.Required("REFERENCE", options->reference, "", "What was said");
  add.Required("HYPOTHESIS", options->hypothesis, "", "What was recognised");
  add.Flag("--json", options->json, "One JSON object");
}

void AddTranscribeCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddGroup(app, "transcribe", "What was said: digits, characters or words");
  AddTrain(command, context);
  AddPredict(command, context);
  AddEval(command, context);
}

}  // namespace vpr::cli
