// vpr classify eval: how often a classifier is right on labelled recordings.
#include "cli/classify/classify.h"
#include "vpr/classify/evaluate_classifier.h"
#include "vpr/print/classification.h"
#include "vpr/report/classify_report.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string source, plot_dir, html;
  ExampleListOptions list;
  ClassifierArguments classifier;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const Classifier classifier = options.classifier.Load();
  const auto progress = MakeConsoleProgress(context);
  const ClassifierEvaluation evaluation =
      EvaluateClassifier(classifier, options.source, options.list,
                         options.classifier.engine.threads, *progress, CatchInterrupts());
  const std::string& by = options.list.by_column;
  const ClassifyReportPage page =
      MakePage(options.classifier.model, classifier.info(), options.source, by, evaluation);
  if (!options.plot_dir.empty()) WriteClassifyPlots(options.plot_dir, page);
  if (!options.html.empty()) WriteClassifyHtml(options.html, page);
  Print(options.json ? ToJson(evaluation) : ToText(evaluation, by));
  return kExitDone;
}

}  // namespace

void AddClassifyEvalCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(
      classify, context, "eval",
      "How often a classifier is right on labelled recordings it was not trained on", options, Run);
  add.Required("SOURCE", options->source, "",
               "Folder with a folder per class, or a tab-separated list with column names");
  AddClassifierOptions(add, options->classifier);
  AddLabelOption(add, options->list);
  add("--by", options->list.by_column, "COLUMN", "Also for each value of this column of the list");
  add("--plot", options->plot_dir, "DIR", "Write the confusion matrix as picture there");
  add("--html", options->html, "OUT.html", "Write a report to read and mail");
  add.Flag("--json", options->json, "One JSON object");
  add.command.footer(R"(Example:
  vpr classify eval dev.tsv --label gender --by corpus --model gender.vpc)");
}

}  // namespace vpr::cli
