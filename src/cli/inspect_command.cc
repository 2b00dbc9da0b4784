// vpr inspect: what a recording looks like.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/read_options.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/features/acoustic.h"
#include "vpr/features/mel.h"
#include "vpr/plot/plot.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string file, output;
  bool own_rate = false;
  ReadOptions read{.max_seconds = kMaxWholeSeconds};
};

int Run(const Options& options) {
  ReadOptions read = options.read;
  if (options.own_rate) read.sample_rate = 0;
  WriteFileAtomically(options.output, InspectRecording(options.file, FileName(options.file), read));
  return kExitDone;
}

}  // namespace

std::string InspectRecording(const std::string& path, const std::string& title,
                             const ReadOptions& read) {
  const Audio audio = ReadAudio(path, read);
  for (const std::string& warning : audio.warnings)
    spdlog::warn("'{}': {}", Printable(FileName(path)), warning);
  AcousticOptions options;
  options.frames.sample_rate = audio.sample_rate;
  options.frames.fmax = audio.sample_rate / 2.0;
  auto compute = [&](AcousticFeature feature) {
    options.features = {feature};
    return AcousticComputer(options).Compute(audio.samples);
  };
  return PlotInspection(title, audio.samples, compute(AcousticFeature::kMel),
                        compute(AcousticFeature::kMfcc), compute(AcousticFeature::kChroma),
                        options.frames);
}

void AddInspectCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Picture of a recording: waveform, mel spectrogram, MFCC, chroma");
  command->add_option("recording", options->file, "Audio file, or - for standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "The picture")
      ->required()
      ->check(FileEnding({".png"}))
      ->type_name("OUT.png");
  command->add_flag("--own-rate", options->own_rate,
                    "At the file's own sample rate instead of 16 kHz");
  AddReadOptions(*command, options->read);
  command->footer(
      "Example:\n"
      "  vpr inspect hello.wav -o hello.png");
  command->callback([options, &context] { context.run = [options] { return Run(*options); }; });
}

}  // namespace vpr::cli
