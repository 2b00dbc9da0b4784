// vpr classify eval: how often a classifier is right on labelled recordings.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/classify/classify.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
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
  const ClassifierArguments& arguments = options.classifier;
  const Classifier classifier =
      Classifier::Load(arguments.model, arguments.embedding_model, arguments.engine);
  const ClassifierInfo& info = classifier.info();
  const ExampleList list = ListExamples(options.source, options.list);
  const auto progress = MakeConsoleProgress(context);
  std::vector<std::string> paths;
  std::vector<const Example*> examples;
  std::map<std::string, std::size_t> unknown;
  for (const Example& example : list.examples) {
    if (!std::binary_search(info.labels.begin(), info.labels.end(), example.label)) {
      ++unknown[example.label];
      continue;
    }
    paths.push_back(example.path);
    examples.push_back(&example);
  }
  if (paths.empty()) {
    std::string known;
    for (const std::string& label : info.labels) known += (known.empty() ? "" : ", ") + label;
    throw Error(ErrorCode::kUnusable, "no recording in '" + Printable(options.source) +
                                          "' has a label that the classifier knows: " + known);
  }
  for (const auto& [label, count] : unknown)
    progress->Warn(Format("left out: %zu recordings of '%s', which the classifier does not know",
                          count, label.c_str()));
  std::vector<FailedFile> failures;
  const auto answers = ClassifyFiles(paths, classifier, arguments.engine.threads, *progress,
                                     CatchInterrupts(), [&](const FailedFile& failed) {
                                       progress->Warn("skipped: " + failed.reason);
                                       failures.push_back(failed);
                                     });
  if (failures.size() == paths.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", failures.size()));

  struct Answers {
    std::vector<int> truth, predicted;
  };
  Answers all;
  std::map<std::string, Answers> by;
  std::size_t learnt = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    const auto truth = static_cast<int>(
        std::lower_bound(info.labels.begin(), info.labels.end(), examples[i]->label) -
        info.labels.begin());
    learnt += HasFingerprint(info.training.fingerprints, answers[i]->fingerprint) ? 1 : 0;
    for (Answers* to : {&all, options.list.by_column.empty() ? nullptr : &by[examples[i]->by]}) {
      if (to == nullptr) continue;
      to->truth.push_back(truth);
      to->predicted.push_back(answers[i]->best);
    }
  }
  if (learnt > 0)
    progress->Warn(
        Format("THE CLASSIFIER WAS TRAINED ON %zu of the %zu recordings: the figures say "
               "nothing about unknown ones",
               learnt, all.truth.size()));
  auto report_of = [&](const Answers& of) {
    return MakeReport(info.labels, of.truth, of.predicted, info.majority());
  };
  const ClassificationReport report = report_of(all);
  ClassifyReportPage page{{{"classifier", arguments.model},
                           {"fingerprint", info.fingerprint},
                           {"kind", ToString(info.kind)},
                           {"recordings", options.source},
                           {"program", info.training.program}},
                          {{"All recordings", "", report}},
                          {}};
  for (const auto& [value, of] : by)
    page.sections.push_back({options.list.by_column + ": " + value, "", report_of(of)});
  if (!options.plot_dir.empty()) WriteClassifyPlots(options.plot_dir, page);
  if (!options.html.empty()) WriteClassifyHtml(options.html, page);

  if (options.json) {
    nlohmann::ordered_json json = ReportJson(report);
    json["skipped"] = FailuresJson(failures);
    json["unlabelled"] = list.unlabelled;
    json["training_recordings"] = learnt;
    for (const auto& [value, of] : by) json["by"][value] = ReportJson(report_of(of));
    PrintJson(json);
    return kExitDone;
  }
  std::string text = ReportText(report);
  if (!by.empty())
    text += "\n  accuracy  baseline  recordings  " + Printable(options.list.by_column) + "\n";
  for (const auto& [value, of] : by) {
    const ClassificationReport part = report_of(of);
    text += Format("%8.2f %%  %6.2f %%  %10zu  %s\n", 100 * part.accuracy, 100 * part.baseline,
                   part.total, Printable(value).c_str());
  }
  if (!failures.empty()) text += Format("%zu recordings could not be used\n", failures.size());
  Print(text);
  return kExitDone;
}

}  // namespace

void AddClassifyEvalCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = classify.add_subcommand(
      "eval", "How often a classifier is right on labelled recordings it was not trained on");
  command
      ->add_option("SOURCE", options->source,
                   "Folder with a folder per class, or a tab-separated list with column names")
      ->required();
  AddClassifierOptions(*command, options->classifier);
  AddListOptions(*command, options->list, /*train=*/false);
  command->add_option("--plot", options->plot_dir, "Write the confusion matrix as picture there")
      ->type_name("DIR");
  command->add_option("--html", options->html, "Write a report to read and mail")
      ->type_name("OUT.html");
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Example:\n"
      "  vpr classify eval dev.tsv --label gender --by corpus --model gender.vpc");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
