// vpr inspect: what a recording looks like.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

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
  bool own_rate = false, json = false;
  ReadOptions read{.max_seconds = kMaxWholeSeconds};
};

// What the file says of itself and what was found on the way, instead of a picture.
void Describe(const Options& options, const ReadOptions& read) {
  AudioSource source(options.file, read);
  source.ForEachBlock([](std::span<const float>) {});
  const AudioInfo& info = source.info();
  if (options.json) {
    nlohmann::ordered_json tracks = nlohmann::ordered_json::array();
    for (const AudioTrack& track : info.tracks)
      tracks.push_back({{"codec", track.codec},
                        {"sample_rate", track.sample_rate},
                        {"channels", track.channels},
                        {"language", track.language},
                        {"title", track.title}});
    Print(ToLine({{"file", options.file},
                  {"format", info.format},
                  {"sample_rate", info.sample_rate},
                  {"channels", info.channels},
                  {"seconds", info.seconds},
                  {"track", info.track},
                  {"tracks", tracks},
                  {"warnings", source.warnings()}}));
    return;
  }
  Print(Format("format        %s\nsample rate   %d Hz\nchannels      %d\nlength        %.2f s\n",
               Printable(info.format).c_str(), info.sample_rate, info.channels, info.seconds));
  for (std::size_t i = 0; i < info.tracks.size(); ++i) {
    const AudioTrack& track = info.tracks[i];
    Print(Format("track %-7zu %s, %d Hz, %d channel%s%s%s%s\n", i + 1,
                 Printable(track.codec).c_str(), track.sample_rate, track.channels,
                 track.channels == 1 ? "" : "s",
                 track.language.empty() ? "" : (", " + Printable(track.language)).c_str(),
                 track.title.empty() ? "" : (", " + Printable(track.title)).c_str(),
                 static_cast<int>(i) + 1 == info.track ? "  (read)" : ""));
  }
  for (const std::string& warning : source.warnings())
    spdlog::warn("'{}': {}", Printable(FileName(options.file)), warning);
}

int Run(const Options& options) {
  ReadOptions read = options.read;
  if (options.output.empty()) {
    if (read.max_seconds == kMaxWholeSeconds) read.max_seconds = kMaxSeconds;  // block by block
    Describe(options, read);
    return kExitDone;
  }
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
  CLI::App* command =
      app.add_subcommand("inspect", "What a recording is: format, length, tracks; or its picture");
  command->add_option("recording", options->file, "Audio file, or - for standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("-o,--output", options->output,
                   "A picture: waveform, mel spectrogram, MFCC, chroma")
      ->check(FileEnding({".png"}))
      ->type_name("OUT.png");
  command->add_flag("--own-rate", options->own_rate,
                    "At the file's own sample rate instead of 16 kHz");
  AddReadOptions(*command, options->read);
  command->add_flag("--json", options->json, "The description as JSON");
  command->footer(
      "Example:\n"
      "  vpr inspect meeting.mp4            # format, length, audio tracks (--track)\n"
      "  vpr inspect hello.wav -o hello.png");
  command->callback([options, &context] { context.run = [options] { return Run(*options); }; });
}

}  // namespace vpr::cli
