#include "vpr/report/recording_picture.h"

#include "vpr/base/text.h"
#include "vpr/features/acoustic.h"
#include "vpr/plot/plot.h"

namespace vpr {

std::string RecordingTitle(const std::string& path) {
  return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

std::string DrawRecording(const std::string& path, const std::string& title,
                          const ReadOptions& read, Progress& progress) {
  const Audio audio = ReadAudio(path, read);
  for (const std::string& warning : audio.warnings)
    progress.Warn("'" + Printable(RecordingTitle(path)) + "': " + warning);
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

}  // namespace vpr
