// vpr classify predict: the labels of files.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <numeric>

#include "cli/classify/classify.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  ClassifierArguments classifier;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const ClassifierArguments& arguments = options.classifier;
  const Classifier classifier =
      Classifier::Load(arguments.model, arguments.embedding_model, arguments.engine);
  const std::vector<std::string>& labels = classifier.info().labels;
  const auto progress = MakeConsoleProgress(context);
  std::vector<FailedFile> failures;
  const auto answers = ClassifyFiles(options.files, classifier, arguments.engine.threads, *progress,
                                     CatchInterrupts(), [&](const FailedFile& failed) {
                                       if (options.files.size() == 1)
                                         throw Error(ErrorCode::kUnusable, failed.reason);
                                       progress->Warn("skipped: " + failed.reason);
                                       failures.push_back(failed);
                                     });
  if (failures.size() == options.files.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", failures.size()));
  std::map<std::string, std::string> reasons;  // by file
  for (const FailedFile& failed : failures) reasons[failed.path] = failed.reason;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) {
      if (options.json)
        PrintJson(
            {{"file", options.files[i]}, {"label", nullptr}, {"error", reasons[options.files[i]]}});
      continue;
    }
    const std::vector<double>& probabilities = answers[i]->probabilities;
    const std::string& label = labels[static_cast<std::size_t>(answers[i]->best)];
    if (options.json) {
      nlohmann::ordered_json json = {
          {"file", options.files[i]},
          {"label", label},
          {"probability", probabilities[static_cast<std::size_t>(answers[i]->best)]}};
      for (std::size_t c = 0; c < labels.size(); ++c)
        json["probabilities"][labels[c]] = probabilities[c];
      PrintJson(json);
      continue;
    }
    // The most probable first.
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return probabilities[a] > probabilities[b];
    });
    std::string line = Printable(options.files[i]);
    for (std::size_t c : order)
      line += Format("\t%s %.1f %%", Printable(labels[c]).c_str(), 100 * probabilities[c]);
    Print(line + "\n");
  }
  if (!failures.empty())
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files cannot be used", failures.size(), options.files.size()));
  return kExitDone;
}

}  // namespace

void AddClassifyPredictCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = classify.add_subcommand(
      "predict", "The label of each recording, with the probability of every class");
  command->add_option("files", options->files, "Audio files; - for standard input")
      ->required()
      ->type_name("FILE");
  AddClassifierOptions(*command, options->classifier);
  command->add_flag("--json", options->json, "A JSON object for each file");
  command->footer(
      "One line a file: its name, then the classes, the most probable first, with tabs between.\n"
      "Files that cannot be used are skipped and named on stderr, and the exit code is 1 then.\n"
      "Example:\n"
      "  vpr classify predict call.wav --model emotions.vpc --json");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
