// vpr classify train: learn labels from labelled recordings.
#include "cli/classify/classify.h"
#include "vpr/base/logged_progress.h"
#include "vpr/base/text.h"
#include "vpr/print/classification.h"
#include "vpr/report/classify_report.h"

namespace vpr::cli {
namespace {

struct Options : TrainingArguments {
  std::string plot_dir, html;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const auto console = MakeConsoleProgress(context);
  LoggedProgress progress(*console, options.train.output);
  progress.Log("vpr classify train " + Printable(options.train.source) + " -o " +
               Printable(options.train.output));
  const ClassifierTrainResult result =
      progress.Watch([&] { return TrainClassifier(options.train, progress, CatchInterrupts()); });
  progress.Log(ToText(result) + DoubtedLines(result.doubted));
  const ClassifyReportPage page = MakePage(options.train, result, *console);
  if (!options.plot_dir.empty()) WriteClassifyPlots(options.plot_dir, page);
  if (!options.html.empty()) WriteClassifyHtml(options.html, page);
  Print(options.json ? ToJson(options.train, result, progress.path()) : ToText(result));
  return kExitDone;
}

}  // namespace

void AddClassifyTrainCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  ClassifierTrainOptions& train = options->train;
  const Declare add = AddCommand<Options>(
      classify, context, "train", "Learn the labels of a folder or list of recordings", options,
      Run, [](Options& given) { CompleteTraining("train", given); });
  AddTrainingOptions(add, *options);
  add.Required("-o,--output", train.output, "MODEL", "Classifier to write");
  add("--per-group", train.per_group, "N",
      "Learn from at most N recordings of a group (all): where groups differ in size and all "
      "should count",
      CLI::PositiveNumber)
      ->needs("--group-by");
  add.Flag("--group-means", train.group_means,
           "Learn from the mean of each group's features, for the same reason (svm and mlp)")
      ->needs("--group-by")
      ->excludes("--per-group");
  add.Flag("--filter-labels", train.filter_labels,
           "Do not learn from recordings whose labels the others contradict (where some are "
           "wrong), and list them");
  add("--svm-c", options->choice.svm_c, "", "C of the svm (default: by cross-validation)",
      CLI::PositiveNumber);
  add("--svm-gamma", options->choice.svm_gamma, "", "gamma of the svm (default: the same)",
      CLI::PositiveNumber);
  add("--plot", options->plot_dir, "DIR", "Write the confusion matrices as pictures there");
  add("--html", options->html, "OUT.html", "Write a report to read and mail");
  add.Flag("--json", options->json, "Result as one JSON object");
  add.command.footer(
      R"(Every split is stratified and keeps groups whole. A log goes to MODEL.TIME.log.
Example:
  vpr classify train emotions -o emotions.vpc --html report.html
  vpr classify train train.tsv --label gender --group-by speaker --group-means \
      --features embedding -o gender.vpc)");
}

}  // namespace vpr::cli
