// vpr transcribe eval: how often a transcriber is wrong.
#include <CLI/CLI.hpp>

#include "cli/transcribe/transcribe.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

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
  if (!evaluation.left_out.empty())
    progress->Warn(Format("left out: %zu recordings; the first: ", evaluation.left_out.size()) +
                   evaluation.left_out.front());
  if (!options.output.empty()) {
    std::string table = "id\tspeaker\ttext\trecognised\n";
    for (std::size_t i = 0; i < evaluation.reference.size(); ++i)
      table += evaluation.reference[i].id + "\t" + evaluation.reference[i].speaker + "\t" +
               evaluation.reference[i].text + "\t" + evaluation.hypothesis[i].text + "\n";
    WriteFileAtomically(options.output, table);
  }
  if (options.json) {
    nlohmann::ordered_json json = TranscriptErrorsJson(evaluation.errors);
    json["prompt"] = {{"threshold", transcriber.info().prompt.threshold},
                      {"false_rejects", evaluation.false_rejects},
                      {"false_accepts", evaluation.false_accepts},
                      {"right_prompts", evaluation.reference.size()},
                      {"wrong_prompts", evaluation.wrong_prompts}};
    json["left_out"] = evaluation.left_out.size();
    PrintJson(json);
    return kExitDone;
  }
  Print(TranscriptErrorsText(evaluation.errors) +
        Format("prompts: %.2f %% of %zu right ones refused, %.2f %% of %llu wrong ones accepted\n",
               100 * evaluation.false_rejects, evaluation.reference.size(),
               100 * evaluation.false_accepts,
               static_cast<unsigned long long>(evaluation.wrong_prompts)));
  return kExitDone;
}

}  // namespace

void AddTranscribeEvalCommand(CLI::App& transcribe, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      transcribe.add_subcommand("eval", "Word errors on recordings whose texts are known");
  command
      ->add_option("LIST", options->list,
                   "Tab-separated list with the columns path, text and perhaps speaker")
      ->required();
  AddTranscriberOption(*command, options->model);
  AddJoinOption(*command, options->join);
  command
      ->add_option("--strings", options->strings, "So many; 0: one for each recording of the list")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of what is joined")->capture_default_str();
  command->add_option("--threads", options->threads, "0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Write what was said and recognised there")
      ->type_name("TSV");
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Example:\n"
      "  vpr transcribe eval others.tsv --join 6 --strings 1000 --model digits.vpw");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
