// vpr compare: are two recordings of the same speaker?
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "vpr/base/error.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/pairs.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string pairs;
  ThresholdChoice threshold;
  bool json = false, exit_status = false;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine);
  const DecisionThreshold decision =
      Told(recognizer.Choose(OperatingPoint::kCompare, options.threshold));
  bool same = false;
  const ReadOptions& read = options.network.engine.read;
  if (!options.pairs.empty() || read.separate) {
    same = ComparePairs(recognizer,
                        options.pairs.empty() ? CrossPairs(AsAsked({options.files[0]}, read),
                                                           AsAsked({options.files[1]}, read))
                                              : ReadPairs(options.pairs),
                        decision, *MakeConsoleProgress(context), CatchInterrupts(),
                        [&](const Comparison& comparison) {
                          Print(options.json ? ToJson(comparison) : ToRow(comparison));
                        });
  } else {
    const Recognizer::Pair pair{options.files[0], options.files[1]};
    Comparison comparison;
    recognizer.Compare({&pair, 1}, decision, *MakeConsoleProgress(context), CatchInterrupts(),
                       [&](Comparison&& found) { comparison = std::move(found); });
    if (options.json) Print(ToJson(comparison));
    if (!comparison.score) throw Error(ErrorCode::kUnusable, comparison.failure);
    if (!options.json) Print(ToText(comparison));
    same = comparison.same();
  }
  return options.exit_status && !same ? kExitRejected : kExitDone;
}

void Complete(Options& options) {
  if (options.pairs.empty() == options.files.empty())
    throw CLI::ValidationError("compare", "give two recordings, or --pairs LIST");
  if (options.files.size() == 2 && options.files[0] == "-" && options.files[1] == "-")
    throw CLI::ValidationError("compare", "only one recording can come from standard input");
}

}  // namespace

void AddCompareCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "compare", "Are two recordings of the same speaker?",
                                 options, Run, Complete);
  add("recordings", options->files, "A B", "Two audio files; one may be - for standard input")
      ->expected(2);
  add("--pairs", options->pairs, "LIST",
      "Compare many: two paths a line, a tab or a blank between; - for standard input");
  AddThresholdOptions(add.command, options->threshold, "the model's, at the equal error rate");
  add.Flag("--json", options->json, "One JSON object a line");
  add.Flag("--exit-status", options->exit_status,
           "End with 3 if the speakers (with --pairs: of any pair) are different");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
}

}  // namespace vpr::cli
