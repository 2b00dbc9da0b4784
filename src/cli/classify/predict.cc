// vpr classify predict: the labels of files.
#include "cli/classify/classify.h"
#include "vpr/print/classification.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  ClassifierArguments classifier;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
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

}  // namespace

void AddClassifyPredictCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(classify, context, "predict",
                 "The label of each recording, with the probability of every class", options, Run);
  add.Required("files", options->files, "FILE", "Audio files; - for standard input");
  AddClassifierOptions(add, options->classifier);
  add.Flag("--json", options->json, "A JSON object for each file");
  add.command.footer(
      R"(One line a file: its name, then the classes, the most probable first, with tabs between.
Files that cannot be used are skipped and named on stderr, and the exit code is 1 then.
Example:
  vpr classify predict call.wav --model emotions.vpc --json)");
}

}  // namespace vpr::cli
