// Whether lips and sound of a clip are in step, and by how much they are not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/face/face_source.h"

namespace vpr {

struct MouthMoment {
  double seconds = 0;
  double opening = 0;  // LipsHeight's
};

struct SyncOptions {
  double most_ms = 500;      // further apart is not looked for
  double confidence = 0.99;  // below that it cannot be told
};

// Of one face.
struct SyncEstimate {
  // By how much the sound comes after the lips; negative: before them. None: it cannot be told.
  std::optional<double> offset_ms;
  std::string reason;       // why not; else empty
  double likeliest_ms = 0;  // where they go best together, told or not
  double correlation = 0;   // of mouth and sound there, -1 to 1
  // 1 less the probability that a mouth and a sound that have nothing to do with one another go as
  // well together, at any shift that was looked at.
  double confidence = 0;
};

// `mouth`: in the order of time, at least where the face was seen; `samples`: mono, 16 kHz, the
// first at `sound_begins` seconds of the same clock. The height of the lips and the logarithm of
// the sound's level from 300 to 3000 Hz, where vowels are, each less its mean over two seconds
// about it, are correlated at the video's rate for every shift; between frames a parabola tells
// where the greatest lies. Chance is counted with as many independent moments as the
// autocorrelations of both leave (Bartlett).
SyncEstimate EstimateSync(const std::vector<MouthMoment>& mouth, const std::vector<float>& samples,
                          double sound_begins, const SyncOptions& options = {});

struct ClipSync : SyncEstimate {
  std::string file;
  std::size_t frames = 0, with_face = 0;  // of the clip; with the face that this is of
  std::size_t faces = 0;                  // that were seen
  int face = 0;        // the one that goes best with the sound: 1, 2, ...; 0: none
  double seconds = 0;  // time of the last frame
  std::vector<std::string> warnings;
};

// Of a clip with sound. Throws what VideoSource, FaceSource and ReadAudio throw; kInterrupted.
ClipSync MeasureSync(const std::string& file, const VideoOptions& video, FaceOptions faces,
                     const SyncOptions& options, Progress& progress, const StopRequested& stop);

}  // namespace vpr
