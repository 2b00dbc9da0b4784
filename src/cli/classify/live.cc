// vpr classify live: labels for what a camera sees and a microphone hears.
#include "cli/classify/classify.h"
#include "options/network_options.h"
#include "vpr/base/text.h"
#include "vpr/print/live_label.h"

namespace vpr::cli {
namespace {

struct LiveOptions {
  std::string model, embedding_model, quality = "auto";
  ExtractorOptions engine;
  LiveLabelRequest request;
  bool no_audio = false, json = false;
};

int Live(const LiveOptions& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const StopRequested stop = CatchInterrupts();
  const std::unique_ptr<LiveLabeller> labeller = MakeLiveLabeller(options.model, options.engine);
  LabelLive(*labeller, options.request, *progress, stop, [&](const LiveLabel& label) {
    Print(options.json ? ToJson(labeller->labels(), label) : ToText(labeller->labels(), label));
  });
  return kExitDone;
}

void Complete(LiveOptions& options) {
  LiveLabelRequest& request = options.request;
  if (request.camera.empty() && !request.microphone.mic)
    throw CLI::ValidationError("live", "expected --camera, --mic or both");
  if (request.camera == "-")
    throw CLI::ValidationError("live", "a file as camera is read twice: not from standard input");
  request.sound = !options.no_audio;
  if (options.quality == "low") request.quality = PictureQuality::kLow;
  if (options.quality == "medium") request.quality = PictureQuality::kMedium;
  if (options.quality == "high") request.quality = PictureQuality::kHigh;
}

}  // namespace

void AddClassifyLiveCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<LiveOptions>();
  LiveLabelRequest& request = options->request;
  const Declare add = AddCommand(
      classify, context, "live",
      "Label what a camera sees and a microphone hears, while it goes on", options, Live, Complete);
  add.Required("-m,--model", options->model, "FILE",
               "Classifier of clips that vpr classify train --modalities wrote");
  add("--camera", request.camera, "DEVICE|FILE",
      "/dev/video0, x11grab::0 (a screen), lavfi:GRAPH, or a video, played as fast as it was "
      "recorded, with its own sound");
  CLI::Option* const mic = add.Flag("--mic", request.microphone.mic, "Listen to the microphone");
  add("--mic-device", request.microphone.device, "DEVICE",
      "Which one: a number or a part of a name (vpr devices)")
      ->needs(mic);
  add.Flag("--no-audio", options->no_audio, "Do not listen")->excludes(mic);
  add.Default("--quality", options->quality, "",
              "Of the pictures: low, medium, high; auto: as the machine has time for",
              OneOf({"auto", "low", "medium", "high"}));
  add.Default("--window", request.window, "S", "Seconds that an answer is about",
              CLI::Range(1.0, 30.0));
  add.Default("--every", request.every, "S", "Seconds from answer to answer",
              CLI::Range(0.2, 60.0));
  add("--seconds", request.seconds, "S",
      "End after so many (at the end of a file, or when stopped)", AboveZero());
  AddDeviceOptions(add.command, options->engine);
  add.Flag("--json", options->json, "A JSON object for each answer");
}

}  // namespace vpr::cli
