#include "vpr/live/listen.h"

#include <chrono>
#include <filesystem>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/mic/phrase_detector.h"

namespace vpr {
namespace {

void TakeInChanges(Recognizer& recognizer, const IdentificationRequest& request,
                   Progress& progress) {
  if (!recognizer.Refresh(progress)) return;
  progress.Info(Format("the store was changed: %zu people are enrolled",
                       recognizer.Basis(request, progress).enrolled));
}

void WarnOf(const Recording& recording, Progress& progress) {
  if (!recording.failure.empty()) progress.Warn(recording.failure);
  for (const std::string& warning : recording.warnings)
    progress.Warn("'" + Printable(recording.source) + "' is doubtful: " + warning);
}

[[noreturn]] void RefuseSilence(const LiveAudio& audio) {
  throw Error(ErrorCode::kUnusable, "'" + Printable(audio.name()) +
                                        "' delivers nothing but zeros; is the microphone muted?");
}

// Phrases of live audio, and the answers to them.
class LiveIdentification {
 public:
  LiveIdentification(Recognizer& recognizer, const LiveRequest& request, Progress& progress,
                     const OnIdentified& use)
      : recognizer_(recognizer), request_(request), progress_(progress), use_(use) {}

  std::size_t phrases() const { return number_; }

  // At this many samples of what was heard.
  void Answer(const std::vector<float>& phrase, std::size_t heard) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    Recording recording = EmbedRecording("phrase " + std::to_string(++number_), phrase,
                                         recognizer_.extractor(), request_.limits);
    guess_.clear();
    guessed_at_ = 0;
    if (!recording.failure.empty()) {  // a door, a cough: no answer
      progress_.Info(recording.failure);
      return;
    }
    TakeInChanges(recognizer_, request_.identification, progress_);
    if (request_.save.empty()) {
      recording.source = Format("phrase %zu", number_);
    } else {
      recording.source =
          (std::filesystem::path(request_.save) / Format("%s-%03zu.wav", UtcNow().c_str(), number_))
              .string();
      WriteWav(recording.source, phrase, kSampleRate, 0600);
    }
    WarnOf(recording, progress_);
    const double milliseconds = 1000 * std::chrono::duration<double>(Clock::now() - start).count();
    IdentificationOutcome outcome =
        recognizer_.Identify(recording, request_.identification, progress_);
    outcome.phrase = {static_cast<double>(heard) / kSampleRate, milliseconds};
    use_(outcome);
  }

  // Of a phrase under way, made anew for every second of it.
  const std::string& Guess(const std::vector<float>& current) {
    if (current.size() < guessed_at_ + kSampleRate) return guess_;
    guessed_at_ = current.size();
    const Recording so_far =
        EmbedRecording("phrase", current, recognizer_.extractor(), request_.limits);
    if (!so_far.failure.empty()) return guess_;
    const IdentificationOutcome found =
        recognizer_.Identify(so_far, request_.identification, progress_);
    guess_ = (found.known() ? "" : "unknown, nearest ") + found.candidates[0].name +
             Format(" (%.2f)", found.candidates[0].score);
    return guess_;
  }

 private:
  Recognizer& recognizer_;
  const LiveRequest& request_;
  Progress& progress_;
  const OnIdentified& use_;
  std::size_t number_ = 0, guessed_at_ = 0;
  std::string guess_;
};

}  // namespace

std::unique_ptr<LiveAudio> OpenLive(const MicrophoneRequest& request) {
  return request.from.empty() ? OpenMicrophone(request.device) : PlayAsMicrophone(request.from);
}

Recording ReadOrRecord(const std::string& file, const MicrophoneRequest& mic,
                       const EmbeddingExtractor& extractor, const QualityLimits& limits,
                       bool keep_samples, Progress& progress, const StopRequested& stop) {
  if (mic.wanted()) {
    std::vector<float> samples;
    {
      const std::unique_ptr<LiveAudio> audio = OpenLive(mic);
      samples = RecordSeconds(*audio, mic.seconds, progress, stop);
    }
    return EmbedRecording("microphone", samples, extractor, limits, keep_samples);
  }
  progress.Start("embedding", "file", 1);
  PartialProgress partial(progress, stop, 1);
  Recording recording =
      EmbedFile(file, extractor, limits, keep_samples,
                extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads(),
                [&](double share) { partial.Update(0, share); });
  progress.Finish();
  return recording;
}

