// Faces that were found in a video, in words and as JSON (docs/json.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/video/video_source.h"

namespace vpr {

struct FollowedFace {
  int track = 0;                        // 1, 2, ...
  double begin = 0, end = 0;            // seconds: of its first and last frame
  std::uint64_t frames = 0, found = 0;  // that it is in; of these, where the detector saw it
  double side = 0;                      // mean of its height, pixels
};

struct ExtractedFaces {
  std::string file;  // or camera
  VideoInfo info;
  std::uint64_t frames = 0, with_faces = 0;
  double seconds = 0;  // of the last frame
  std::vector<FollowedFace> faces;
  std::string folder, plot;  // where crops and their picture were written; empty: nowhere
  std::vector<std::string> warnings;
};
// What the video is, and a line a face.
std::string ToText(const ExtractedFaces& faces);
std::string ToJson(const ExtractedFaces& faces);

}  // namespace vpr
