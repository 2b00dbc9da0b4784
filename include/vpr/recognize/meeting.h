// Who speaks when in a recording of several people, by the names of the enrolled.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/diarize/diarizer.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {

// The share of strangers' voices that may be given a name: as where a recording is identified.
inline constexpr double kMeetingFpir = IdentificationRequest().fpir;

// Each speaker found is identified by all that they say (Recognizer::Identify): the enrolled by
// name, strangers as "speaker 1", ... Nothing for `request`: nobody is named. Throws what Diarize
// and Identify throw.
Diarization DiarizeByName(Recognizer& recognizer, const std::string& path,
                          const DiarizerOptions& options,
                          const std::optional<IdentificationRequest>& request, Progress& progress,
                          const OnRead& on_read = {});
// The same of a source at 16 kHz.
Diarization DiarizeByName(Recognizer& recognizer, AudioSource source,
                          const DiarizerOptions& options,
                          const std::optional<IdentificationRequest>& request, Progress& progress,
                          const OnRead& on_read = {});

// What is asked of meetings.
struct MeetingRequest {
  std::size_t speakers = 0;  // how many there are; 0: found
  DiarizerOptions diarizer;
  double fpir = kMeetingFpir;
};

// Who speaks when in meetings, with the model and the people of one recognizer, which must live
// longer, as must `progress`. If nobody is enrolled, `progress` is told that speakers are numbered.
class MeetingListener {
 public:
  MeetingListener(Recognizer& recognizer, const MeetingRequest& request, Progress& progress);

  // What names are decided by; nothing: nobody is enrolled.
  const std::optional<SearchBasis>& basis() const { return basis_; }

  // Throws what DiarizeByName throws, kInterrupted if stopped.
  Diarization Listen(const std::string& path, const StopRequested& stop);
  // All that one of those says who speak in it (SpeechOf), as a recording to enroll.
  Recording RecordingOf(const std::string& path, const std::string& label,
                        const QualityLimits& limits, bool keep_samples, const StopRequested& stop);
  // One after the other; `use` gets each with its number. Of several, those that cannot be used,
  // or for which `use` throws, are warned of and counted; returns how many.
  std::size_t ListenToEach(const std::vector<std::string>& paths, const StopRequested& stop,
                           const std::function<void(std::size_t, const Diarization&)>& use);

 private:
  Recognizer& recognizer_;
  DiarizerOptions options_;
  std::optional<IdentificationRequest> names_;
  std::optional<SearchBasis> basis_;
  Progress& progress_;
};

// One WAV a speaker with all that they say, "RECORDING speaker 1.wav", readable for its owner
// alone. Throws what AudioSource throws, kIo.
void WriteSpeakers(const Diarization& diarization, const ReadOptions& read,
                   const std::string& folder);

// What one of the speakers says, joined. Throws kNotFound, with those there are, for a label that
// nobody has; what AudioSource throws.
std::vector<float> SpeechOf(const Diarization& diarization, const std::string& label,
                            const ReadOptions& read);

}  // namespace vpr
