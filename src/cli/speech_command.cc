// vpr speech: where somebody speaks; training the network that tells.
#include "cli/command.h"
#include "vpr/base/parallel.h"
#include "vpr/print/recordings.h"
#include "vpr/print/training.h"

namespace vpr::cli {
namespace {

struct FindOptions {
  std::vector<std::string> files;
  std::string network;
  bool json = false;
};

int Find(const FindOptions& options, const Context&) {
  SpeechNetwork given;
  if (!options.network.empty()) given = LoadSpeechNetwork(options.network);
  FindSpeech(options.files, options.network.empty() ? SpeechDetector::DefaultNetwork() : given,
             [&](const SpeechOfFile& found) {
               Print(options.json               ? ToJson(found)
                     : options.files.size() > 1 ? ToRow(found)
                                                : ToText(found));
             });
  return kExitDone;
}

int Train(const SpeechTrainConfig& config, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  Print(ToText(config, TrainSpeech(config, *progress, CatchInterrupts())));
  return kExitDone;
}

void AddFindCommand(CLI::App& speech, Context& context) {
  auto find = std::make_shared<FindOptions>();
  const Declare add =
      AddCommand(speech, context, "find", "Where somebody speaks in recordings", find, Find);
  add.Required("recordings", find->files, "FILE...",
               "Audio files; one may be - for standard input");
  add("--network", find->network, "FILE",
      "The detector (default: $VPR_SPEECH_MODEL, else the one that came with vpr)");
  add.Flag("--json", find->json, "One JSON object a recording");
}

}  // namespace

void AddSpeechCommand(CLI::App& app, Context& context) {
  CLI::App& speech = AddGroup(app, "speech", "Tell speech from all other sounds");
  AddFindCommand(speech, context);

  auto config = std::make_shared<SpeechTrainConfig>();
  config->threads = 0;
  const Declare add =
      AddCommand<SpeechTrainConfig>(speech, context, "train", "Train the network that finds speech",
                                    config, Train, [](SpeechTrainConfig& given) {
                                      if (given.threads == 0) given.threads = HardwareThreads();
                                    });
  add.Required("speech", config->speech, "PACKED...",
               "Packed recordings of one voice each, not trimmed");
  add("--sounds", config->sounds, "PACKED",
      "Packed recordings without speech; every label is drawn as often");
  add("--rooms", config->rooms, "PACKED", "Packed room responses");
  add.Required("-o,--output", config->output, "FILE", "The network");
  add("--init-from", config->init_from, "FILE", "Begin with this network");
  add.Default("--channels", config->channels, "N", "Outputs of each layer", CLI::Range(1, 512));
  add.Default("--steps", config->steps, "N", "Batches", AboveZero());
  add.Default("--batch-size", config->batch_size, "N", "Crops a batch", AboveZero());
  add.Default("--crop-seconds", config->crop_seconds, "S", "Length of a crop");
  add.Default("--lr", config->lr, "RATE", "Highest learning rate");
  add.Default("--threshold", config->threshold, "P", "Probability from which on it is speech");
  add.Default("--sound-weight", config->sound_weight, "W",
              "A moment without speech counts so many times as much");
  add.Default("--seed", config->seed, "", "Other crops, another network");
  add.Default("--threads", config->threads, "N", "0: as many as there are cores",
              CLI::Range(0, 1024));
}

}  // namespace vpr::cli
