// vpr diarize: who speaks when, by name.
#include <filesystem>

#include "cli/command.h"
#include "options/meeting_options.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "vpr/base/file_io.h"
#include "vpr/print/meeting.h"
#include "vpr/report/meeting_picture.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> files;
  std::string output, cut, plot;
  MeetingRequest meeting;
  bool json = false;
  StoreArguments store;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine,
                                         [&] { return OpenStoreIfThere(options.store); });
  const auto progress = MakeConsoleProgress(context);
  MeetingListener listener(recognizer, options.meeting, *progress);
  std::string all;
  const bool json = options.json || fs::path(options.output).extension() == ".json";
  const std::size_t failed = listener.ListenToEach(
      options.files, CatchInterrupts(), [&](std::size_t k, const Diarization& found) {
        if (!options.plot.empty()) WriteFileAtomically(options.plot, MeetingPicture(found));
        if (!options.cut.empty()) WriteSpeakers(found, options.network.engine.read, options.cut);
        const std::string text =
            json ? ToJson(found, listener.basis()) : ToText(found, TurnFormatOf(options.output));
        if (!options.output.empty())
          all += text;
        else if (json || options.files.size() == 1)
          Print(text);
        else
          Print(Titled(found, text, k + 1 == options.files.size()));
      });
  if (!options.output.empty()) WriteFileAtomically(options.output, all);
  RequireAllUsable(failed, options.files.size());
  return kExitDone;
}

void Complete(Options& options) {
  CheckMeetingOptions("diarize", options.meeting);
  if (!options.plot.empty() && options.files.size() > 1)
    throw CLI::ValidationError("diarize", "--plot is for one recording");
}

}  // namespace

void AddDiarizeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "diarize", "Who speaks when, by name", options, Run, Complete);
  add.Required("recordings", options->files, "FILE...", "Audio files, of any length");
  add("-o,--output", options->output, "OUT",
      "By its ending: .rttm, .json, .srt, .vtt, .labels (Audacity), else text");
  add("--cut", options->cut, "DIR", "Also write what each says as WAV into this folder");
  add("--plot", options->plot, "PICTURE.png", "Also draw who speaks when, of one recording",
      FileEnding({".png"}));
  AddMeetingOptions(add, options->meeting);
  add.Flag("--json", options->json, "One JSON object a recording");
  AddStoreOptions(add.command, options->store);
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read);
}

}  // namespace vpr::cli
