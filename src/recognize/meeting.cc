#include "vpr/recognize/meeting.h"

#include <algorithm>
#include <filesystem>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/diarize/turn_formats.h"

namespace vpr {

namespace {

// `recognizer`, `request` and `progress` must live longer.
NameVoice NameBy(Recognizer& recognizer, const std::optional<IdentificationRequest>& request,
                 Progress& progress) {
  if (!request) return {};
  return [&recognizer, &request = *request, &progress](const Recording& recording) {
    const IdentificationOutcome outcome = recognizer.Identify(recording, request, progress);
    if (outcome.candidates.empty()) return SpeakerName();
    const IdentificationOutcome::Candidate& best = outcome.candidates[0];
    return SpeakerName{best.name, best.score, best.llr, outcome.known()};
  };
}

}  // namespace

Diarization DiarizeByName(Recognizer& recognizer, const std::string& path,
                          const DiarizerOptions& options,
                          const std::optional<IdentificationRequest>& request, Progress& progress,
                          const OnRead& on_read) {
  return Diarize(path, recognizer.extractor(), options, NameBy(recognizer, request, progress),
                 on_read);
}

Diarization DiarizeByName(Recognizer& recognizer, AudioSource source,
                          const DiarizerOptions& options,
                          const std::optional<IdentificationRequest>& request, Progress& progress,
                          const OnRead& on_read) {
  return Diarize(std::move(source), recognizer.extractor(), options,
                 NameBy(recognizer, request, progress), on_read);
}

MeetingListener::MeetingListener(Recognizer& recognizer, const MeetingRequest& request,
                                 Progress& progress)
    : recognizer_(recognizer), options_(request.diarizer), progress_(progress) {
  if (request.speakers > 0) options_.fewest = options_.most = request.speakers;
  const int threads = recognizer.extractor().options().threads;
  options_.threads = threads > 0 ? threads : HardwareThreads();
  IdentificationRequest names;
  names.fpir = request.fpir;
  try {
    if (recognizer.has_store()) basis_ = recognizer.Basis(names, progress);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
  }
  if (basis_)
    names_ = names;
  else
    progress.Info("nobody is enrolled: speakers are numbered");
}

Diarization MeetingListener::Listen(const std::string& path, const StopRequested& stop) {
  progress_.Start("listening", "file", 1);
  PartialProgress partial(progress_, stop, 1);
  Diarization found = DiarizeByName(recognizer_, path, options_, names_, progress_,
                                    [&](double share) { partial.Update(0, share); });
  progress_.Finish();
  return found;
}

Recording MeetingListener::RecordingOf(const std::string& path, const std::string& label,
                                       const QualityLimits& limits, bool keep_samples,
                                       const StopRequested& stop) {
  const EmbeddingExtractor& extractor = recognizer_.extractor();
  return EmbedRecording(path + " (" + label + ")",
                        SpeechOf(Listen(path, stop), label, extractor.options().read), extractor,
                        limits, keep_samples);
}

std::size_t MeetingListener::ListenToEach(
    const std::vector<std::string>& paths, const StopRequested& stop,
    const std::function<void(std::size_t, const Diarization&)>& use) {
  SpeechDetector::DefaultNetwork();  // without it no file can be used: said before the first
  progress_.Start("listening", "file", paths.size());
  PartialProgress partial(progress_, stop, 1);
  std::size_t failed = 0;
  for (std::size_t k = 0; k < paths.size(); ++k) {
    try {
      const Diarization found = DiarizeByName(recognizer_, paths[k], options_, names_, progress_,
                                              [&](double share) { partial.Update(0, share); });
      if (found.turns.empty()) progress_.Warn("'" + Printable(paths[k]) + "': nobody speaks in it");
      use(k, found);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInterrupted || error.code() == ErrorCode::kInternal ||
          paths.size() == 1)
        throw;
      progress_.Warn(error.what());
      ++failed;
    }
    partial.Done(0);
    progress_.Update(k + 1);
  }
  progress_.Finish();
  return failed;
}

void WriteSpeakers(const Diarization& diarization, const ReadOptions& read,
                   const std::string& folder) {
  MakeFolders(folder);
  std::vector<TimeSpan> intervals;
  for (const Diarization::Stretch& turn : diarization.turns)
    intervals.push_back({turn.begin, turn.end});
  std::vector<std::vector<float>> speech(diarization.speakers.size());
  ForEachCut(diarization.source, read, intervals,
             [&](std::size_t turn, std::span<const float> samples) {
               std::vector<float>& of = speech[diarization.turns[turn].speaker];
               of.insert(of.end(), samples.begin(), samples.end());
             });
  for (std::size_t s = 0; s < speech.size(); ++s) {
    std::string name =
        RecordingName(diarization.source) + " " + diarization.speakers[s].label + ".wav";
    std::replace(name.begin(), name.end(), '/', '_');
    WriteWav((std::filesystem::path(folder) / name).string(), speech[s], kSampleRate, 0600);
  }
}

std::vector<float> SpeechOf(const Diarization& diarization, const std::string& label,
                            const ReadOptions& read) {
  std::string labels;
  std::size_t speaker = diarization.speakers.size();
  for (std::size_t s = 0; s < diarization.speakers.size(); ++s) {
    const std::string& one = diarization.speakers[s].label;
    if (one == label) speaker = s;
    labels += (labels.empty() ? "'" : ", '") + Printable(one) + "'";
  }
  if (speaker == diarization.speakers.size())
    throw Error(ErrorCode::kNotFound,
                "'" + Printable(diarization.source) + "': nobody in it is '" + Printable(label) +
                    "'; " + (labels.empty() ? "nobody speaks in it" : "there are " + labels));
  std::vector<TimeSpan> cuts;
  for (const Diarization::Stretch& turn : diarization.turns)
    if (turn.speaker == speaker) cuts.push_back({turn.begin, turn.end});
  std::vector<float> speech;
  ForEachCut(diarization.source, read, cuts, [&](std::size_t, std::span<const float> samples) {
    speech.insert(speech.end(), samples.begin(), samples.end());
  });
  return speech;
}

}  // namespace vpr
