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
#include "vpr/train/fit_conditions.h"

namespace vpr::cli {
namespace {

struct CalibrateOptions {
  TrialSource trials;
  std::string output;
  bool json = false;
  bool conditions = false, as_recorded = false;
  FitConditionsOptions fit;
  NetworkOptions network;
};

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

// By list and form: what a list is wrongly decided by a score and thresholds from the others.
std::string LeftOutTable(const CalibrateOptions& options,
                         const std::vector<LeftOutRates>& left_out) {
  std::string text =
      "each list by a score and thresholds from the others:\n"
      "  FMR / FNMR at \"1 %\"  FMR / FNMR at \"0.1 %\"   targets nontargets\n";
  for (const LeftOutRates& one : left_out)
    text += Format(
        "%8.2f / %5.1f %%     %8.3f / %5.1f %%       %7zu %10zu  %s, %s\n", 100 * one.fmr[0],
        100 * one.fnmr[0], 100 * one.fmr[1], 100 * one.fnmr[1], one.targets, one.nontargets,
        Printable(std::filesystem::path(options.trials.lists[one.corpus]).filename().string())
            .c_str(),
        one.form.c_str());
  return text;
}

int RunConditions(const CalibrateOptions& options, const Context& context) {
  const std::string path = FindModel(options.network.model);
  Model model = LoadModel(path);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  FitConditionsOptions fit = options.fit;
  fit.lists = options.trials.lists;
  fit.audio_root = options.trials.audio_root;
  fit.degraded = !options.as_recorded;
  FittedConditions fitted =
      FitConditions(extractor, model.scoring, fit, *progress, CatchInterrupts(),
                    [&](const FailedFile& failed) { progress->Warn(failed.reason); });
  model.scoring = std::move(fitted.scoring);
  SetThresholds(fitted.thresholds, model.info);
  SaveModel(options.output, model);
  if (fitted.failed_files > 0)
    progress->Warn(
        Format("%zu files cannot be used; their trials are left out", fitted.failed_files));
  if (fitted.left_out.empty())
    progress->Warn(
        "a score that holds on recordings of other kinds needs lists of three corpora or more; how "
        "this one does there cannot be told");
  if (options.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(InfoAsJson(model.info));
    json["left_out"] = nlohmann::ordered_json::array();
    for (const LeftOutRates& one : fitted.left_out) {
      nlohmann::ordered_json entry = {{"list", options.trials.lists[one.corpus]},
                                      {"form", one.form},
                                      {"targets", one.targets},
                                      {"nontargets", one.nontargets}};
      for (std::size_t k = 0; k < one.fmr.size(); ++k)
        entry["rates"].push_back(
            {{"wanted_fmr", kWantedFmrs[k]}, {"fmr", one.fmr[k]}, {"fnmr", one.fnmr[k]}});
      json["left_out"].push_back(std::move(entry));
    }
    PrintJson(json);
  } else {
    Print(Table(model.info) +
          (fitted.left_out.empty() ? "" : LeftOutTable(options, fitted.left_out)));
  }
  return kExitDone;
}

int Run(const CalibrateOptions& options, const Context& context) {
  if (options.conditions) return RunConditions(options, context);
  const std::string path = FindModel(options.network.model);
  Model model = LoadModel(path);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
  const std::vector<CalibrationTrial> trials =
      ScoreTrials(options.trials, extractor, *MakeConsoleProgress(context), CatchInterrupts());
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
  CLI::Option* conditions = command->add_flag(
      "--conditions", options->conditions,
      "Fit a score that depends on what is measured on the recordings, so that its thresholds hold "
      "on other kinds too; each list is one kind");
  command
      ->add_option("--cohort", options->fit.cohort,
                   "Packed speech of other people, labelled or not, that the score compares with")
      ->type_name("PREFIX")
      ->needs(conditions);
  command
      ->add_flag("--as-recorded", options->as_recorded,
                 "Only the recordings as they are, not also through telephones, codecs, noise, "
                 "rooms and cut short")
      ->needs(conditions);
  command
      ->add_option("--noise", options->fit.noise,
                   "A folder of noises for the noisy copies (default: made up)")
      ->type_name("DIR")
      ->needs(conditions);
  command
      ->add_option("--rooms", options->fit.rooms,
                   "A folder of room impulse responses (default: made up)")
      ->type_name("DIR")
      ->needs(conditions);
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "Fits log-likelihood ratios by logistic regression on the scores and the amount of speech,\n"
      "and finds the thresholds at the equal error rate and for false match rates of 1 %, 0.1 %\n"
      "and 0.01 %. All of it goes into a copy of the model; compare and eval then use it.\n"
      "With --conditions the score itself is fitted too, in place of PLDA and AS-norm: a log\n"
      "likelihood ratio of the cosine and of speech seconds, bandwidth, dynamics (noise, rooms),\n"
      "clipping and the nearness of the cohort's voices on both sides. Give a list for every kind\n"
      "of recording you have, three or more; thresholds are set where each list, scored as the\n"
      "others teach, keeps its rate.\n"
      "Example:\n"
      "  vpr calibrate --trials my.trials --audio-root recordings -o calibrated.vpr\n"
      "  vpr calibrate --conditions --trials calls.trials --trials studio.trials --trials "
      "phones.trials \\\n"
      "    --cohort data/others --audio-root recordings -o calibrated.vpr");
  command->callback([options, &context] {
    if (options->conditions && !options->trials.enroll.empty())
      throw CLI::ValidationError("calibrate",
                                 "--conditions takes trials between files, not --enroll");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
