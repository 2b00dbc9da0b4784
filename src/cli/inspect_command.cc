// vpr inspect: what a recording looks like.
#include "cli/command.h"
#include "options/read_options.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/print/recordings.h"
#include "vpr/report/recording_picture.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string file, output;
  bool own_rate = false, json = false;
  ReadOptions read{.max_seconds = kMaxWholeSeconds};
  const CLI::Option* max_hours = nullptr;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const std::string title = FileName(options.file);
  ReadOptions read = options.read;
  if (!options.output.empty()) {
    if (options.own_rate) read.sample_rate = 0;
    WriteFileAtomically(options.output, DrawRecording(options.file, title, read, *progress));
    return kExitDone;
  }
  if (options.max_hours->count() == 0) read.max_seconds = kMaxSeconds;  // block by block
  AudioSource source(options.file, read);
  source.ForEachBlock([](std::span<const float>) {});
  if (options.json) {
    Print(ToJson(options.file, source.info(), source.warnings()));
    return kExitDone;
  }
  Print(ToText(source.info()));
  for (const std::string& warning : source.warnings())
    progress->Warn("'" + Printable(title) + "': " + warning);
  return kExitDone;
}

}  // namespace

void AddInspectCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "inspect",
                 "What a recording is: format, length, tracks; or its picture", options, Run);
  add.Required("recording", options->file, "FILE", "Audio file, or - for standard input");
  add("-o,--output", options->output, "OUT.png",
      "A picture: waveform, mel spectrogram, MFCC, chroma", FileEnding({".png"}));
  add.Flag("--own-rate", options->own_rate, "At the file's own sample rate instead of 16 kHz");
  AddReadOptions(add.command, options->read);
  options->max_hours =
      add.command.get_option("--max-hours")
          ->description(Format("Refuse longer recordings (default: %g; with -o %g)",
                               kMaxSeconds / 3600, kMaxWholeSeconds / 3600));
  add.Flag("--json", options->json, "The description as JSON");
}

}  // namespace vpr::cli
