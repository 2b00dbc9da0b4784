// vpr classify: a label for a recording, of any labels there are recordings of.
#include "cli/classify/classify.h"

#include "cli/classify/clips.h"
#include "options/network_options.h"
#include "vpr/base/error.h"
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
  std::string sound, picture;  // of one clip
  ClassifierArguments classifier;
  bool json = false;
};

int Predict(const PredictOptions& options, const Context& context) {
  if (HoldsClipModel(options.classifier.model)) {
    std::vector<ClipFiles> clips;
    for (const std::string& file : options.files) clips.push_back({file, file});
    if (!options.sound.empty() || !options.picture.empty())
      clips.push_back({options.sound, options.picture});
    return PredictClips(options.classifier.model, clips, options.classifier.engine, options.json,
                        context);
  }
  if (!options.sound.empty() || !options.picture.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(options.classifier.model) +
                    "' is a classifier of recordings, not of clips: give it recordings alone");
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

void CompletePredict(PredictOptions& options) {
  if (options.files.empty() && options.sound.empty() && options.picture.empty())
    throw CLI::ValidationError("predict", "expected files, or --sound or --picture");
}

void AddPredict(CLI::App& classify, Context& context) {
  auto options = std::make_shared<PredictOptions>();
  const Declare add = AddCommand(classify, context, "predict",
                                 "The label of each recording, with the probability of every class",
                                 options, Predict, CompletePredict);
  add("files", options->files, "FILE",
      "Audio files, - for standard input; of a classifier of clips videos, pictures and sounds");
  AddClassifierOptions(add, options->classifier);
  add("--sound", options->sound, "FILE", "Of a classifier of clips: the sound of one more clip");
  add("--picture", options->picture, "FILE", "And its picture or silent video");
  add.Flag("--json", options->json, "A JSON object for each file");
}

struct EvalOptions {
  std::string source, plot_dir, html;
  std::string without;  // of a classifier of clips
  ExampleListOptions list;
  ClassifierArguments classifier;
  bool json = false;
};

int Evaluate(const EvalOptions& options, const Context& context) {
  if (HoldsClipModel(options.classifier.model))
    return EvaluateClipModel(
        {options.classifier.model, options.source, options.plot_dir, options.html, options.list,
         options.classifier.engine, options.without, options.json},
        context);
  if (!options.without.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(options.classifier.model) +
                    "' is a classifier of recordings, which have no side to leave out");
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
  add("--without", options->without, "SIDE",
      "Of a classifier of clips: as if they had no image, or no audio", OneOf({"image", "audio"}));
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
  AddClassifyLiveCommand(command, context);
  AddClassifySynthCommand(command, context);
  AddClassifyTuneCommand(command, context);
}

}  // namespace vpr::cli
