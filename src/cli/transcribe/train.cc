// vpr transcribe train: a network that writes what was said.
#include <CLI/CLI.hpp>

#include "cli/transcribe/transcribe.h"
#include "cli/usage.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  TranscriberTrainOptions train;
  std::string join, tokens = "digits";
  bool no_augment = false, json = false;
};

int Run(const Options& given, const Context& context) {
  TranscriberTrainOptions options = given.train;
  options.join = ParseJoin(given.join);
  options.tokens = ParseTokenKind(given.tokens);
  options.augment = !given.no_augment;
  const auto progress = MakeConsoleProgress(context);
  const TranscriberTrainResult result = TrainTranscriber(options, *progress, CatchInterrupts());
  if (!result.left_out.empty())
    progress->Warn(Format("left out: %zu recordings; the first: ", result.left_out.size()) +
                   result.left_out.front());
  const TranscriberInfo& info = result.info;
  if (given.json) {
    nlohmann::ordered_json json = {{"model", options.output},
                                   {"fingerprint", info.fingerprint},
                                   {"utterances", info.utterances},
                                   {"speakers", info.speakers},
                                   {"left_out", result.left_out.size()},
                                   {"epochs", info.epochs},
                                   {"best_epoch", info.best_epoch},
                                   {"dev", nullptr},
                                   {"prompt", PromptJson(info.prompt)}};
    if (info.dev_wer >= 0) json["dev"] = TranscriptErrorsJson(result.dev);
    PrintJson(json);
    return kExitDone;
  }
  std::string text =
      Format("%llu utterances of %llu speakers, %d epochs, best %d\n",
             static_cast<unsigned long long>(info.utterances),
             static_cast<unsigned long long>(info.speakers), info.epochs, info.best_epoch);
  if (info.dev_wer >= 0) {
    text += TranscriptErrorsText(result.dev);
    text += Format(
        "prompts: threshold %.3f, %.2f %% of right ones refused, %.2f %% of wrong ones "
        "accepted\n",
        info.prompt.threshold, 100 * info.prompt.false_rejects, 100 * info.prompt.false_accepts);
  }
  Print(text);
  return kExitDone;
}

}  // namespace

void AddTranscribeTrainCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  TranscriberTrainOptions& train = options->train;
  CLI::App* command = transcribe.add_subcommand("train", "Learn to write what is said");
  command
      ->add_option("LIST", train.list,
                   "Tab-separated list with the columns path, text and, to join, speaker")
      ->required();
  command->add_option("-o,--output", train.output, "Transcriber to write")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option(
          "--dev", train.dev_list,
          "The same of other speakers: the best network on them is kept, and the threshold "
          "of prompts is set on them")
      ->type_name("LIST");
  command->add_option("--tokens", options->tokens, "digits, characters, words (of the list)")
      ->check(OneOf({"digits", "characters", "words"}))
      ->capture_default_str();
  AddJoinOption(*command, options->join);
  command->add_option("--noise", train.noise_list, "List of recordings of noise to learn with")
      ->type_name("LIST");
  command->add_flag("--no-augment", options->no_augment,
                    "Learn from the recordings as they are: no other speeds, rooms, bands, noise");
  command->add_option("--init-from", train.init_from, "Start from this transcriber's weights")
      ->type_name("MODEL");
  command->add_option("--channels", train.network.channels, "Of the network")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--dilations", train.network.dilations, "Of its layers, with commas between")
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--epochs", train.training.epochs, "Times that every utterance begins a string")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--batch-size", train.training.batch_size, "Strings a step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--lr", train.training.lr, "Highest learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--dev-strings", train.dev_strings, "Measured after each epoch")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--seed", train.training.seed, "Of everything random")->capture_default_str();
  command->add_option("--threads", train.training.threads, "0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--device", train.training.device, "cpu, cuda, cuda:N")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Result as one JSON object");
  command->footer(
      "Example:\n"
      "  vpr transcribe train digits.tsv --dev others.tsv --join 1-7 -o digits.vpw");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
