// vpr trim: where a recording is not silent.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/read_options.h"
#include "vpr/audio/speech.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct TrimCommandOptions {
  std::string file, output;
  SpeechOptions speech;
  ReadOptions read;
  bool json = false;
};

double Seconds(std::size_t samples) { return static_cast<double>(samples) / kSampleRate; }

int Run(const TrimCommandOptions& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  progress->Start("trimming", "file", 1);
  PartialProgress partial(*progress, CatchInterrupts(), 1);
  SpeechReader speech(AudioSource(options.file, options.read), options.speech);
  const bool write = !options.output.empty();
  speech.Find([&](double share) { partial.Update(0, write ? share / 2 : share); });
  if (write) {
    WavWriter writer(options.output, speech.num_speech_samples(), kSampleRate);
    speech.ForEachBlock([&](std::span<const float> samples) { writer.Add(samples); },
                        [&](double share) { partial.Update(0, (1 + share) / 2); });
    writer.Commit();
  }
  progress->Finish();
  for (const std::string& warning : speech.source().warnings())
    progress->Warn("'" + Printable(speech.source().name()) + "': " + warning);
  const std::vector<Interval>& intervals = speech.intervals();
  if (options.json) {
    nlohmann::ordered_json json;
    json["file"] = options.file;
    json["sample_rate"] = kSampleRate;
    json["seconds"] = Seconds(speech.num_samples());
    json["kept_seconds"] = Seconds(speech.num_speech_samples());
    json["intervals"] = nlohmann::ordered_json::array();
    for (const Interval& interval : intervals)
      json["intervals"].push_back({interval.begin, interval.end});
    if (write) json["output"] = options.output;
    PrintJson(json);
    return kExitDone;
  }
  std::string lines;
  for (const Interval& interval : intervals)
    lines += Format("%zu\t%zu\t%.3f\t%.3f\n", interval.begin, interval.end, Seconds(interval.begin),
                    Seconds(interval.end));
  Print(lines);
  return kExitDone;
}

}  // namespace

void AddTrimCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<TrimCommandOptions>();
  options->speech.min_seconds = 0;
  CLI::App* command = app.add_subcommand("trim", "Where a recording is not silent");
  command->add_option("recording", options->file, "Audio file, or - for standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--top-db", options->speech.trim_top_db,
                   "Silence is this many dB below the loudest moment")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("DB");
  command
      ->add_option("-o,--output", options->output,
                   "Write what is not silent, joined, as 16 kHz mono WAV")
      ->check(FileEnding({".wav", ".wave"}))
      ->type_name("OUT.wav");
  AddReadOptions(*command, options->read);
  command->add_flag("--json", options->json, "One JSON object instead of lines");
  command->footer(
      "Prints a line for every stretch that is not silent: begin and end in samples at 16 kHz, "
      "and\n"
      "both again in seconds, with tabs between. The boundaries are those of\n"
      "librosa.effects.split. With --top-db 40 what is kept is what the shipped model makes an\n"
      "embedding of, and kept_seconds in JSON what other commands call speech_seconds.\n"
      "Example:\n"
      "  vpr trim hello.mp3 -o speech.wav");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
