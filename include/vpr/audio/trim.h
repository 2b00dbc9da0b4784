// Where recordings are not silent, and where somebody speaks in them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "vpr/audio/speech.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/progress.h"

namespace vpr {

struct TrimmedRecording {
  std::size_t samples = 0, kept = 0;  // at kSampleRate
  std::vector<Interval> intervals;
};

// Finds what is not silent (see SpeechReader) and, with `output`, writes it, joined, as 16 kHz mono
// WAV. Warns of what is wrong with the recording. Throws what SpeechReader throws, kInterrupted,
// kIo.
TrimmedRecording TrimRecording(const std::string& path, const ReadOptions& read,
                               const SpeechOptions& options, const std::string& output,
                               Progress& progress, const StopRequested& stop);

struct SpeechOfFile {
  std::string path;
  double seconds = 0, speech_seconds = 0;
  std::vector<std::pair<double, double>> stretches;  // begin and end of each, in seconds
};

// Where somebody speaks in each recording, one after another. Throws kUnusable at the end if there
// were any that could not be read; of a single one its own error.
void FindSpeech(const std::vector<std::string>& paths, const SpeechNetwork& network,
                const std::function<void(const SpeechOfFile&)>& on_file);

}  // namespace vpr
