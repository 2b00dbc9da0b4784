// vpr der: how far a diarization is from the truth.
#include "cli/command.h"
#include "vpr/print/diarization_errors.h"

namespace vpr::cli {
namespace {

struct Options {
  FilesToScore files;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  return Tell(options.json, ScoreFiles(options.files, *MakeConsoleProgress(context)));
}

}  // namespace

void AddDerCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  FilesToScore& files = options->files;
  const Declare add = AddCommand(
      app, context, "der", "Diarization error rates: who spoke when, and names", options, Run);
  add.Required("REFERENCE", files.reference, "", "The truth: an RTTM file, or a folder of them");
  add.Required("HYPOTHESIS", files.hypothesis, "", "What was found: the same");
  add("--uem", files.uem, "", "Parts that are scored (lines FILE CHANNEL BEGIN END)");
  add.Default("--collar", files.collar, "",
              "Seconds left out on each side of a turn's ends, for fair and forgiving",
              CLI::Range(0.0, 10.0));
  add("--enrolled", files.enrolled, "", "Who is enrolled, a name a line: names are scored too");
  add.Flag("--json", options->json, "One JSON object");
}

}  // namespace vpr::cli
