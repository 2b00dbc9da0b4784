// vpr calibrate: thresholds and log-likelihood ratios from trials of the user's own.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "vpr/evaluate/calibrate.h"
#include "vpr/print/training.h"

namespace vpr::cli {
namespace {

struct Options {
  TrialSource trials;
  std::string output;
  bool json = false, conditions = false, as_recorded = false;
  FitConditionsOptions fit;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const std::string model = FindModel(options.network.model);
  const ExtractorOptions& engine = options.network.engine;
  const auto progress = MakeConsoleProgress(context);
  if (options.conditions) {
    const CalibratedConditions result = CalibrateConditions(
        model, engine, options.fit, options.output, *progress, CatchInterrupts());
    const std::vector<std::string>& lists = options.fit.lists;
    Print(options.json ? ToJson(result.model, lists, result.left_out)
                       : ToText(result.model, lists, result.left_out));
    return kExitDone;
  }
  const ModelInfo info =
      CalibrateModel(model, engine, options.trials, options.output, *progress, CatchInterrupts());
  Print(options.json ? InfoAsJson(info) + "\n" : ThresholdTable(info));
  return kExitDone;
}

void Complete(Options& options) {
  if (options.conditions && !options.trials.enroll.empty())
    throw CLI::ValidationError("calibrate",
                               "--conditions takes trials between files, not --enroll");
  options.fit.lists = options.trials.lists;
  options.fit.audio_root = options.trials.audio_root;
  options.fit.degraded = !options.as_recorded;
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "calibrate",
                                 "Thresholds and probabilities for a model, from your own trials",
                                 options, Run, Complete);
  AddTrialOptions(add.command, options->trials);
  add.command.get_option("--trials")->required();
  add.Required("-o,--output", options->output, "MODEL", "The calibrated model");
  add.Flag("--json", options->json, "What the new model says of itself, as JSON");
  add.Flag("--conditions", options->conditions,
           "Fit a score that depends on what is measured on the recordings, so that its thresholds "
           "hold on other kinds too; each list is one kind");
  add("--cohort", options->fit.cohort, "PREFIX",
      "Packed speech of other people, labelled or not, that the score compares with")
      ->needs("--conditions");
  add("--terms", options->fit.terms, "NAME,...",
      "What the score may depend on: duration, narrow (the band), dynamics (noise and rooms), "
      "clipped, cohort, channel (how near other voices lie; default: all)")
      ->delimiter(',')
      ->needs("--conditions");
  add.Flag("--as-recorded", options->as_recorded,
           "Only the recordings as they are, not also through telephones, codecs, noise, rooms and "
           "cut short")
      ->needs("--conditions");
  add("--noise", options->fit.noise, "DIR",
      "A folder of noises for the noisy copies (default: made up)")
      ->needs("--conditions");
  add("--rooms", options->fit.rooms, "DIR", "A folder of room impulse responses (default: made up)")
      ->needs("--conditions");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read);
}

}  // namespace vpr::cli
