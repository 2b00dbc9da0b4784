// vpr faces: the faces of a video.
#include "cli/command.h"
#include "vpr/report/face_files.h"

namespace vpr::cli {
namespace {

struct Options {
  FaceJob job;
  double hours = VideoOptions().max_seconds / 3600;
  bool json = false;
};

int Run(const Options& options, const Context& context) {
  return Tell(options.json,
              WriteFaces(options.job, *MakeConsoleProgress(context), CatchInterrupts()));
}

void Complete(Options& options) {
  options.job.video.max_seconds = options.hours * 3600;
  if (options.job.file.empty() == options.job.camera.empty())
    throw CLI::ValidationError("faces", "expected either a video or --camera");
}

}  // namespace

void AddFacesCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  FaceJob& job = options->job;
  const Declare add = AddCommand(app, context, "faces", "Faces of a video: followed, cut out",
                                 options, Run, Complete);
  add("video", job.file, "FILE", "Video or picture, or - for standard input");
  add("--camera", job.camera, "KIND:DEVICE",
      "In its stead a camera or screen: v4l2:/dev/video0, x11grab::0");
  add("--seconds", job.seconds, "S", "End after so many (a camera: when stopped)", AboveZero());
  add("-o,--output", job.folder, "DIR", "Write crops and a table of all faces to a new folder");
  add("--plot", job.plot, "OUT.png", "Draw the faces over time", FileEnding({".png"}));
  add.Flag("--align", job.align, "Crops turned upright and of one size, by 68 landmarks");
  add.Flag("--mouth", job.mouths, "Crops of the mouths as well, in grey; implies --align");
  add("--landmarks", job.faces.landmark_file, "FILE.dat",
      "dlib's predictor of 68 landmarks (default: that of the package libdlib-data)");
  add("--min-face", job.faces.least_side, "PIXELS",
      "Height of the smallest face to be found (default: a quarter of the frame's shorter side)",
      CLI::Range(8, 10000));
  add.Default("--min-score", job.faces.least_score, "S",
              "How sure the detector must be; below 0 more is taken for a face",
              CLI::Range(-2.0, 10.0));
  add.Default("--max-gap", job.faces.track.most_gap, "S",
              "A face missed for no longer is the same, and is put between where it was found",
              CLI::Range(0.0, 10.0));
  add.Default("--track", job.video.track, "N", "Of several video tracks this one; 0: the default",
              CLI::Range(0, 64));
  add.Default("--max-hours", options->hours, "H", "Refuse longer videos",
              CLI::Range(0.001, 100000.0));
  add.Flag("--json", options->json, "One JSON object instead of lines");
}

}  // namespace vpr::cli
