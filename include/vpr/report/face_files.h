// The faces of a video, cut out and written to files.
#pragma once

#include <string>

#include "vpr/base/progress.h"
#include "vpr/face/face_source.h"
#include "vpr/print/faces.h"

namespace vpr {

struct FaceJob {
  std::string file;    // "-" for standard input
  std::string camera;  // in its stead ("v4l2:/dev/video0")
  double seconds = 0;  // end after so many; 0: at the end, or when stopped
  VideoOptions video{.longest_side = 1920};
  FaceOptions faces;
  bool align = false;   // faces upright and of one size, by their landmarks
  bool mouths = false;  // and their mouths
  // Where they are written: a new or empty folder with crops and a table, faces.csv; a picture of
  // them over time (.png). Empty: nowhere.
  std::string folder, plot;
};

// Warns of what is wrong with the video. Throws what VideoSource and FaceSource throw; kIo;
// kInvalidArgument for a folder that is not empty; kInterrupted where the reading of a file was
// stopped.
ExtractedFaces WriteFaces(const FaceJob& job, Progress& progress, const StopRequested& stop);

}  // namespace vpr
