#include "vpr/identify/recording.h"

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {

Recording EmbedRecording(const std::string& source, const std::vector<float>& samples,
                         const EmbeddingExtractor& extractor, const QualityLimits& limits,
                         bool keep_samples) {
  Recording recording;
  recording.source = source;
  recording.heard = true;
  try {
    const std::vector<float> speech = extractor.SpeechFor(samples, source);
    recording.quality = MeasureSpeech(samples);
    QualityVerdict verdict = Judge(recording.quality, limits);
    if (verdict.refused.empty()) {
      recording.embedding = extractor.Extract(speech);
      recording.speech_seconds = static_cast<double>(speech.size()) / kSampleRate;
    } else {
      recording.failure = "cannot use '" + Printable(source) + "': " + verdict.refused;
    }
    recording.warnings = std::move(verdict.warnings);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnusable) throw;
    recording.failure = error.what();
  }
  if (keep_samples) recording.samples = samples;
  return recording;
}

double SpeechSeconds(const Recording& recording) {
  return recording.embedding.empty() ? recording.quality.speech_seconds : recording.speech_seconds;
}

void EmbedRecordings(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                     const QualityLimits& limits, bool keep_samples, Progress& progress,
                     const StopRequested& stop, const std::function<void(Recording&&)>& use) {
  const int threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  std::vector<Recording> slots(static_cast<std::size_t>(2 * threads));
  progress.Start("embedding", "file", paths.size());
  const std::size_t done = OrderedParallelFor(
      paths.size(), threads, slots.size(),
      [&](std::size_t i) {
        Recording& slot = slots[i % slots.size()];
        try {
          slot = EmbedRecording(paths[i], ReadAudio(paths[i]).samples, extractor, limits,
                                keep_samples);
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kInternal) throw;
          slot = {};
          slot.source = paths[i];
          slot.failure = error.what();
        }
      },
      [&](std::size_t i) {
        use(std::move(slots[i % slots.size()]));
        progress.Update(i + 1);
      },
      stop);
  progress.Finish();
  if (done < paths.size())
    throw Error(ErrorCode::kInterrupted,
                Format("stopped after %zu of %zu files", done, paths.size()));
}

}  // namespace vpr
