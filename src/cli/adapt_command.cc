// vpr adapt: PLDA, cohort and thresholds for one's own speakers and devices.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/text.h"
#include "vpr/train/adapt.h"

namespace vpr::cli {
namespace {

struct Options {
  AdaptOptions adapt;
  NetworkOptions network;
  bool json = false;
};

int Run(Options options, const Context& context) {
  options.adapt.model = FindModel(options.network.model);
  options.adapt.engine = options.network.engine;
  const auto progress = MakeConsoleProgress(context);
  const AdaptResult result = Adapt(options.adapt, *progress, CatchInterrupts());
  if (options.json) {
    nlohmann::ordered_json json = {{"model", options.adapt.output},
                                   {"scores", result.plda ? "plda" : "cosine"},
                                   {"eer", result.dev_eer},
                                   {"threshold", result.model.decision.threshold}};
    PrintJson(json);
  } else {
    Print(
        Format("%s: scores by %s with AS-norm, EER %.2f %% on held-out speakers, threshold %.3f\n",
               Printable(options.adapt.output).c_str(), result.plda ? "PLDA" : "cosine",
               100 * result.dev_eer, result.model.decision.threshold));
  }
  return kExitDone;
}

}  // namespace

void AddAdaptCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "adapt", "Fit a model's scores to your own speakers, without training its network");
  AdaptOptions& adapt = options->adapt;
  command->add_option("data", adapt.data, "Packed speech of at least --cohort-top speakers")
      ->type_name("PREFIX")
      ->required();
  command->add_option("-o,--output", adapt.output, "The adapted model")
      ->type_name("MODEL")
      ->required();
  command->add_option("--dev", adapt.dev, "Packed speech of held-out speakers")
      ->type_name("PREFIX");
  command
      ->add_option(
          "--hold-out", adapt.hold_out_speakers,
          "Speakers to hold out if there is no held-out data: a share below 1, or a number")
      ->capture_default_str();
  command
      ->add_option("--cohort-speakers", adapt.cohort_speakers,
                   "Most speakers in the cohort that scores are normalized against")
      ->capture_default_str();
  command
      ->add_option("--cohort-top", adapt.cohort_top,
                   "How many of the cohort, those most alike, count for a recording")
      ->capture_default_str();
  command->add_flag("--json", options->json, "The result as JSON");
  AddNetworkOptions(*command, options->network);
  command->footer(
      "Estimates PLDA and the cohort of AS-norm from these speakers, and calibration and\n"
      "thresholds from held-out ones; the network stays as it is. Useful where recordings differ\n"
      "from those the model was trained on, and there are too few for a training.\n"
      "Example:\n"
      "  vpr pack calls/ -o data/calls\n"
      "  vpr adapt data/calls -o calls.vpr");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
