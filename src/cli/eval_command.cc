// vpr eval: error rates on trial lists.
#include <CLI/CLI.hpp>
#include <utility>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/evaluate/list_report.h"
#include "vpr/print/evaluation.h"
#include "vpr/report/eval_report.h"

namespace vpr::cli {
namespace {

struct EvalOptions {
  EvaluationRequest request;
  std::vector<std::string> scores;
  std::string scores_out, plot_dir, html;
  bool llr = false, json = false;
  NetworkOptions network;
};

using Facts = std::vector<std::pair<std::string, std::string>>;

std::vector<ListReport> Evaluate(const EvalOptions& options, const Context& context, Facts& facts) {
  const std::string path = FindModel(options.network.model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
  const TrainingProvenance& training = extractor.info().training;
  facts = {
      {"model", path},
      {"fingerprint", extractor.info().fingerprint},
      {"network", extractor.info().architecture},
      {"trained on", Format("%llu speakers, %llu utterances, %.1f h",
                            static_cast<unsigned long long>(training.speakers),
                            static_cast<unsigned long long>(training.utterances), training.hours)},
      {"threshold", extractor.info().decision.basis},
      {"program", training.program}};
  const auto progress = MakeConsoleProgress(context);
  if (options.scores_out.empty())
    return EvaluateTrials(options.request, extractor, *progress, CatchInterrupts());
  AtomicFile file(options.scores_out);
  std::vector<ListReport> reports = EvaluateTrials(
      options.request, extractor, *progress, CatchInterrupts(),
      [&](const std::string& enroll, const std::string& test, double score, bool target) {
        file.Write(Format("%s\t%s\t%.9g\t%s\n", enroll.c_str(), test.c_str(), score,
                          target ? "target" : "nontarget"));
      });
  file.Commit();
  return reports;
}

int Run(const EvalOptions& options, const Context& context) {
  std::vector<ListReport> reports;
  Facts facts;
  if (options.scores.empty()) {
    reports = Evaluate(options, context, facts);
  } else {
    for (const std::string& path : options.scores)
      reports.push_back(
          EvaluateScores(path, options.request.threshold, options.llr, options.request.intervals));
  }
  if (!options.plot_dir.empty()) WriteEvalPlots(options.plot_dir, reports);
  if (!options.html.empty()) WriteHtmlReport(options.html, reports, facts);
  if (!options.json) Print(ToTable(reports));
  for (const ListReport& report : reports)
    if (options.json) Print(ToJson(report));
  return kExitDone;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Error rates on trial lists");
  AddTrialOptions(*command, options->request.trials);
  command
      ->add_option("--scores", options->scores,
                   "Instead of --trials: lists of \"enroll test score target|nontarget\" or "
                   "\"target|nontarget score\"; needs no audio and no model")
      ->type_name("FILE");
  command
      ->add_option("--scores-out", options->scores_out,
                   "Write the scores of the one list of trials, in the form --scores reads")
      ->type_name("FILE");
  command->add_flag("--llr", options->llr,
                    "The scores of --scores are natural logarithms of likelihood ratios: also "
                    "actDCF and Cllr");
  command
      ->add_option(
          "--by", options->request.by,
          "Also by a property of the trials: duration (of the shorter side), or a column of "
          "--metadata; may be repeated. A fourth field of a list is one by itself")
      ->type_name("NAME");
  command
      ->add_option("--metadata", options->request.metadata,
                   "A table with a line of column names, one of them \"path\", as in the lists")
      ->type_name("FILE");
  command
      ->add_option("--plot", options->plot_dir,
                   "Draw the DET curve, the scores and the calibration into this folder (PNG)")
      ->type_name("DIR");
  command->add_option("--html", options->html, "Write everything as one self-contained page")
      ->check(FileEnding({".html", ".htm"}))
      ->type_name("FILE");
  command
      ->add_option("-t,--threshold", options->request.threshold,
                   "FMR and FNMR at this score (default: the model's own threshold)")
      ->type_name("SCORE");
  command->add_flag("!--no-intervals", options->request.intervals,
                    "Leave the confidence intervals out");
  command->add_flag("--json", options->json, "One JSON object a list, each on a line");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "EER: equal error rate, interpolated, with a 95 % interval from resampling the speakers.\n"
      "minDCF(p): smallest detection cost at target prior p, both errors costing 1, normalised;\n"
      "actDCF(p): the cost when deciding by the calibrated LLR. Cllr: cost of the LLR in bits, "
      "and\n"
      "what the best calibration of these scores would give. Threshold: at the EER. FMR, FNMR: at\n"
      "the model's own threshold. FTA: share of files that could not be used; their trials are\n"
      "left out. 1:N: each speaker's first file in the list enrolls it, the others search; "
      "rank-1:\n"
      "the right one scores highest; FNIR: not found at the threshold of vpr identify; FPIR: "
      "another\n"
      "one is found when the right one is not enrolled. Who the speakers are is read from a "
      "column\n"
      "\"speaker\" of --metadata, else from the part of the names that agrees with all trials, "
      "else\n"
      "from the trials themselves if they tell all speakers apart; how is said.\n"
      "Example:\n"
      "  vpr eval --trials veri_test2.txt --audio-root voxceleb1/wav --html report.html");
  command->callback([options, &context] {
    const bool audio = !options->request.trials.lists.empty();
    if (audio == !options->scores.empty())
      throw CLI::ValidationError("eval", "give either --trials or --scores");
    if (!options->scores_out.empty() && options->request.trials.lists.size() != 1)
      throw CLI::ValidationError("eval", "--scores-out goes with exactly one --trials LIST");
    if (!audio && !options->request.by.empty())
      throw CLI::ValidationError("eval", "--by goes with --trials");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
