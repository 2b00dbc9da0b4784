// vpr label: names in a transcript.
#include <CLI/CLI.hpp>

#include "cli/diarize/diarize.h"
#include "cli/diarize/meeting_options.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/diarize/transcript.h"

namespace vpr::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;

struct Options {
  std::string transcript, audio, output;
  MeetingArguments meeting;
  StoreArguments store;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const std::string text = ReadFile(options.transcript, kMostBytes);
  LabelTranscript(text, options.transcript, {});  // before the long work: is it one?
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor opened = EmbeddingExtractor::Open(model, options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  std::unique_ptr<VoiceStore> store = OpenStoreIfThere(options.store);
  const bool has_store = store != nullptr;
  Recognizer recognizer(std::move(opened), model, std::move(store));
  const DiarizerOptions diarizer = OptionsOf(options.meeting, recognizer.extractor());
  const Naming naming = FindNaming(recognizer, options.meeting, has_store, *progress);
  const StopRequested stop = CatchInterrupts();
  progress->Start("listening", "file", 1);
  PartialProgress partial(*progress, stop, 1);
  const Diarization found =
      DiarizeByName(recognizer, options.audio, diarizer, naming.request, *progress,
                    [&](double share) { partial.Update(0, share); });
  progress->Finish();
  const std::string labelled = LabelTranscript(text, options.transcript, found);
  if (options.output.empty())
    Print(labelled);
  else
    WriteFileAtomically(options.output, labelled);
  return kExitDone;
}

}  // namespace

void AddLabelCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("label", "Who says each line of a transcript");
  command
      ->add_option("transcript", options->transcript,
                   "SRT, WebVTT, or the JSON of whisper.cpp, Whisper or whisperX")
      ->required()
      ->type_name("TRANSCRIPT");
  command->add_option("--audio", options->audio, "The recording that it is of")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("-o,--output", options->output, "Where to write it (default: standard output)")
      ->type_name("OUT");
  AddMeetingOptions(*command, options->meeting);
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "The same transcript with a name before each cue, or in JSON the members speaker and\n"
      "speaker_sure in each segment and word. Names are what vpr diarize finds; \"Ada?: \" where\n"
      "less than 0.7 of the speech in a cue is hers.\n"
      "Example:\n"
      "  vpr label meeting.srt --audio meeting.m4a -o named.srt\n"
      "  vpr label meeting.json --audio meeting.m4a --speakers 3");
  command->callback([options, &context] {
    if (options->meeting.diarizer.fewest > options->meeting.diarizer.most)
      throw CLI::ValidationError("label", "--min is more than --max");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
