// vpr classify: a label for a recording, of any labels there are recordings of.
#include "cli/classify/classify.h"

#include <CLI/CLI.hpp>

#include "cli/classify/training_options.h"
#include "cli/embedding_run.h"

namespace vpr::cli {

using Json = nlohmann::ordered_json;

void AddEngineOptions(CLI::App& command, std::string& embedding_model, ExtractorOptions& engine) {
  command
      .add_option("--embedding-model", embedding_model,
                  "Speaker model of classifiers of embeddings (default: $VPR_MODEL, else the model "
                  "that came with vpr)")
      ->type_name("FILE");
  AddDeviceOptions(command, engine);
}

void AddClassifierOptions(CLI::App& command, ClassifierArguments& arguments) {
  command.add_option("-m,--model", arguments.model, "Classifier that vpr classify train wrote")
      ->required()
      ->type_name("FILE");
  AddEngineOptions(command, arguments.embedding_model, arguments.engine);
}

void AddListOptions(CLI::App& command, ExampleListOptions& options, bool train) {
  command
      .add_option("--label", options.label_column,
                  "The list's column of labels (default: label, else speaker); lines with - or "
                  "nothing there are left out")
      ->type_name("COLUMN");
  if (train) {
    command
        .add_option("--group-by", options.group_by,
                    "Keep what belongs together on one side of every split: the list's column of "
                    "speakers or sessions; for a folder, the folder below the class's "
                    "(CLASS/SPEAKER/FILE)")
        ->type_name("COLUMN");
  } else {
    command.add_option("--by", options.by_column, "Also for each value of this column of the list")
        ->type_name("COLUMN");
  }
}

Json ReportJson(const ClassificationReport& report) {
  auto scores = [](const ClassScores& one) {
    return Json{{"precision", one.precision},
                {"recall", one.recall},
                {"f1", one.f1},
                {"support", one.support}};
  };
  Json json = {{"accuracy", report.accuracy},
               {"baseline", report.baseline},
               {"recordings", report.total},
               {"macro", scores(report.macro)},
               {"weighted", scores(report.weighted)}};
  for (std::size_t c = 0; c < report.labels.size(); ++c)
    json["classes"][report.labels[c]] = scores(report.classes[c]);
  json["labels"] = report.labels;
  json["confusion"] = report.confusion;
  return json;
}

Json FailuresJson(const std::vector<FailedFile>& failures) {
  Json json = Json::array();
  for (const FailedFile& failed : failures)
    json.push_back({{"file", failed.path}, {"reason", failed.reason}});
  return json;
}

void AddClassifyCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "classify", "Labels for recordings: emotion, gender, kind of sound, whatever is labelled");
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  vpr classify synth emotions                       # something to try it on\n"
      "  vpr classify train emotions -o emotions.vpc\n"
      "  vpr classify predict emotions/sad/*.wav --model emotions.vpc");
  AddClassifyTrainCommand(*command, context);
  AddClassifyPredictCommand(*command, context);
  AddClassifyEvalCommand(*command, context);
  AddClassifySynthCommand(*command, context);
  AddClassifyTuneCommand(*command, context);
}

}  // namespace vpr::cli
