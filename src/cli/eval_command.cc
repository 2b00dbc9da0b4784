// vpr eval: error rates on trial lists.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "vpr/print/evaluation.h"
#include "vpr/report/eval_report.h"

namespace vpr::cli {
namespace {

struct Options {
  EvaluationRequest request;
  std::vector<std::string> scores;
  std::string plot_dir, html;
  bool llr = false, json = false;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const EvaluationRequest& request = options.request;
  std::vector<ListReport> reports;
  std::vector<std::pair<std::string, std::string>> facts;
  for (const std::string& path : options.scores)
    reports.push_back(EvaluateScores(path, request.threshold, options.llr, request.intervals));
  if (options.scores.empty()) {
    const std::string path = FindModel(options.network.model);
    const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
    facts = ModelFacts(path, extractor.info());
    reports = EvaluateTrials(request, extractor, *MakeConsoleProgress(context), CatchInterrupts());
  }
  if (!options.plot_dir.empty()) WriteEvalPlots(options.plot_dir, reports);
  if (!options.html.empty()) WriteHtmlReport(options.html, reports, facts);
  if (!options.json) Print(ToTable(reports));
  for (const ListReport& report : reports)
    if (options.json) Print(ToJson(report));
  return kExitDone;
}

void Complete(Options& options) {
  const EvaluationRequest& request = options.request;
  const bool audio = !request.trials.lists.empty();
  if (audio == !options.scores.empty())
    throw CLI::ValidationError("eval", "give either --trials or --scores");
  if (!request.scores_out.empty() && request.trials.lists.size() != 1)
    throw CLI::ValidationError("eval", "--scores-out goes with exactly one --trials LIST");
  if (!audio && !request.by.empty()) throw CLI::ValidationError("eval", "--by goes with --trials");
}

}  // namespace

void AddEvalCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  EvaluationRequest& request = options->request;
  const Declare add =
      AddCommand(app, context, "eval", "Error rates on trial lists", options, Run, Complete);
  AddTrialOptions(add.command, request.trials);
  add("--scores", options->scores, "FILE",
      "Instead of --trials: lists of \"enroll test score target|nontarget\" or \"target|nontarget "
      "score\"; needs no audio and no model");
  add("--scores-out", request.scores_out, "FILE",
      "Write the scores of the one list of trials, in the form --scores reads");
  add.Flag(
      "--llr", options->llr,
      "The scores of --scores are natural logarithms of likelihood ratios: also actDCF and Cllr");
  add("--by", request.by, "NAME",
      "Also by a property of the trials: duration (of the shorter side), or a column of "
      "--metadata; may be repeated. A fourth field of a list is one by itself");
  add("--metadata", request.metadata, "FILE",
      "A table with a line of column names, one of them \"path\", as in the lists");
  add("--plot", options->plot_dir, "DIR",
      "Draw the DET curve, the scores and the calibration into this folder (PNG)");
  add("--html", options->html, "FILE", "Write everything as one self-contained page",
      FileEnding({".html", ".htm"}));
  add("-t,--threshold", request.threshold, "SCORE",
      "FMR and FNMR at this score (default: the model's own threshold)");
  add.Flag("!--no-intervals", request.intervals, "Leave the confidence intervals out");
  add.Flag("--json", options->json, "One JSON object a list, each on a line");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read);
}

}  // namespace vpr::cli
