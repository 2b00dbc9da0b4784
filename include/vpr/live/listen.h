// Listening to people: recordings from a microphone, and who it is that speaks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "vpr/base/progress.h"
#include "vpr/identify/recording.h"
#include "vpr/live/prompt.h"
#include "vpr/mic/microphone.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {

// What is listened to.
struct MicrophoneRequest {
  bool mic = false;
  std::string device;  // OpenMicrophone's
  std::string from;    // a recording that stands in for the microphone; empty: none
  double seconds = 3;  // of a take

  bool wanted() const { return mic || !from.empty(); }
};

// Throws what OpenMicrophone and PlayAsMicrophone throw.
std::unique_ptr<LiveAudio> OpenLive(const MicrophoneRequest& request);

// One recording: of a file, or, with the microphone wanted, the next seconds of that. Throws what
// RecordSeconds throws; kInterrupted if stopped.
Recording ReadOrRecord(const std::string& file, const MicrophoneRequest& mic,
                       const EmbeddingExtractor& extractor, const QualityLimits& limits,
                       bool keep_samples, Progress& progress, const StopRequested& stop);

// Who speaks in each of these files? `use` gets them in their order; what is doubtful, or cannot be
// used, is warned of. Throws kUnusable after the last if some could not be used.
using OnIdentified = std::function<void(const IdentificationOutcome&)>;
void IdentifyFiles(Recognizer& recognizer, const std::vector<std::string>& files,
                   const IdentificationRequest& request, const QualityLimits& limits,
                   Progress& progress, const StopRequested& stop, const OnIdentified& use);

// Who speaks in the next seconds of the microphone? A muted one is an outcome with a failure. What
// other processes have changed in the store is taken in before. Nothing if stopped.
std::optional<IdentificationOutcome> IdentifyTake(Recognizer& recognizer,
                                                  const MicrophoneRequest& mic,
                                                  const IdentificationRequest& request,
                                                  const QualityLimits& limits, Progress& progress,
                                                  const StopRequested& stop);

struct LiveRequest {
  IdentificationRequest identification;
  QualityLimits limits;
  std::string save;  // folder for the phrases as WAV; empty: they are not kept
};

// Listens until stopped, or to the end of a stream that has one. `use` gets an outcome for every
// phrase; `show` what is heard just now, some times a second: the level in dB of full scale, and
// the best guess so far. Throws kUnusable for a microphone that delivers nothing but zeros.
void IdentifyLive(Recognizer& recognizer, LiveAudio& audio, const LiveRequest& request,
                  Progress& progress, const StopRequested& stop, const OnIdentified& use,
                  const std::function<void(double level_db, const std::string& guess)>& show);

// Is it who is claimed to speak, in a file or before the microphone, and are the words of `prompt`
// (nullptr: any) said? What cannot be read or used is an outcome with a failure; what is doubtful
// is warned of.
VerificationOutcome VerifyTake(const Recognizer& recognizer, const Claim& claim,
                               const std::string& file, const MicrophoneRequest& mic,
                               const QualityLimits& limits, const SpokenPrompt* prompt,
                               Progress& progress, const StopRequested& stop);

}  // namespace vpr
