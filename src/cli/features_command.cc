// vpr features: the mel spectrogram of a recording as an array and as a picture.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"
#include "vpr/plot/plot.h"

namespace vpr::cli {
namespace {

struct FeaturesCommandOptions {
  std::string file, output, plot, kind = "mel";
  bool no_trim = false, json = false;
  std::optional<int> win_length;
  FeatureOptions features;
};

std::string FileName(const std::string& path) {
  return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

int Run(const FeaturesCommandOptions& options) {
  SpeechOptions speech_options;
  speech_options.trim = !options.no_trim;
  speech_options.trim_top_db = options.features.trim_top_db;
  if (options.no_trim) speech_options.min_seconds = 0;  // whatever there is has features
  const Audio audio = ReadSpeech(options.file, speech_options);
  const Matrix features = MelComputer(options.features).Compute(audio.samples);
  if (!options.output.empty()) WriteNpy(options.output, features);
  if (!options.plot.empty())
    PlotFeatures(options.plot, FileName(options.file), audio.samples, features, options.features);

  const double seconds = static_cast<double>(audio.samples.size()) / kSampleRate;
  const auto [low, high] = std::minmax_element(features.data.begin(), features.data.end());
  double sum = 0;
  for (float value : features.data) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(features.data.size());
  if (options.json) {
    nlohmann::ordered_json json;
    json["file"] = options.file;
    json["format"] = audio.info.format;
    json["kind"] = options.kind;
    json["shape"] = {features.rows, features.cols};
    json["file_seconds"] = audio.info.seconds;
    json["seconds"] = seconds;
    json["min"] = *low;
    json["mean"] = mean;
    json["max"] = *high;
    if (!options.output.empty()) json["array"] = options.output;
    if (!options.plot.empty()) json["plot"] = options.plot;
    Print(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  } else if (options.output.empty() && options.plot.empty()) {
    Print(
        Format("file      %s, %d Hz, %d channel%s, %.3f s\n"
               "features  %s, %zu bands x %zu frames of %.3f s %s\n"
               "values    %.6g to %.6g, mean %.6g\n",
               audio.info.format.c_str(), audio.info.sample_rate, audio.info.channels,
               audio.info.channels == 1 ? "" : "s", audio.info.seconds, options.kind.c_str(),
               features.rows, features.cols, seconds, options.no_trim ? "of audio" : "of speech",
               static_cast<double>(*low), static_cast<double>(*high), mean));
  }
  return kExitDone;
}

}  // namespace

void AddFeaturesCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<FeaturesCommandOptions>();
  FeatureOptions& features = options->features;
  CLI::App* command =
      app.add_subcommand("features", "Mel spectrogram of a recording: NumPy array, picture");
  command->add_option("recording", options->file, "Audio file, or - for standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("--kind", options->kind, "mel: power; logmel: its natural logarithm; db: dB")
      ->check(CLI::IsMember({"mel", "logmel", "db"}))
      ->capture_default_str();
  command->add_flag("--no-trim", options->no_trim, "Keep the silence");
  command
      ->add_option("--top-db", features.trim_top_db,
                   "Silence is this many dB below the loudest moment")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("DB");
  command
      ->add_option("-o,--output", options->output,
                   "Write the array [bands, frames], float32; - for standard output")
      ->type_name("OUT.npy");
  command->add_option("--plot", options->plot, "Draw waveform and spectrogram")
      ->type_name("OUT.png");
  command->add_option("--n-fft", features.n_fft, "Samples of a transform, a power of two")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--win-length", options->win_length, "Samples of a window (default: n-fft)")
      ->type_name("N");
  command->add_option("--hop-length", features.hop_length, "Samples from frame to frame")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--n-mels", features.n_mels, "Number of bands")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--fmin", features.fmin, "Lowest frequency")
      ->capture_default_str()
      ->type_name("HZ");
  command->add_option("--fmax", features.fmax, "Highest frequency")
      ->capture_default_str()
      ->type_name("HZ");
  command->add_flag("--mean-norm", features.mean_norm, "Subtract each band's mean");
  command->add_flag("--json", options->json, "Describe the result as one JSON object");
  command->footer(
      "The numbers are those of librosa.feature.melspectrogram at 16 kHz, after silence trimming\n"
      "as librosa.effects.split. Without -o and --plot a summary is printed.\n"
      "Example:\n"
      "  vpr features hello.wav --kind logmel -o hello.npy --plot hello.png");
  command->callback([options, &context] {
    options->features.kind = ParseFeatureKind(options->kind);
    options->features.win_length = options->win_length.value_or(options->features.n_fft);
    try {
      options->features.Validate();
    } catch (const Error& error) {
      throw CLI::ValidationError("features", error.what());
    }
    if (options->json && options->output == "-")
      throw CLI::ValidationError("features", "--json and -o - would both write to standard output");
    context.run = [options] { return Run(*options); };
  });
}

}  // namespace vpr::cli
