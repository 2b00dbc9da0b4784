// vpr transcribe predict: what is said in files.
#include "cli/transcribe/transcribe.h"
#include "vpr/print/transcription.h"
#include "vpr/transcribe/transcribe_files.h"

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
  const auto progress = MakeConsoleProgress(context);
  TranscribeFiles(options.files, transcriber, options.words, options.beam, *progress,
                  [&](const TranscribedFile& file) {
                    if (options.json || !file.failure)
                      Print(options.json ? ToJson(file) : ToText(file));
                  });
  return kExitDone;
}

}  // namespace

void AddTranscribePredictCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(transcribe, context, "predict", "What is said in each recording", options, Run);
  add.Required("files", options->files, "FILE", "Audio files; - for standard input");
  AddTranscriberOption(add.command, options->model);
  add("--words", options->words, "TEXT",
      "Also, whether this is said: its score, 0 for what nothing else is likelier than");
  add.Default("--beam", options->beam, "", "Prefixes kept in the search", CLI::Range(1, 1000));
  add.Flag("--json", options->json, "A JSON object for each file");
  add.command.footer(R"(One line a file: its name, a tab, the text.
Example:
  vpr transcribe predict call.wav --model digits.vpw --words '4 7 1 9 0 3')");
}

}  // namespace vpr::cli
