// vpr trim: where a recording is not silent.
#include "cli/command.h"
#include "options/read_options.h"
#include "vpr/print/recordings.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string file, output;
  SpeechOptions speech{.min_seconds = 0};
  ReadOptions read;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const TrimmedRecording trimmed =
      TrimRecording(options.file, options.read, options.speech, options.output,
                    *MakeConsoleProgress(context), CatchInterrupts());
  Print(options.json ? ToJson(options.file, trimmed, options.output) : ToText(trimmed));
  return kExitDone;
}

}  // namespace

void AddTrimCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "trim", "Where a recording is not silent", options, Run);
  add.Required("recording", options->file, "FILE", "Audio file, or - for standard input");
  add.Default("--top-db", options->speech.trim_top_db, "DB",
              "Silence is this many dB below the loudest moment", AboveZero());
  add("-o,--output", options->output, "OUT.wav",
      "Write what is not silent, joined, as 16 kHz mono WAV", FileEnding({".wav", ".wave"}));
  AddReadOptions(add.command, options->read);
  add.Flag("--json", options->json, "One JSON object instead of lines");
}

}  // namespace vpr::cli
