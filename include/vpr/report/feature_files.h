// The features of a recording, computed and written to files.
#pragma once

#include <string>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/progress.h"
#include "vpr/print/recordings.h"

namespace vpr {

struct FeatureJob {
  std::string file;
  FeatureRequest request;
  bool trim = true;  // silence below request.frames.trim_top_db is cut out
  ReadOptions read{.max_seconds = kMaxWholeSeconds};  // rate 0: the file's own
  // Where they are written: an array [rows, frames] (.npy, or "-" for standard output) or a table
  // (.csv), and a picture of the waveform and of features as networks take them; empty: nowhere.
  std::string array, plot;
};

// Warns of what is wrong with the recording. Throws what ReadSpeech and FeatureRequest::Validate
// throw, kIo.
ComputedFeatures WriteFeatures(const FeatureJob& job, Progress& progress);

}  // namespace vpr
