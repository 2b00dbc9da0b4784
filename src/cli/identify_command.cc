// vpr identify: who of the enrolled is speaking, if any of them is?
#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "terminal/input.h"
#include "vpr/base/text.h"
#include "vpr/print/outcomes.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  IdentificationRequest request;
  bool live = false, json = false;
  std::string save;
  StoreArguments store;
  MicrophoneRequest mic;
  QualityLimits limits;
  NetworkOptions network;
};

// As the tutorial does it: Enter, some seconds, an answer, again.
void IdentifyTakes(const Options& options, bool quiet, Recognizer& recognizer, Progress& progress,
                   const StopRequested& stop, const OnIdentified& tell) {
  const bool terminal = options.mic.from != "-" && ::isatty(STDIN_FILENO) == 1;
  for (int take = 1;; ++take) {
    if (terminal && !quiet)
      std::cerr << Format("Press Enter and speak for %.3g s (Ctrl-C ends) ", options.mic.seconds)
                << std::flush;
    // Where nobody can press Enter, one take is made at once; not where the sound comes that way.
    const bool more = options.mic.from != "-" && WaitForEnter(stop);
    if (stop() || (!more && (terminal || take > 1))) break;
    const std::optional<IdentificationOutcome> outcome =
        IdentifyTake(recognizer, options.mic, options.request, options.limits, progress, stop);
    if (outcome) tell(*outcome);
    if (!outcome || !more) break;
  }
}

int Run(const Options& options, const Context& context) {
  std::unique_ptr<VoiceStore> store = OpenStore(options.store);
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine,
                                         [&] { return std::move(store); });
  const auto progress = MakeConsoleProgress(context);
  recognizer.Basis(options.request, *progress);  // before anybody speaks
  const StopRequested stop = CatchInterrupts();
  const OnIdentified tell = [&](const IdentificationOutcome& outcome) {
    Print(options.json ? ToJson(outcome) : ToText(outcome));
  };
  if (options.live) {
    const std::unique_ptr<LiveAudio> audio = OpenLive(options.mic);
    LevelMeter meter(!context.quiet);
    IdentifyLive(recognizer, *audio, {options.request, options.limits, options.save}, *progress,
                 stop, tell,
                 [&](double level, const std::string& guess) { meter.Show(level, guess); });
  } else if (options.mic.wanted()) {
    IdentifyTakes(options, context.quiet, recognizer, *progress, stop, tell);
  } else {
    IdentifyFiles(recognizer, AsAsked(options.files, options.network.engine.read), options.request,
                  options.limits, *progress, stop, tell);
  }
  return kExitDone;
}

void Complete(Options& options) {
  const bool mic = options.mic.wanted();
  if (options.files.empty() != mic)
    throw CLI::ValidationError("identify", "give recordings or --mic");
  if (options.live && !mic)
    throw CLI::ValidationError("identify", "--live listens to --mic or --mic-from");
  if (!options.save.empty() && !options.live)
    throw CLI::ValidationError("identify", "--save keeps the phrases of --live");
}

}  // namespace

void AddIdentifyCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "identify", "Who is speaking, if anybody enrolled?",
                                 options, Run, Complete);
  add("recordings", options->files, "FILE...", "Audio files");
  AddMicOptions(add, options->mic);
  add.Flag("--live", options->live, "With the microphone: listen on and answer after every phrase");
  add("--save", options->save, "DIR", "With --live: keep the phrases as WAV in this folder");
  add.Default("--top", options->request.top, "K", "Candidates to show",
              CLI::Range(std::size_t{1}, std::size_t{1000000}));
  CLI::Option* fpir = AddFpirOption(add.command, options->request.fpir);
  add("-t,--threshold", options->request.threshold, "SCORE",
      "Known from this score on (default: found from the model's calibration, --fpir and the "
      "number of enrolled people)",
      FiniteNumber())
      ->excludes(fpir);
  AddQualityOptions(add.command, options->limits);
  AddStoreOptions(add.command, options->store);
  add.Flag("--json", options->json, "One JSON object a line");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
}

}  // namespace vpr::cli
