// Who speaks when in a recording of several people, by the names of the enrolled.
#pragma once

#include <optional>
#include <string>

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

// What one of the speakers says, joined. Throws kNotFound, with those there are, for a label that
// nobody has; what AudioSource throws.
std::vector<float> SpeechOf(const Diarization& diarization, const std::string& label,
                            const ReadOptions& read);

}  // namespace vpr
