// vpr classify predict: the labels of files.
#include "cli/classify/classify.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
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
  const std::vector<std::string>& files = options.files;
  const auto progress = MakeConsoleProgress(context);
  std::vector<FailedFile> failures;
  const auto answers = ClassifyFiles(files, classifier, options.classifier.engine.threads,
                                     *progress, CatchInterrupts(), [&](const FailedFile& failed) {
                                       if (files.size() == 1)
                                         throw Error(ErrorCode::kUnusable, failed.reason);
                                       progress->Warn("skipped: " + failed.reason);
                                       failures.push_back(failed);
                                     });
  if (failures.size() == files.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", files.size()));
  const std::vector<std::string>& labels = classifier.info().labels;
  auto failed = failures.begin();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (answers[i])
      Print(options.json ? ToJson(files[i], labels, *answers[i])
                         : ToText(files[i], labels, *answers[i]));
    else if (options.json)
      Print(UnclassifiedJson(*failed++));
  }
  if (!failures.empty())
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files cannot be used", failures.size(), files.size()));
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
