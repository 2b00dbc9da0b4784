#include "cli/speech_command.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/train/train_speech.h"

namespace vpr::cli {
namespace {

struct FindOptions {
  std::vector<std::string> files;
  std::string network;
  bool json = false;
};

double Seconds(std::size_t frames) { return static_cast<double>(frames) / 100; }

int Find(const FindOptions& options) {
  SpeechNetwork given;
  if (!options.network.empty()) given = LoadSpeechNetwork(options.network);
  const SpeechNetwork& network = options.network.empty() ? SpeechDetector::DefaultNetwork() : given;
  std::size_t bad = 0;
  std::string first;
  for (const std::string& file : options.files) {
    std::vector<bool> speech;
    double seconds = 0;
    try {
      const std::vector<float> samples = ReadAudio(file).samples;
      seconds = static_cast<double>(samples.size()) / kSampleRate;
      speech = DetectSpeech(samples, network);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal) throw;
      if (options.files.size() == 1) throw;
      if (bad++ == 0) first = error.what();
      continue;
    }
    std::vector<std::pair<double, double>> stretches;
    std::size_t frames = 0;
    for (std::size_t t = 0; t < speech.size(); ++t) {
      if (!speech[t]) continue;
      ++frames;
      if (t == 0 || !speech[t - 1]) stretches.emplace_back(Seconds(t), 0);
      stretches.back().second = Seconds(t + 1);
    }
    if (options.json) {
      nlohmann::ordered_json json;
      json["file"] = file;
      json["seconds"] = seconds;
      json["speech_seconds"] = Seconds(frames);
      json["intervals"] = stretches;
      PrintJson(json);
    } else if (options.files.size() > 1) {
      Print(Format("%.2f\t%.2f\t%s\n", Seconds(frames), seconds, Printable(file).c_str()));
    } else {
      std::string lines;
      for (const auto& [begin, end] : stretches) lines += Format("%.2f\t%.2f\n", begin, end);
      Print(lines);
    }
  }
  if (bad > 0)
    throw Error(ErrorCode::kUnusable, Format("%zu of %zu files could not be read, the first: ", bad,
                                             options.files.size()) +
                                          first);
  return kExitDone;
}

int Train(const SpeechTrainConfig& config, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const SpeechTrainResult result = TrainSpeech(config, *progress, CatchInterrupts());
  Print(Format("%s: of the last crops %.1f %% of the speech missed, %.1f %% of the rest kept%s\n",
               Printable(config.output).c_str(), 100 * result.missed, 100 * result.kept,
               result.interrupted ? " (stopped early)" : ""));
  return kExitDone;
}

}  // namespace

void AddSpeechCommand(CLI::App& app, Context& context) {
  CLI::App* speech = app.add_subcommand("speech", "Tell speech from all other sounds");
  speech->require_subcommand(1);
  speech->footer(
      "Example:\n"
      "  vpr speech find interview.wav");
  auto find = std::make_shared<FindOptions>();
  CLI::App* command = speech->add_subcommand("find", "Where somebody speaks in recordings");
  command->add_option("recordings", find->files, "Audio files; one may be - for standard input")
      ->required()
      ->type_name("FILE...");
  command
      ->add_option("--network", find->network,
                   "The detector (default: $VPR_SPEECH_MODEL, else the one that came with vpr)")
      ->type_name("FILE");
  command->add_flag("--json", find->json, "One JSON object a recording");
  command->footer(
      "Of one recording prints a line for every stretch of speech, begin and end in seconds; of\n"
      "several a line each: seconds of speech, seconds in all, name. What is called seconds of\n"
      "speech everywhere in vpr is the length of these stretches together.\n"
      "Example:\n"
      "  vpr speech find interview.wav");
  command->callback([find, &context] { context.run = [find] { return Find(*find); }; });

  auto config = std::make_shared<SpeechTrainConfig>();
  config->threads = 0;
  command = speech->add_subcommand("train", "Train the network that finds speech");
  command->add_option("speech", config->speech, "Packed recordings of one voice each, not trimmed")
      ->required()
      ->type_name("PACKED...");
  command
      ->add_option("--sounds", config->sounds,
                   "Packed recordings without speech; every label is drawn as often")
      ->type_name("PACKED");
  command->add_option("--rooms", config->rooms, "Packed room responses")->type_name("PACKED");
  command->add_option("-o,--output", config->output, "The network")->required()->type_name("FILE");
  command->add_option("--init-from", config->init_from, "Begin with this network")
      ->type_name("FILE");
  command->add_option("--channels", config->channels, "Outputs of each layer")
      ->check(CLI::Range(1, 512))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--steps", config->steps, "Batches")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--batch-size", config->batch_size, "Crops a batch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--crop-seconds", config->crop_seconds, "Length of a crop")
      ->capture_default_str()
      ->type_name("S");
  command->add_option("--lr", config->lr, "Highest learning rate")
      ->capture_default_str()
      ->type_name("RATE");
  command->add_option("--threshold", config->threshold, "Probability from which on it is speech")
      ->capture_default_str()
      ->type_name("P");
  command
      ->add_option("--sound-weight", config->sound_weight,
                   "A moment without speech counts so many times as much")
      ->capture_default_str()
      ->type_name("W");
  command->add_option("--seed", config->seed, "Other crops, another network")
      ->capture_default_str();
  command->add_option("--threads", config->threads, "0: as many as there are cores")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("N");
  command->footer(
      "Crops are made anew for every batch: recordings of speech in rooms, with sounds, through\n"
      "telephones, against sounds alone: recorded, and made by arithmetic (tones, chords, hum,\n"
      "DTMF, clicks, modulated noise, many voices at once). Needs no LibTorch.\n"
      "Example:\n"
      "  vpr pack recordings -o speech --no-trim\n"
      "  vpr pack noises -o sounds --no-trim\n"
      "  vpr speech train speech --sounds sounds -o speech.vpr");
  command->callback([config, &context] {
    context.run = [config, &context] {
      if (config->threads == 0) config->threads = HardwareThreads();
      return Train(*config, context);
    };
  });
}

}  // namespace vpr::cli