void IdentifyFiles(Recognizer& recognizer, const std::vector<std::string>& files,
                   const IdentificationRequest& request, const QualityLimits& limits,
                   Progress& progress, const StopRequested& stop, const OnIdentified& use) {
  std::size_t failed = 0;
  EmbedRecordings(files, recognizer.extractor(), limits, false, progress, stop,
                  [&](Recording&& recording) {
                    failed += recording.failure.empty() ? 0 : 1;
                    WarnOf(recording, progress);
                    use(recognizer.Identify(recording, request, progress));
                  });
  RequireAllUsable(failed, files.size());
}

std::optional<IdentificationOutcome> IdentifyTake(Recognizer& recognizer,
                                                  const MicrophoneRequest& mic,
                                                  const IdentificationRequest& request,
                                                  const QualityLimits& limits, Progress& progress,
                                                  const StopRequested& stop) {
  Recording recording;
  try {
    recording = ReadOrRecord("", mic, recognizer.extractor(), limits, false, progress, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) return std::nullopt;
    if (error.code() != ErrorCode::kUnusable) throw;
    recording.source = "microphone";
    recording.heard = true;
    recording.failure = error.what();
  }
  WarnOf(recording, progress);
  TakeInChanges(recognizer, request, progress);
  return recognizer.Identify(recording, request, progress);
}

void IdentifyLive(Recognizer& recognizer, LiveAudio& audio, const LiveRequest& request,
                  Progress& progress, const StopRequested& stop, const OnIdentified& use,
                  const std::function<void(double level_db, const std::string& guess)>& show) {
  if (!request.save.empty()) MakeFolders(request.save, 0700);
  progress.Info("listening to '" + Printable(audio.name()) + "'; Ctrl-C ends");
  LiveIdentification live(recognizer, request, progress, use);
  PhraseDetector detector;
  std::size_t heard = 0;
  bool sound = false;
  std::vector<float> samples;
  bool more = true;
  while (more && !stop()) {
    samples.clear();
    more = audio.Read(samples, 100);
    heard += samples.size();
    for (float sample : samples) sound = sound || sample != 0;
    for (const std::vector<float>& phrase : detector.Accept(samples)) live.Answer(phrase, heard);
    if (!sound && heard >= 5 * kSampleRate) RefuseSilence(audio);
    show(detector.level(),
         detector.in_phrase() ? "speech " + live.Guess(detector.current()) : std::string());
  }
  if (const std::vector<float> rest = detector.Finish(); !rest.empty() && !stop())
    live.Answer(rest, heard);
  if (audio.lost() > 0)
    progress.Warn(Format("%llu samples were lost: the machine is too busy",
                         static_cast<unsigned long long>(audio.lost())));
  if (heard > 0 && !sound) RefuseSilence(audio);
  if (live.phrases() == 0 && !stop()) progress.Warn("no speech");
}

VerificationOutcome VerifyTake(const Recognizer& recognizer, const Claim& claim,
                               const std::string& file, const MicrophoneRequest& mic,
                               const QualityLimits& limits, const SpokenPrompt* prompt,
                               Progress& progress, const StopRequested& stop) {
  Recording recording;
  try {
    recording =
        ReadOrRecord(file, mic, recognizer.extractor(), limits, prompt != nullptr, progress, stop);
  } catch (const Error& error) {
    recording.failure = error.what();
  }
  if (!recording.failure.empty()) {
    recording.source = mic.wanted() ? "microphone" : file;
    return recognizer.Verify(claim, recording);
  }
  WarnOf(recording, progress);
  VerificationOutcome outcome = recognizer.Verify(claim, recording);
  if (prompt != nullptr) outcome.words = prompt->Check(recording.samples);
  return outcome;
}

}  // namespace vpr
