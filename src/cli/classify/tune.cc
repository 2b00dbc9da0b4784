// vpr classify tune: search for the settings of a classifier.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/classify/training_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/classify/tune_classifier.h"
#include "vpr/plot/plot.h"
#include "vpr/tensorboard/event_writer.h"

namespace vpr::cli {
namespace {

struct Options : TrainingArguments {
  TuneOptions tune;
  std::string picture, tensorboard;
  bool json = false;
};

TuneOptions Complete(const Options& options) {
  TuneOptions tune = options.tune;
  tune.train = CompleteTraining(options);
  return tune;
}

// The value of every trial, and the best so far.
std::string StudyPicture(const Study& study) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  Series value{"trial", {}, {}}, pruned{"pruned", {}, {}}, best{"best so far", {}, {}};
  double highest = none;
  for (const Trial& trial : study.trials) {
    if (!trial.pruned) highest = highest >= trial.value ? highest : trial.value;
    for (Series* series : {&value, &pruned, &best}) series->x.push_back(trial.number + 1);
    value.y.push_back(trial.pruned ? none : trial.value);
    pruned.y.push_back(trial.pruned ? trial.value : none);
    best.y.push_back(highest);
  }
  std::vector<Panel> panels = {{"", "F1, mean of folds", {value, pruned, best}}};
  for (std::size_t p = 0; p < study.parameters.size(); ++p) {
    const TuneParameter& parameter = study.parameters[p];
    Series setting{parameter.name, {}, {}};
    for (const Trial& trial : study.trials) {
      setting.x.push_back(trial.number + 1);
      setting.y.push_back(parameter.log ? std::log10(trial.settings[p]) : trial.settings[p]);
    }
    panels.push_back({p + 1 == study.parameters.size() ? "trial" : "",
                      parameter.log ? "log10 " + parameter.name : parameter.name,
                      {setting}});
  }
  return PlotCurves("Search for settings", panels);
}

// A run a trial: TensorBoard's table of runs shows settings beside results.
void WriteEvents(const std::string& folder, const Study& study) {
  for (const Trial& trial : study.trials) {
    EventWriter writer(folder + Format("/trial-%03d", trial.number + 1));
    std::map<std::string, HyperParameter> settings = {{"pruned", trial.pruned}};
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      settings[study.parameters[p].name] = trial.settings[p];
    writer.Settings(settings, {"F1/folds"});
    for (const auto& [fold, value] : trial.reported) writer.Scalar("F1/folds", value, fold);
  }
}

std::string Summary(const TuneResult& result) {
  const Study& study = result.study;
  std::string text = StudyTable(study);
  const auto pruned = std::count_if(study.trials.begin(), study.trials.end(),
                                    [](const Trial& trial) { return trial.pruned; });
  text += Format("%zu trials on %zu recordings, %td pruned; value: mean weighted F1 of the folds\n",
                 study.trials.size(), result.recordings, pruned);
  if (result.test.total > 0)
    text += Format(
        "On %zu recordings held out of the search: tuned F1 %.4f, accuracy %.2f %%; "
        "default settings F1 %.4f, accuracy %.2f %%; most frequent class %.2f %%\n",
        result.test.total, result.test.weighted.f1, 100 * result.test.accuracy,
        result.default_test.weighted.f1, 100 * result.default_test.accuracy,
        100 * result.test.baseline);
  return text;
}

nlohmann::ordered_json ToJson(const TuneOptions& options, const TuneResult& result) {
  const Study& study = result.study;
  nlohmann::ordered_json json = {{"study", options.study},
                                 {"model", nullptr},
                                 {"recordings", result.recordings},
                                 {"skipped", FailuresJson(result.skipped)}};
  if (!options.train.output.empty()) json["model"] = options.train.output;
  const auto describe = [&](const Trial& trial) {
    nlohmann::ordered_json one = {
        {"trial", trial.number + 1}, {"value", trial.value}, {"pruned", trial.pruned}};
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      one["settings"][study.parameters[p].name] = trial.settings[p];
    return one;
  };
  json["best"] = describe(*study.best());
  json["trials"] = nlohmann::ordered_json::array();
  for (const Trial& trial : study.trials) json["trials"].push_back(describe(trial));
  json["test"] = json["default_test"] = nullptr;
  if (result.test.total > 0) {
    json["test"] = ReportJson(result.test);
    json["default_test"] = ReportJson(result.default_test);
  }
  return json;
}

int Run(const Options& given, const Context& context) {
  const TuneOptions options = Complete(given);
  const auto console = MakeConsoleProgress(context);
  const TuneResult result = TuneClassifier(options, *console, CatchInterrupts());
  if (!given.picture.empty()) WriteFileAtomically(given.picture, StudyPicture(result.study));
  if (!given.tensorboard.empty()) WriteEvents(given.tensorboard, result.study);
  if (given.json) {
    PrintJson(ToJson(options, result));
  } else {
    Print(Summary(result));
  }
  return kExitDone;
}

}  // namespace

void AddClassifyTuneCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = classify.add_subcommand("tune", "Search for a classifier's settings");
  AddTrainingOptions(*command, *options);
  command
      ->add_option("--study", options->tune.study, "File of the trials; one that is there goes on")
      ->required()
      ->type_name("FILE");
  command->add_option("--trials", options->tune.trials, "Trials in all")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("-o,--output", options->train.output, "Also write the best as a classifier")
      ->type_name("MODEL");
  command->add_option("--picture", options->picture, "Draw the search there")->type_name("OUT.png");
  command
      ->add_option("--tensorboard", options->tensorboard,
                   "Write the trials there as TensorBoard reads them")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "Result as one JSON object");
  command->footer(
      "Searched are c and gamma of an svm; lr, weight decay and label smoothing of mlp and cnn. "
      "The\n"
      "recordings held out (--test-size) take no part: on them the best settings are measured at\n"
      "the end, beside the default ones. Hopeless trials end after the first folds.\n"
      "Example:\n"
      "  vpr classify tune emotions --classifier mlp --trials 50 --study emotions.study -o "
      "best.vpc");
  command->callback([options, &context] {
    try {
      Complete(*options);
    } catch (const Error& error) {
      throw CLI::ValidationError("tune", error.what());
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
