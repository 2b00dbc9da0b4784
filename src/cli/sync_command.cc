// vpr sync: whether lips and sound of a clip are in step.
#include "cli/command.h"
#include "vpr/base/text.h"
#include "vpr/print/sync.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  VideoOptions video{.longest_side = 1920};
  FaceOptions faces;
  SyncOptions sync;
  double hours = VideoOptions().max_seconds / 3600;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const StopRequested stop = CatchInterrupts();
  for (const std::string& file : options.files) {
    const ClipSync sync =
        MeasureSync(file, options.video, options.faces, options.sync, *progress, stop);
    for (const std::string& warning : sync.warnings)
      progress->Warn("'" + Printable(FileName(file)) + "': " + warning);
    Tell(options.json, sync);
  }
  return kExitDone;
}

void Complete(Options& options) {
  options.video.max_seconds = options.hours * 3600;
  for (const std::string& file : options.files)
    if (file == "-")
      throw CLI::ValidationError("clip", "expected files: sound and pictures are read one by one");
}

}  // namespace

void AddSyncCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "sync", "By how much lips and sound of a clip are apart", options,
                 Run, Complete);
  add.Required("clip", options->files, "FILE", "Videos of somebody who speaks");
  add.Default("--most-ms", options->sync.most_ms, "MS", "Look for no more than that",
              CLI::Range(40.0, 5000.0));
  add.Default("--confidence", options->sync.confidence, "P",
              "Below that the answer is that it cannot be told", CLI::Range(0.0, 1.0));
  add("--landmarks", options->faces.landmark_file, "FILE.dat",
      "dlib's predictor of 68 landmarks (default: that of the package libdlib-data)");
  add("--min-face", options->faces.least_side, "PIXELS",
      "Height of the smallest face to be found (default: a quarter of the frame's shorter side)",
      CLI::Range(8, 10000));
  add.Default("--max-hours", options->hours, "H", "Refuse longer videos",
              CLI::Range(0.001, 100000.0));
  add.Flag("--json", options->json, "A JSON object for each clip");
}

}  // namespace vpr::cli
