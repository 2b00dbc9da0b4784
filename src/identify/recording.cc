#include "vpr/identify/recording.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/speech.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"
#include "vpr/model/measure_conditions.h"
#include "vpr/model/open_speech.h"
#include "vpr/model/several_voices.h"

namespace vpr {

namespace {

namespace fs = std::filesystem;

// Of the time that a file takes, for showing progress: up to its speech being found, and measured.
constexpr double kFound = 0.05, kMeasured = 0.25;

// Whether the recording may be used; if so, `embed` is called.
void Decide(Recording& recording, const QualityLimits& limits, const std::function<void()>& embed) {
  QualityVerdict verdict = Judge(recording.quality, limits);
  if (verdict.refused.empty())
    embed();
  else
    recording.failure = "cannot use '" + Printable(recording.source) + "': " + verdict.refused;
  recording.warnings.insert(recording.warnings.end(), verdict.warnings.begin(),
                            verdict.warnings.end());
}

void AddVoices(std::string warning, Recording& recording) {
  if (!warning.empty()) recording.warnings.push_back(warning);
  recording.several_voices = std::move(warning);
}

}  // namespace

EnrolledUtterance ToUtterance(Recording&& recording, const ModelInfo& info, bool keep_audio) {
  EnrolledUtterance utterance;
  std::error_code error;
  const std::string& source = recording.source;
  utterance.source =
      recording.is_file ? fs::absolute(source, error).lexically_normal().string() : source;
  utterance.enrolled_at = UtcNow();
  utterance.network = info.network_fingerprint;
  SetConditions(recording.conditions, utterance);
  utterance.snr_db = recording.quality.snr_db;
  utterance.embedding = std::move(recording.embedding);
  if (keep_audio) utterance.audio = EncodeFlac(recording.samples);
  return utterance;
}

Recording EmbedRecording(const std::string& source, const std::vector<float>& samples,
                         const EmbeddingExtractor& extractor, const QualityLimits& limits,
                         bool keep_samples) {
  Recording recording;
  recording.source = source;
  recording.heard = true;
  SpeechDetector::DefaultNetwork();  // a missing one is not the recording's fault
  try {
    const std::vector<float> speech = extractor.SpeechFor(samples, source);
    recording.quality = MeasureSpeech(samples);
    Decide(recording, limits, [&] {
      recording.embedding = extractor.Extract(speech);
      recording.conditions = MeasureConditions(speech);
      VoicesMeter voices(speech.size());
      voices.Accept(speech);
      AddVoices(voices.Finish(extractor), recording);
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnusable) throw;
    recording.failure = error.what();
  }
  if (keep_samples) recording.samples = samples;
  return recording;
}

double SpeechSeconds(const Recording& recording) {
  return recording.embedding.empty() ? recording.quality.speech_seconds
                                     : recording.conditions.seconds;
}

namespace {

Recording EmbedSpeech(const std::string& name, const std::function<SpeechReader()>& open,
                      const EmbeddingExtractor& extractor, const QualityLimits& limits,
                      bool keep_samples, int threads, const OnRead& on_read) {
  Recording recording;
  recording.source = name;
  SpeechDetector::DefaultNetwork();  // a missing one is not the file's fault
  std::optional<SpeechReader> speech;
  auto part = [&](double from, double to) {
    return on_read
               ? OnRead([&on_read, from, to](double share) { on_read(from + (to - from) * share); })
               : OnRead();
  };
  try {
    speech.emplace(open());
    speech->Find(part(0, kFound));
    recording.heard = true;
    if (keep_samples && static_cast<double>(speech->num_samples()) > kMaxWholeSeconds * kSampleRate)
      throw Error(ErrorCode::kUnusable,
                  "cannot keep '" + Printable(name) +
                      Format("': it is longer than %.4g hours; cut it", kMaxWholeSeconds / 3600));
    recording.warnings = speech->source().warnings();
    SpeechMeter meter(speech->peak());
    speech->source().ForEachBlock(
        [&](std::span<const float> samples) {
          meter.Accept(samples);
          if (keep_samples)
            recording.samples.insert(recording.samples.end(), samples.begin(), samples.end());
        },
        part(kFound, kMeasured));
    recording.quality = meter.Finish();
    Decide(recording, limits, [&] {
      ConditionsMeter conditions(speech->num_speech_samples());
      VoicesMeter voices(speech->num_speech_samples());
      recording.embedding = extractor.Extract(*speech, threads, part(kMeasured, 1),
                                              [&](std::span<const float> samples) {
                                                conditions.Accept(samples);
                                                voices.Accept(samples);
                                              });
      recording.conditions = conditions.Finish();
      AddVoices(voices.Finish(extractor, threads), recording);
    });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kInterrupted) throw;
    // Read to its end, and then silent or too short.
    recording.heard = speech && speech->source().info().seconds > 0;
    recording.failure = error.what();
    recording.embedding.clear();
  }
  return recording;
}

}  // namespace

Recording EmbedFile(const std::string& path, const EmbeddingExtractor& extractor,
                    const QualityLimits& limits, bool keep_samples, int threads,
                    const OnRead& on_read) {
  Recording recording = EmbedSpeech(
      path, [&] { return extractor.OpenSpeech(path); }, extractor, limits, keep_samples, threads,
      on_read);
  recording.is_file = path != "-";
  return recording;
}

Recording EmbedBytes(std::string bytes, const std::string& name,
                     const EmbeddingExtractor& extractor, const QualityLimits& limits,
                     bool keep_samples, const OnRead& on_read) {
  ReadOptions read = extractor.options().read;
  read.sample_rate = kSampleRate;
  return EmbedSpeech(
      name,
      [&] { return OpenSpeech(extractor, AudioSource::FromBytes(std::move(bytes), name, read)); },
      extractor, limits, keep_samples, 1, on_read);
}

void EmbedRecordings(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                     const QualityLimits& limits, bool keep_samples, Progress& progress,
                     const StopRequested& stop, const std::function<void(Recording&&)>& use) {
  const int threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  const int threads_of_file =
      std::max(1, threads / static_cast<int>(std::clamp<std::size_t>(paths.size(), 1, 1u << 16)));
  SpeechDetector::DefaultNetwork();  // without it no file can be used: said before the first
  std::vector<Recording> slots(static_cast<std::size_t>(2 * threads));
  progress.Start("embedding", "file", paths.size());
  PartialProgress partial(progress, stop, slots.size());
  std::size_t done = 0;
  try {
    OrderedParallelFor(
        paths.size(), threads, slots.size(),
        [&](std::size_t i) {
          const std::size_t slot = i % slots.size();
          slots[slot] = EmbedFile(paths[i], extractor, limits, keep_samples, threads_of_file,
                                  [&, slot](double share) { partial.Update(slot, share); });
        },
        [&](std::size_t i) {
          use(std::move(slots[i % slots.size()]));
          done = i + 1;
          partial.Done(i % slots.size());
          progress.Update(i + 1);
        },
        stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInterrupted) throw;  // in the midst of a file: said below
  }
  progress.Finish();
  if (done < paths.size())
    throw Error(ErrorCode::kInterrupted,
                Format("stopped after %zu of %zu files", done, paths.size()));
}

void RequireAllUsable(std::size_t failed, std::size_t all) {
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu recordings could not be used", failed, all));
}

}  // namespace vpr
