// vpr transcribe train: a network that writes what was said.
#include "cli/transcribe/transcribe.h"
#include "vpr/print/transcription.h"
#include "vpr/transcribe/train_transcriber.h"

namespace vpr::cli {
namespace {

struct Options {
  TranscriberTrainOptions train;
  std::string join, tokens = "digits";
  bool no_augment = false, json = false;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const TranscriberTrainResult result =
      TrainTranscriber(options.train, *progress, CatchInterrupts());
  Print(options.json ? ToJson(options.train.output, result) : ToText(result));
  return kExitDone;
}

void Complete(Options& options) {
  options.train.join = ParseJoin(options.join);
  options.train.tokens = ParseTokenKind(options.tokens);
  options.train.augment = !options.no_augment;
}

}  // namespace

void AddTranscribeTrainCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  TranscriberTrainOptions& train = options->train;
  TranscriberTraining& training = train.training;
  const Declare add = AddCommand(transcribe, context, "train", "Learn to write what is said",
                                 options, Run, Complete);
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
  add.Default("--lr", training.lr, "", "Highest learning rate", CLI::PositiveNumber);
  add.Default("--dev-strings", train.dev_strings, "", "Measured after each epoch",
              CLI::Range(1, 1000000));
  add.Default("--seed", training.seed, "", "Of everything random");
  add.Default("--threads", training.threads, "", "0: all", CLI::NonNegativeNumber);
  add.Default("--device", training.device, "", "cpu, cuda, cuda:N");
  add.Flag("--json", options->json, "Result as one JSON object");
  add.command.footer(R"(Example:
  vpr transcribe train digits.tsv --dev others.tsv --join 1-7 -o digits.vpw)");
}

}  // namespace vpr::cli
