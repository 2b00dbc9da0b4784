// vpr calibrate: thresholds and log-likelihood ratios from trials of the user's own.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/eval/thresholds.h"

namespace vpr::cli {
namespace {

struct CalibrateOptions {
  TrialOptions trials;
  std::string output;
  bool json = false;
  NetworkOptions network;
};

// The scored trials of all lists together; trials of files that cannot be used are left out.
std::vector<CalibrationTrial> ScoreTrials(const CalibrateOptions& options, const Context& context,
                                          const EmbeddingExtractor& extractor) {
  const auto progress = MakeConsoleProgress(context);
  FileScorer scorer;
  std::vector<CalibrationTrial> trials;
  std::size_t all = 0;
  for (const TrialList& list : EmbedTrials(options.trials, extractor, *progress, scorer)) {
    all += list.trials.size();
    for (const TrialList::Entry& trial : list.trials) {
      const std::size_t enroll = list.sides[trial.enroll], test = list.sides[trial.test];
      const std::optional<Score> score = scorer.Score(enroll, test);
      if (!score) continue;
      const double seconds = std::min(scorer.Seconds(enroll), scorer.Seconds(test));
      trials.push_back({score->value, seconds, trial.target});
    }
  }
  if (trials.empty())
    throw Error(ErrorCode::kUnusable,
                Format("none of the %zu trials can be scored (is --audio-root right?)", all));
  if (trials.size() < all) {
    progress->Warn(Format("%zu of %zu trials are left out, since a file of theirs cannot be used",
                          all - trials.size(), all));
  }
  return trials;
}

std::string Table(const ModelInfo& info) {
  std::string text = Format("%12s %10s %9s %9s\n", "wanted FMR", "threshold", "FMR", "FNMR");
  text += Format("%12s %10.4f %7.3f %% %7.3f %%\n", "EER", info.decision.threshold,
                 100 * info.decision.fmr, 100 * info.decision.fnmr);
  for (const FmrThreshold& one : info.fmr_thresholds) {
    text += Format("%10.6g %% %10.4f %7.3f %% %7.3f %%%s\n", 100 * one.wanted_fmr, one.threshold,
                   100 * one.fmr, 100 * one.fnmr, one.supported ? "" : "  (too few trials)");
  }
  return text;
}

int Run(const CalibrateOptions& options, const Context& context) {
  const std::string path = FindModel(options.network.model);
  Model model = LoadModel(path);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
  const std::vector<CalibrationTrial> trials = ScoreTrials(options, context, extractor);
  std::string names;
  for (const std::string& list : options.trials.lists)
    names += (names.empty() ? "" : ", ") + std::filesystem::path(list).filename().string();
  ScoreThresholds found =
      FindThresholds(trials, Format("%zu trials of %s", trials.size(), names.c_str()));
  if (found.calibration.empty()) {
    throw Error(ErrorCode::kUnusable,
                "higher scores do not mean the same speaker in these trials: check their labels");
  }
  SetThresholds(found, model.info);
  SaveModel(options.output, model);
  const auto progress = MakeConsoleProgress(context);
  for (const FmrThreshold& one : found.fmr_thresholds) {
    if (one.supported) continue;
    progress->Warn(Format(
        "the nontarget trials are too few for a false match rate of %g %%: at least %.0f are "
        "needed (rule of 3); its threshold is a guess",
        100 * one.wanted_fmr, 3 / one.wanted_fmr));
  }
  if (options.json) {
    Print(InfoAsJson(model.info) + "\n");
  } else {
    Print(Table(model.info));
  }
  return kExitDone;
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Thresholds and probabilities for a model, from your own trials");
  AddTrialOptions(*command, options->trials);
  command->get_option("--trials")->required();
  command->add_option("-o,--output", options->output, "The calibrated model")
      ->type_name("MODEL")
      ->required();
  command->add_flag("--json", options->json, "What the new model says of itself, as JSON");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "Fits log-likelihood ratios by logistic regression on the scores and the amount of speech,\n"
      "and finds the thresholds at the equal error rate and for false match rates of 1 %, 0.1 %\n"
      "and 0.01 %. All of it goes into a copy of the model; compare and eval then use it.\n"
      "Example:\n"
      "  vpr calibrate --trials my.trials --audio-root recordings -o calibrated.vpr");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
