#include "vpr/report/feature_files.h"

#include "vpr/audio/speech.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/plot/plot.h"
#include "vpr/report/recording_picture.h"

namespace vpr {

ComputedFeatures WriteFeatures(const FeatureJob& job, Progress& progress) {
  const FeatureRequest& request = job.request;
  SpeechOptions speech;
  speech.sample_rate = job.read.sample_rate;
  speech.trim = job.trim;
  speech.trim_top_db = request.frames.trim_top_db;
  if (!job.trim) speech.min_seconds = 0;  // whatever there is has features
  const Audio audio = ReadSpeech(job.file, speech, job.read);
  const std::string title = RecordingTitle(job.file);
  for (const std::string& warning : audio.warnings)
    progress.Warn("'" + Printable(title) + "': " + warning);
  ComputedFeatures computed;
  computed.file = job.file;
  computed.kind = request.kind;
  computed.array = job.array;
  computed.plot = job.plot;
  computed.trimmed = job.trim;
  computed.info = audio.info;
  computed.sample_rate = audio.sample_rate;
  computed.seconds = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  computed.table = ComputeFeatureTable(request, audio.samples, audio.sample_rate);
  const Matrix& values = computed.table.values;
  if (job.array.ends_with(".csv")) {
    const double hop = static_cast<double>(request.frames.hop_length) / audio.sample_rate;
    WriteFileAtomically(job.array, ToCsv(computed.table, hop));
  } else if (!job.array.empty()) {
    WriteNpy(job.array, values);
  }
  if (!job.plot.empty())
    WriteFileAtomically(
        job.plot, PlotFeatures(title, audio.samples, values, request.FramesAt(audio.sample_rate)));
  return computed;
}

}  // namespace vpr
