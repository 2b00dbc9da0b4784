// A video with the faces in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vpr/face/track.h"
#include "vpr/video/video_source.h"

namespace vpr {

struct FaceOptions {
  int least_side = 0;         // of a face, in pixels; 0: a quarter of the frame's shorter side
  double least_score = 0;     // of the detector; below 0 more is taken for a face
  bool landmarks = false;     // 68 points of every face, too
  std::string landmark_file;  // dlib's shape_predictor_68_face_landmarks.dat; empty: Debian's
  TrackOptions track;
};

// Faces in single pictures. For one thread at a time.
class FaceFinder {
 public:
  // Throws what FaceSource's constructor throws of what is missing.
  explicit FaceFinder(const FaceOptions& options);
  ~FaceFinder();
  FaceFinder(FaceFinder&&) noexcept;
  FaceFinder& operator=(FaceFinder&&) noexcept;

  // Throws kInvalidArgument for a least_side that would make pictures of this size too large.
  void Check(int width, int height) const;
  std::vector<FoundFace> Find(const Image& picture) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct FacesOfFrame {
  VideoFrame frame;
  std::vector<Face> faces;
};

class FaceSource {
 public:
  // Throws kNotFound if faces cannot be found here (dlib is missing), or the landmarks are;
  // kCorrupt for landmarks of another format; kInvalidArgument for a least_side that would make
  // frames of this size too large to look through.
  FaceSource(VideoSource video, const FaceOptions& options);
  ~FaceSource();
  FaceSource(FaceSource&&) noexcept;
  FaceSource& operator=(FaceSource&&) noexcept;

  const VideoSource& video() const;
  // The next frame with its faces, in the order of their tracks; false at the end. Frames wait in
  // memory until faces that are being missed are found again or given up. Throws what
  // VideoSource::Next throws.
  bool Next(FacesOfFrame& result);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
