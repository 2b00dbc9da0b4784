// vpr classify: a label for a recording, of any labels there are recordings of.
#include "cli/classify/classify.h"

#include "cli/embedding_run.h"
#include "vpr/base/text.h"
#include "vpr/print/classification.h"
#include "vpr/report/classify_report.h"

namespace vpr::cli {
namespace {

// A trained classifier and how it runs.
struct ClassifierArguments {
  std::string model, embedding_model;
  ExtractorOptions engine;

  Classifier Load() const { return Classifier::Load(model, embedding_model, engine); }
};

// Declares --model, --embedding-model, --device, --backend and --threads.
void AddClassifierOptions(const Declare& add, ClassifierArguments& arguments) {
  add.Required("-m,--model", arguments.model, "FILE", "Classifier that vpr classify train wrote");
  AddEngineOptions(add, arguments.embedding_model, arguments.engine);
}

struct PredictOptions {
  std::vector<std::string> files;
  ClassifierArguments classifier;
  bool json = false;
};

int Predict(const PredictOptions& options, const Context& context) {
  const Classifier classifier = options.classifier.Load();
  const std::vector<std::string>& labels = classifier.info().labels;
  ClassifyEach(
      options.files, classifier, options.classifier.engine.threads, *MakeConsoleProgress(context),
      CatchInterrupts(),
      [&](const std::string& file, const Classifier::Answer* answer, const std::string& reason) {
        if (answer != nullptr)
          Print(options.json ? ToJson(file, labels, *answer) : ToText(file, labels, *answer));
        else if (options.json)
          Print(UnclassifiedJson(file, reason));
      });
  return kExitDone;
}

void AddPredict(CLI::App& classify, Context& context) {
  auto options = std::make_shared<PredictOptions>();
  const Declare add = AddCommand(classify, context, "predict",
                                 "The label of each recording, with the probability of every class",
                                 options, Predict);
  add.Required("files", options->files, "FILE", "Audio files; - for standard input");
  AddClassifierOptions(add, options->classifier);
  add.Flag("--json", options->json, "A JSON object for each file");
}

struct EvalOptions {
  std::string source, plot_dir, html;
  ExampleListOptions list;
  ClassifierArguments classifier;
  bool json = false;
};

int Evaluate(const EvalOptions& options, const Context& context) {
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

void AddEval(CLI::App& classify, Context& context) {
  auto options = std::make_shared<EvalOptions>();
  const Declare add =
      AddCommand(classify, context, "eval",
                 "How often a classifier is right on labelled recordings it was not trained on",
                 options, Evaluate);
  add.Required("SOURCE", options->source, "",
               "Folder with a folder per class, or a tab-separated list with column names");
  AddClassifierOptions(add, options->classifier);
  AddLabelOption(add, options->list);
  add("--by", options->list.by_column, "COLUMN", "Also for each value of this column of the list");
  add("--plot", options->plot_dir, "DIR", "Write the confusion matrix as picture there");
  add("--html", options->html, "OUT.html", "Write a report to read and mail");
  add.Flag("--json", options->json, "One JSON object");
}

}  // namespace

void AddEngineOptions(const Declare& add, std::string& embedding_model, ExtractorOptions& engine) {
  add("--embedding-model", embedding_model, "FILE",
      "Speaker model of classifiers of embeddings (default: $VPR_MODEL, else the model that came "
      "with vpr)");
  AddDeviceOptions(add.command, engine);
}

void AddLabelOption(const Declare& add, ExampleListOptions& options) {
  add("--label", options.label_column, "COLUMN",
      "The list's column of labels (default: label, else speaker); lines with - or nothing there "
      "are left out");
}

void AddClassifyCommand(CLI::App& app, Context& context) {
  CLI::App& command =
      AddGroup(app, "classify",
               "Labels for recordings: emotion, gender, kind of sound, whatever is labelled");
  AddClassifyTrainCommand(command, context);
  AddPredict(command, context);
  AddEval(command, context);
  AddClassifySynthCommand(command, context);
  AddClassifyTuneCommand(command, context);
}

}  // namespace vpr::cli
