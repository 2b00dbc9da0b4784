#include "vpr/recognize/meeting.h"

#include "vpr/base/error.h"
#include "vpr/base/text.h"

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
