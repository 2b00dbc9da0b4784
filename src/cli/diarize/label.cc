// vpr label: names in a transcript.
#include "cli/command.h"
#include "options/meeting_options.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "vpr/base/file_io.h"
#include "vpr/diarize/transcript.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string transcript, audio, output;
  MeetingRequest meeting;
  StoreArguments store;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const std::string text = ReadTranscript(options.transcript);  // before the long work: is it one?
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine,
                                         [&] { return OpenStoreIfThere(options.store); });
  const auto progress = MakeConsoleProgress(context);
  MeetingListener listener(recognizer, options.meeting, *progress);
  const std::string labelled =
      LabelTranscript(text, options.transcript, listener.Listen(options.audio, CatchInterrupts()));
  if (options.output.empty())
    Print(labelled);
  else
    WriteFileAtomically(options.output, labelled);
  return kExitDone;
}

void Complete(Options& options) { CheckMeetingOptions("label", options.meeting); }

}  // namespace

void AddLabelCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "label", "Who says each line of a transcript",
                                 options, Run, Complete);
  add.Required("transcript", options->transcript, "TRANSCRIPT",
               "SRT, WebVTT, or the JSON of whisper.cpp, Whisper or whisperX");
  add.Required("--audio", options->audio, "FILE", "The recording that it is of");
  add("-o,--output", options->output, "OUT", "Where to write it (default: standard output)");
  AddMeetingOptions(add, options->meeting);
  AddStoreOptions(add.command, options->store);
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read);
}

}  // namespace vpr::cli
