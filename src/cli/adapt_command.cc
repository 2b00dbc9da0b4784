// vpr adapt: PLDA, cohort and thresholds for one's own speakers and devices.
#include "cli/command.h"
#include "options/network_options.h"
#include "vpr/print/training.h"

namespace vpr::cli {
namespace {

struct Options {
  AdaptOptions adapt;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  AdaptOptions adapt = options.adapt;
  adapt.model = FindModel(adapt.model);
  const AdaptResult result = Adapt(adapt, *MakeConsoleProgress(context), CatchInterrupts());
  return Tell(options.json, adapt, result);
}

}  // namespace

void AddAdaptCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  AdaptOptions& adapt = options->adapt;
  const Declare add = AddCommand(
      app, context, "adapt",
      "Fit a model's scores to your own speakers, without training its network", options, Run);
  add.Required("data", adapt.data, "PREFIX", "Packed speech of at least --cohort-top speakers");
  add.Required("-o,--output", adapt.output, "MODEL", "The adapted model");
  add("--dev", adapt.dev, "PREFIX", "Packed speech of held-out speakers");
  add.Default("--hold-out", adapt.hold_out_speakers, "",
              "Speakers to hold out if there is no held-out data: a share below 1, or a number");
  add.Default("--cohort-speakers", adapt.cohort_speakers, "",
              "Most speakers in the cohort that scores are normalized against");
  add.Default("--cohort-top", adapt.cohort_top, "",
              "How many of the cohort, those most alike, count for a recording");
  add.Flag("--json", options->json, "The result as JSON");
  AddModelOption(add.command, adapt.model);
  AddDeviceOptions(add.command, adapt.engine);
}

}  // namespace vpr::cli
