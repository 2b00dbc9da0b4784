// vpr classify tune: search for the settings of a classifier.
#include "cli/classify/classify.h"
#include "vpr/base/file_io.h"
#include "vpr/classify/tune_classifier.h"
#include "vpr/print/classification.h"
#include "vpr/report/study_report.h"

namespace vpr::cli {
namespace {

struct Options : TrainingArguments {
  TuneOptions tune;
  std::string picture, tensorboard;
  bool json = false;
};

void Complete(Options& options) {
  CompleteTraining("tune", options);
  options.tune.train = options.train;
}

int Run(const Options& options, const Context& context) {
  const auto console = MakeConsoleProgress(context);
  const TuneResult result = TuneClassifier(options.tune, *console, CatchInterrupts());
  if (!options.picture.empty()) WriteFileAtomically(options.picture, DrawStudy(result.study));
  if (!options.tensorboard.empty()) WriteStudyEvents(options.tensorboard, result.study);
  Print(options.json ? ToJson(options.tune, result) : ToText(result));
  return kExitDone;
}

}  // namespace

void AddClassifyTuneCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand<Options>(
      classify, context, "tune", "Search for a classifier's settings", options, Run, Complete);
  AddTrainingOptions(add, *options);
  add.Required("--study", options->tune.study, "FILE",
               "File of the trials; one that is there goes on");
  add.Default("--trials", options->tune.trials, "", "Trials in all", CLI::Range(1, 100000));
  add("-o,--output", options->train.output, "MODEL", "Also write the best as a classifier");
  add("--picture", options->picture, "OUT.png", "Draw the search there");
  add("--tensorboard", options->tensorboard, "DIR",
      "Write the trials there as TensorBoard reads them");
  add.Flag("--json", options->json, "Result as one JSON object");
  add.command.footer(
      "Searched are c and gamma of an svm; lr, weight decay and label smoothing of mlp and cnn. "
      "The\n"
      R"(recordings held out (--test-size) take no part: on them the best settings are measured at
the end, beside the default ones. Hopeless trials end after the first folds.
Example:
  vpr classify tune emotions --classifier mlp --trials 50 --study emotions.study -o best.vpc)");
}

}  // namespace vpr::cli
