// vpr transcribe predict: what is said in files.
#include <CLI/CLI.hpp>

#include "cli/transcribe/transcribe.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string model, words;
  std::size_t beam = 8;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const Transcriber transcriber = Transcriber::Load(FindTranscriber(options.model));
  const std::vector<int> words = transcriber.tokens().Encode(options.words);
  const auto progress = MakeConsoleProgress(context);
  std::size_t failures = 0;
  for (const std::string& file : options.files) {
    try {
      const Matrix log_probs = transcriber.LogProbs(ReadAudio(file).samples);
      const std::string text = transcriber.Transcribe(log_probs, options.beam);
      nlohmann::ordered_json json = {{"file", file}, {"text", text}};
      std::string line = Printable(file) + "\t" + Printable(text);
      if (!words.empty()) {
        const Transcriber::WordCheck check = transcriber.CheckWords(log_probs, words);
        json["words_score"] = check.score;
        json["words_threshold"] = check.threshold;
        json["words_right"] = check.right;
        line += Format("\t%.3f\t%s", check.score, check.right ? "right" : "wrong");
      }
      if (options.json) {
        PrintJson(json);
      } else {
        Print(line + "\n");
      }
    } catch (const Error& error) {
      if (options.files.size() == 1) throw;
      progress->Warn("skipped: '" + Printable(file) + "': " + error.what());
      if (options.json) PrintJson({{"file", file}, {"text", nullptr}, {"error", error.what()}});
      ++failures;
    }
  }
  if (failures > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files cannot be used", failures, options.files.size()));
  return kExitDone;
}

}  // namespace

void AddTranscribePredictCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = transcribe.add_subcommand("predict", "What is said in each recording");
  command->add_option("files", options->files, "Audio files; - for standard input")
      ->required()
      ->type_name("FILE");
  AddTranscriberOption(*command, options->model);
  command
      ->add_option(
          "--words", options->words,
          "Also, whether this is said: its score, 0 for what nothing else is likelier than")
      ->type_name("TEXT");
  command->add_option("--beam", options->beam, "Prefixes kept in the search")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "A JSON object for each file");
  command->footer(
      "One line a file: its name, a tab, the text.\n"
      "Example:\n"
      "  vpr transcribe predict call.wav --model digits.vpw --words '4 7 1 9 0 3'");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
