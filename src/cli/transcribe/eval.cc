// vpr transcribe eval: how often a transcriber is wrong.
#include "cli/transcribe/transcribe.h"
#include "vpr/base/file_io.h"
#include "vpr/print/transcription.h"
#include "vpr/transcribe/train_transcriber.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string list, model, join, output;
  std::size_t strings = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const Transcriber transcriber = Transcriber::Load(FindTranscriber(options.model));
  const auto progress = MakeConsoleProgress(context);
  const TranscriberEvaluation evaluation =
      EvaluateTranscriber(transcriber, options.list, ParseJoin(options.join), options.strings,
                          options.seed, options.threads, *progress, CatchInterrupts());
  if (!options.output.empty()) WriteFileAtomically(options.output, ToTable(evaluation));
  Print(options.json ? ToJson(evaluation, transcriber.info().prompt) : ToText(evaluation));
  return kExitDone;
}

}  // namespace

void AddTranscribeEvalCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(transcribe, context, "eval",
                                 "Word errors on recordings whose texts are known", options, Run);
  add.Required("LIST", options->list, "",
               "Tab-separated list with the columns path, text and perhaps speaker");
  AddTranscriberOption(add.command, options->model);
  AddJoinOption(add, options->join);
  add.Default("--strings", options->strings, "", "So many; 0: one for each recording of the list");
  add.Default("--seed", options->seed, "", "Of what is joined");
  add.Default("--threads", options->threads, "", "0: all", CLI::NonNegativeNumber);
  add("-o,--output", options->output, "TSV", "Write what was said and recognised there");
  add.Flag("--json", options->json, "One JSON object");
  add.command.footer(R"(Example:
  vpr transcribe eval others.tsv --join 6 --strings 1000 --model digits.vpw)");
}

}  // namespace vpr::cli
