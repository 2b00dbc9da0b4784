// vpr features: what the programs of the field compute from a recording, as an array, a table and a
// picture.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/read_options.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/features/acoustic.h"
#include "vpr/features/mel.h"
#include "vpr/plot/plot.h"

namespace vpr::cli {
namespace {

// A recording in 33 numbers (OverallSummary).
constexpr char kSummary[] = "summary";

struct FeaturesCommandOptions {
  std::string file, output, plot, kind = "mel", rate = "16000";
  bool no_trim = false, stats = false, json = false;
  std::optional<int> win_length;
  std::optional<double> fmax;
  int n_mfcc = AcousticOptions().n_mfcc;
  FeatureOptions features;
  ReadOptions read{.max_seconds = kMaxWholeSeconds};

  bool is_mel_kind() const { return kind == "mel" || kind == "logmel" || kind == "db"; }
  int sample_rate() const { return rate == "file" ? 0 : std::stoi(rate); }
};

// What the frames look like at this rate.
FeatureOptions AtRate(const FeaturesCommandOptions& options, int sample_rate) {
  FeatureOptions features = options.features;
  features.sample_rate = sample_rate;
  features.fmax = options.fmax.value_or(sample_rate / 2.0);
  if (options.is_mel_kind()) features.kind = ParseFeatureKind(options.kind);
  return features;
}

AcousticOptions AcousticAtRate(const FeaturesCommandOptions& options, int sample_rate) {
  AcousticOptions acoustic;
  acoustic.frames = AtRate(options, sample_rate);
  acoustic.n_mfcc = options.n_mfcc;
  if (options.kind == kSummary) return acoustic;
  for (std::string_view name : Split(options.kind, ','))
    acoustic.features.push_back(ParseAcousticFeature(name));
  return acoustic;
}

// [rows, frames], or with `frames` false one row of statistics; names of the rows, or of the
// statistics.
struct Result {
  Matrix values;
  std::vector<std::string> names;
  bool frames = true;
};

Result Compute(const FeaturesCommandOptions& options, const Audio& audio) {
  Result result;
  if (options.kind == kSummary) {
    result.values.data = OverallSummary(audio.samples, AcousticAtRate(options, audio.sample_rate));
    result.names = OverallSummaryNames();
    result.frames = false;
  } else if (options.is_mel_kind()) {
    result.values = MelComputer(AtRate(options, audio.sample_rate)).Compute(audio.samples);
    for (std::size_t i = 0; i < result.values.rows; ++i)
      result.names.push_back(options.kind + "_" + std::to_string(i));
  } else {
    const AcousticComputer computer(AcousticAtRate(options, audio.sample_rate));
    result.values = computer.Compute(audio.samples);
    result.names = computer.RowNames();
  }
  if (options.stats && result.frames) {
    const std::vector<Statistic> all = {Statistic::kMean, Statistic::kStd, Statistic::kMin,
                                        Statistic::kMax};
    result.values.data = Summarize(result.values, all);
    result.names = SummaryNames(result.names, all);
    result.frames = false;
  }
  if (!result.frames) {
    result.values.rows = 1;
    result.values.cols = result.values.data.size();
  }
  return result;
}

// A line of column names, then a line a frame with its time in seconds, or one line of statistics.
std::string Csv(const Result& result, double seconds_per_frame) {
  std::string text = result.frames ? "time" : "";
  for (const std::string& name : result.names) text += (text.empty() ? "" : ",") + name;
  text += "\n";
  const std::size_t lines = result.frames ? result.values.cols : 1;
  for (std::size_t t = 0; t < lines; ++t) {
    if (result.frames) text += Format("%.6f", static_cast<double>(t) * seconds_per_frame);
    for (std::size_t i = 0; i < result.names.size(); ++i) {
      const float value = result.frames ? result.values(i, t) : result.values(0, i);
      text += Format("%s%.9g", result.frames || i > 0 ? "," : "", static_cast<double>(value));
    }
    text += "\n";
  }
  return text;
}

int Run(const FeaturesCommandOptions& options) {
  SpeechOptions speech_options;
  speech_options.sample_rate = options.sample_rate();
  speech_options.trim = !options.no_trim;
  speech_options.trim_top_db = options.features.trim_top_db;
  if (options.no_trim) speech_options.min_seconds = 0;  // whatever there is has features
  ReadOptions read = options.read;
  read.sample_rate = options.sample_rate();
  const Audio audio = ReadSpeech(options.file, speech_options, read);
  for (const std::string& warning : audio.warnings)
    spdlog::warn("'{}': {}", Printable(FileName(options.file)), warning);
  const Result result = Compute(options, audio);
  const Matrix& values = result.values;
  if (options.output.ends_with(".csv")) {
    WriteFileAtomically(
        options.output,
        Csv(result, static_cast<double>(options.features.hop_length) / audio.sample_rate));
  } else if (!options.output.empty()) {
    WriteNpy(options.output, values);
  }
  if (!options.plot.empty())
    WriteFileAtomically(options.plot, PlotFeatures(FileName(options.file), audio.samples, values,
                                                   AtRate(options, audio.sample_rate)));

  const double seconds = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  const auto [low, high] = std::minmax_element(values.data.begin(), values.data.end());
  double sum = 0;
  for (float value : values.data) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(values.data.size());
  if (options.json) {
    nlohmann::ordered_json json;
    json["file"] = options.file;
    json["format"] = audio.info.format;
    json["kind"] = options.kind;
    json["sample_rate"] = audio.sample_rate;
    json["shape"] = {values.rows, values.cols};
    json["file_seconds"] = audio.info.seconds;
    json["seconds"] = seconds;
    json["min"] = *low;
    json["mean"] = mean;
    json["max"] = *high;
    json[result.frames ? "rows" : "columns"] = result.names;
    if (!result.frames) json["values"] = values.data;
    if (!options.output.empty()) json["array"] = options.output;
    if (!options.plot.empty()) json["plot"] = options.plot;
    PrintJson(json);
  } else if (options.output.empty() && options.plot.empty()) {
    std::string text =
        Format("file      %s, %d Hz, %d channel%s, %.3f s\n", audio.info.format.c_str(),
               audio.info.sample_rate, audio.info.channels, audio.info.channels == 1 ? "" : "s",
               audio.info.seconds);
    if (result.frames) {
      text += Format(
          "features  %s, %zu bands x %zu frames of %.3f s %s\n"
          "values    %.6g to %.6g, mean %.6g\n",
          options.kind.c_str(), values.rows, values.cols, seconds,
          options.no_trim ? "of audio" : "of speech", static_cast<double>(*low),
          static_cast<double>(*high), mean);
    } else {
      for (std::size_t i = 0; i < result.names.size(); ++i)
        text += Format("%-16s  %.6g\n", result.names[i].c_str(), static_cast<double>(values(0, i)));
    }
    Print(text);
  }
  return kExitDone;
}

}  // namespace

void AddFeaturesCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<FeaturesCommandOptions>();
  FeatureOptions& features = options->features;
  CLI::App* command = app.add_subcommand(
      "features", "Features of a recording: NumPy array, table, statistics, picture");
  command->add_option("recording", options->file, "Audio file, or - for standard input")
      ->required()
      ->type_name("FILE");
  command
      ->add_option(
          "--kind", options->kind,
          "mel: power; logmel: its natural logarithm; db: dB; or one or more, with commas, "
          "of mfcc, chroma, mel, centroid, bandwidth, contrast, flatness, zcr, rms; or "
          "summary: a recording in 33 numbers")
      ->capture_default_str()
      ->type_name("KIND");
  command->add_flag("--stats", options->stats,
                    "Mean, standard deviation, minimum and maximum over time of every row");
  command->add_flag("--no-trim", options->no_trim, "Keep the silence");
  command
      ->add_option("--top-db", features.trim_top_db,
                   "Silence is this many dB below the loudest moment")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("DB");
  command->add_option("--rate", options->rate, "Resample to this rate; file: keep the file's own")
      ->check(CLI::Validator(CheckSampleRate, ""))
      ->capture_default_str()
      ->type_name("HZ");
  command
      ->add_option("-o,--output", options->output,
                   "Write the array [rows, frames], float32, or a table with a line a frame; with "
                   "--stats one row; - for standard output (as .npy)")
      ->check(FileEnding({".npy", ".csv"}, true))
      ->type_name("OUT.npy|OUT.csv");
  command->add_option("--plot", options->plot, "Draw waveform and spectrogram (mel, logmel, db)")
      ->check(FileEnding({".png"}))
      ->type_name("OUT.png");
  AddReadOptions(*command, options->read);
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
  command->add_option("--n-mfcc", options->n_mfcc, "Number of MFCCs")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--fmin", features.fmin, "Lowest frequency of the bands")
      ->capture_default_str()
      ->type_name("HZ");
  command
      ->add_option("--fmax", options->fmax,
                   "Highest frequency of the bands (default: half the rate)")
      ->type_name("HZ");
  command->add_flag("--mean-norm", features.mean_norm,
                    "Subtract each band's mean (mel, logmel, db)");
  command->add_flag("--json", options->json, "Describe the result as one JSON object");
  command->footer(
      "The numbers are those of librosa 0.10.1's functions (mfcc, chroma_stft with tuning=0,\n"
      "melspectrogram, spectral_centroid, ...) after silence trimming as librosa.effects.split.\n"
      "Without -o and --plot a summary is printed.\n"
      "Example:\n"
      "  vpr features hello.wav --kind logmel -o hello.npy --plot hello.png\n"
      "  vpr features hello.wav --no-trim --kind mfcc,chroma --stats -o hello.csv");
  command->callback([options, &context] {
    options->features.win_length = options->win_length.value_or(options->features.n_fft);
    try {
      // At an unknown rate only what does not depend on it can be checked now.
      const int rate = options->sample_rate() == 0 ? kSampleRate : options->sample_rate();
      FeaturesCommandOptions checked = *options;
      if (options->sample_rate() == 0) checked.fmax.reset(), checked.features.fmin = 0;
      if (options->is_mel_kind()) {
        AtRate(checked, rate).Validate();
      } else {
        AcousticAtRate(checked, rate).Validate();
      }
    } catch (const Error& error) {
      throw CLI::ValidationError("features", error.what());
    }
    if (options->json && options->output == "-")
      throw CLI::ValidationError("features", "--json and -o - would both write to standard output");
    if (!options->plot.empty() && (!options->is_mel_kind() || options->stats))
      throw CLI::ValidationError(
          "features", "--plot draws mel, logmel and db without --stats; see also vpr inspect");
    context.run = [options] { return Run(*options); };
  });
}

}  // namespace vpr::cli
