// vpr inspect: what a recording looks like.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/file_io.h"
#include "vpr/features/acoustic.h"
#include "vpr/features/mel.h"
#include "vpr/plot/plot.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string file, output;
  bool own_rate = false;
};

int Run(const Options& options) {
  WriteFileAtomically(options.output,
                      InspectRecording(options.file, FileName(options.file), options.own_rate));
  return kExitDone;
}

}  // namespace

std::string InspectRecording(const std::string& path, const std::string& title, bool own_rate) {
  const Audio audio = ReadAudio(path, own_rate ? 0 : kSampleRate);
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
      ->type_name("OUT.png");
  command->add_flag("--own-rate", options->own_rate,
                    "At the file's own sample rate instead of 16 kHz");
  command->footer(
      "Example:\n"
      "  vpr inspect hello.wav -o hello.png");
  command->callback([options, &context] { context.run = [options] { return Run(*options); }; });
}

}  // namespace vpr::cli
