// vpr degrade: a harder copy of the recordings of trial lists.
#include "cli/command.h"
#include "vpr/print/evaluation.h"

namespace vpr::cli {
namespace {

struct Options {
  DegradeOptions degrade;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const DegradedTrials degraded =
      DegradeTrials(options.degrade, *MakeConsoleProgress(context), CatchInterrupts());
  const std::string& output = options.degrade.output;
  return Tell(options.json, output, degraded);
}

}  // namespace

void AddDegradeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  DegradeOptions& degrade = options->degrade;
  const Declare add = AddCommand(
      app, context, "degrade",
      "A harder copy of trial lists: noise, rooms, codecs, telephone, short cuts", options, Run);
  add.Required("--trials", degrade.trials, "LIST", "Lists as vpr eval reads them");
  add.Default("--audio-root", degrade.audio_root, "DIR", "The folder the lists' names are below");
  add.Required("-o,--output", degrade.output, "DIR",
               "The folder for the recordings (16 kHz WAV) and the lists with their new names");
  add("--noise", degrade.noise, "DIR",
      "Add noise to each: a random stretch of a random recording below this folder");
  add.Default("--snr", degrade.snr, "DB", "Ratio of the powers of speech and noise, in dB");
  add("--rooms", degrade.rooms, "DIR",
      "Put each into a room: a random impulse response below this folder");
  add("--clip", degrade.clip, "SHARE",
      "Cut peaks off at this share of the loudest sample, as an overdriven input does",
      CLI::Range(0.001, 1.0));
  add("--codec", degrade.codec, "NAME", "Encode and decode: gsm, opus, vorbis or mp3");
  add.Default("--compression", degrade.compression, "",
              "Of the codec: 0, its highest bit rate, to 1, its lowest", CLI::Range(0.0, 1.0));
  add.Flag("--telephone", degrade.telephone, "Through 8 kHz and 8-bit mu-law");
  add("--seconds", degrade.seconds, "S",
      "Cut a random stretch of so many seconds out of the speech", AboveZero());
  add.Default("--seed", degrade.seed, "", "Another seed, other noises and stretches");
  add.Flag("--json", options->json, "The result as JSON, failed files included");
}

}  // namespace vpr::cli
