// vpr features: what the programs of the field compute from a recording, as an array, a table and a
// picture.
#include "cli/command.h"
#include "options/read_options.h"
#include "vpr/base/error.h"
#include "vpr/report/feature_files.h"

namespace vpr::cli {
namespace {

struct Options {
  FeatureJob job;
  std::string rate = "16000";
  bool no_trim = false, json = false;
  std::optional<int> win_length;
};

int Run(const Options& options, const Context& context) {
  const ComputedFeatures computed = WriteFeatures(options.job, *MakeConsoleProgress(context));
  if (options.json)
    Print(ToJson(computed));
  else if (computed.array.empty() && computed.plot.empty())
    Print(ToText(computed));
  return kExitDone;
}

void Complete(Options& options) {
  FeatureJob& job = options.job;
  FeatureRequest& request = job.request;
  request.frames.win_length = options.win_length.value_or(request.frames.n_fft);
  job.read.sample_rate = options.rate == "file" ? 0 : std::stoi(options.rate);
  job.trim = !options.no_trim;
  try {
    request.Validate(job.read.sample_rate);
  } catch (const Error& error) {
    throw CLI::ValidationError("features", error.what());
  }
  if (options.json && job.array == "-")
    throw CLI::ValidationError("features", "--json and -o - would both write to standard output");
  if (!job.plot.empty() && (!request.is_mel_kind() || request.stats))
    throw CLI::ValidationError(
        "features", "--plot draws mel, logmel and db without --stats; see also vpr inspect");
}

}  // namespace

void AddFeaturesCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  FeatureJob& job = options->job;
  FeatureRequest& request = job.request;
  FeatureOptions& frames = request.frames;
  const Declare add = AddCommand(app, context, "features",
                                 "Features of a recording: NumPy array, table, statistics, picture",
                                 options, Run, Complete);
  add.Required("recording", job.file, "FILE", "Audio file, or - for standard input");
  add.Default("--kind", request.kind, "KIND",
              "mel: power; logmel: its natural logarithm; db: dB; or one or more, with commas, of "
              "mfcc, chroma, mel, centroid, bandwidth, contrast, flatness, zcr, rms; or summary: a "
              "recording in 33 numbers");
  add.Flag("--stats", request.stats,
           "Mean, standard deviation, minimum and maximum over time of every row");
  add.Flag("--no-trim", options->no_trim, "Keep the silence");
  add.Default("--top-db", frames.trim_top_db, "DB",
              "Silence is this many dB below the loudest moment", AboveZero());
  add.Default("--rate", options->rate, "HZ", "Resample to this rate; file: keep the file's own",
              SampleRate());
  add("-o,--output", job.array, "OUT.npy|OUT.csv",
      "Write the array [rows, frames], float32, or a table with a line a frame; with --stats one "
      "row; - for standard output (as .npy)",
      FileEnding({".npy", ".csv"}, true));
  add("--plot", job.plot, "OUT.png", "Draw waveform and spectrogram (mel, logmel, db)",
      FileEnding({".png"}));
  AddReadOptions(add.command, job.read);
  add.Default("--n-fft", frames.n_fft, "N", "Samples of a transform, a power of two");
  add("--win-length", options->win_length, "N", "Samples of a window (default: n-fft)");
  add.Default("--hop-length", frames.hop_length, "N", "Samples from frame to frame");
  add.Default("--n-mels", frames.n_mels, "N", "Number of bands");
  add.Default("--n-mfcc", request.n_mfcc, "N", "Number of MFCCs");
  add.Default("--fmin", frames.fmin, "HZ", "Lowest frequency of the bands");
  add("--fmax", request.fmax, "HZ", "Highest frequency of the bands (default: half the rate)");
  add.Flag("--mean-norm", frames.mean_norm, "Subtract each band's mean (mel, logmel, db)");
  add.Flag("--json", options->json, "Describe the result as one JSON object");
}

}  // namespace vpr::cli
