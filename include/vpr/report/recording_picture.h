// A recording as a picture.
#pragma once

#include <string>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/progress.h"

namespace vpr {

// The last part of a path, for titles; "standard input" for "-".
std::string RecordingTitle(const std::string& path);

// Waveform, mel spectrogram, MFCC and chroma: a PNG file's bytes. What is wrong with the recording
// is warned of. Throws what ReadAudio throws, kIo.
std::string DrawRecording(const std::string& path, const std::string& title,
                          const ReadOptions& read, Progress& progress);

}  // namespace vpr
