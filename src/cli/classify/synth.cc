// vpr classify synth: recordings and clips that are made, for trying things out.
#include "vpr/classify/synth.h"
#include "cli/classify/classify.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/clips/synth_clips.h"

namespace vpr::cli {
namespace {

struct SynthOptions {
  std::string out_dir;
  bool video = false;
  double snr_db = 0;
  CLI::Option* snr = nullptr;
  SynthClipOptions clips;
};

int Synthesize(const SynthOptions& options, const Context& context) {
  const SynthClipOptions& clips = options.clips;
  if (options.video) {
    SynthClipOptions wanted = clips;
    if (options.snr->count() > 0) wanted.snr_db = options.snr_db;
    const std::size_t made = WriteSynthClips(options.out_dir, wanted, HardwareThreads(),
                                             *MakeConsoleProgress(context), CatchInterrupts());
    const std::string out = Printable(options.out_dir);
    Print(Format("%s: %zu clips of %zu classes, listed in %s/clips.tsv\n", out.c_str(), made,
                 kSynthExpressions.size(), out.c_str()));
    return kExitDone;
  }
  WriteSynthEmotions(options.out_dir, clips.count, clips.seed);
  Print(Format("%s: %zu recordings of %zu classes\n", Printable(options.out_dir).c_str(),
               static_cast<std::size_t>(clips.count) * kSynthEmotions.size(),
               kSynthEmotions.size()));
  return kExitDone;
}

}  // namespace

void AddClassifySynthCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<SynthOptions>();
  SynthClipOptions& clips = options->clips;
  const Declare add = AddCommand(classify, context, "synth",
                                 "Synthetic \"emotions\", for trying things out: four as modulated "
                                 "sines, or seven as clips of "
                                 "drawn faces that speak",
                                 options, Synthesize);
  add.Required("OUT_DIR", options->out_dir, "", "Folder to write into");
  add.Default("--count", clips.count, "", "Recordings or clips of each class",
              CLI::Range(1, 10000));
  add.Default("--seed", clips.seed, "", "Same seed, same files");
  CLI::Option* const video =
      add.Flag("--video", options->video, "Clips of drawn faces with voices, and a list of them");
  add.Default("--people", clips.people, "", "Whose clips they are", CLI::Range(1, 1000))
      ->needs(video);
  add.Default("--pixels", clips.pixels, "", "Width and height of the clips", CLI::Range(48, 1024))
      ->needs(video);
  add.Default("--seconds", clips.seconds, "", "Length of a clip", CLI::Range(0.4, 60.0))
      ->needs(video);
  options->snr =
      add("--snr", options->snr_db, "DB", "Add noise so far below the voice", CLI::Range(-40, 100))
          ->needs(video);
  add.Default("--covered", clips.covered, "SHARE", "So many of the faces are covered",
              CLI::Range(0.0, 1.0))
      ->needs(video);
  add.Default("--shift-ms", clips.shift_ms, "MS", "The sound comes so much later than the lips",
              CLI::Range(-1000.0, 1000.0))
      ->needs(video);
}

}  // namespace vpr::cli
