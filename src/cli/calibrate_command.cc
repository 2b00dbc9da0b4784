// vpr calibrate: thresholds and log-likelihood ratios from trials of the user's own.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/eval/thresholds.h"
#include "vpr/eval/trials.h"

namespace vpr::cli {
namespace {

struct CalibrateOptions {
  std::vector<std::string> trials;
  std::string audio_root = ".", output;
  bool json = false;
  NetworkOptions network;
};

// The scored trials of all lists together; trials of files that cannot be used are left out.
std::vector<CalibrationTrial> ScoreTrials(const CalibrateOptions& options, const Context& context,
                                          const EmbeddingExtractor& extractor) {
  FileScorer scorer;
  struct Entry {
    std::size_t enroll, test;
    bool target;
  };
  std::vector<Entry> entries;
  for (const std::string& path : options.trials) {
    for (const Trial& trial : ReadTrials(path)) {
      auto add = [&](const std::string& name) {
        return scorer.Add((std::filesystem::path(options.audio_root) / name).string());
      };
      const std::size_t enroll = add(trial.enroll);
      entries.push_back({enroll, add(trial.test), trial.target});
    }
  }
  const auto progress = MakeConsoleProgress(context);
  scorer.Embed(extractor, *progress, CatchInterrupts(),
               [&](const FailedFile& failed) { progress->Warn(failed.reason); });
  std::vector<CalibrationTrial> trials;
  for (const Entry& entry : entries) {
    const std::optional<Score> score = scorer.Score(entry.enroll, entry.test);
    if (!score) continue;
    const double seconds = std::min(scorer.Seconds(entry.enroll), scorer.Seconds(entry.test));
    trials.push_back({score->value, seconds, entry.target});
  }
  if (trials.empty()) {
    throw Error(
        ErrorCode::kUnusable,
        Format("none of the %zu trials can be scored (is --audio-root right?)", entries.size()));
  }
  if (trials.size() < entries.size()) {
    progress->Warn(Format("%zu of %zu trials are left out, since a file of theirs cannot be used",
                          entries.size() - trials.size(), entries.size()));
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
  for (const std::string& list : options.trials)
    names += (names.empty() ? "" : ", ") + std::filesystem::path(list).filename().string();
  ScoreThresholds found =
      FindThresholds(trials, Format("%zu trials of %s", trials.size(), names.c_str()));
  if (found.calibration.empty()) {
    throw Error(ErrorCode::kUnusable,
                "higher scores do not mean the same speaker in these trials: check their labels");
  }
  model.info.decision = found.decision;
  model.info.fmr_thresholds = found.fmr_thresholds;
  model.info.calibration = found.calibration;
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
  command
      ->add_option("--trials", options->trials,
                   "Lists of trials as vpr eval reads them, of speakers the model was not trained "
                   "on; taken together")
      ->type_name("LIST")
      ->required();
  command->add_option("--audio-root", options->audio_root, "The folder the lists' names are below")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "The calibrated model")
      ->type_name("MODEL")
      ->required();
  command->add_flag("--json", options->json, "What the new model says of itself, as JSON");
  AddNetworkOptions(*command, options->network);
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
