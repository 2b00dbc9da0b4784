// What finds faces: the interface of a module that is opened at run time (lib/vpr/vpr_dlib.so).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vpr/face/track.h"
#include "vpr/video/image.h"

namespace vpr {

// For one thread at a time.
class FaceEngine {
 public:
  virtual ~FaceEngine() = default;
  // Faces of a grey picture that are at least kFaceWindow pixels high, seen about from the front.
  virtual std::vector<FoundFace> Find(const Image& grey, double least_score) = 0;
  // The 68 points of the face in a box of a grey picture.
  virtual std::vector<FacePoint> Points(const Image& grey, const FaceBox& box) = 0;
};

inline constexpr int kFaceWindow = 80;

// What the module exports. `landmarks`: dlib's file of the predictor, read now; empty: Points() is
// not called. Null, and `reason`, where that cannot be read.
using FaceEngineOpener = FaceEngine*(const std::string& landmarks, std::string& reason);
inline constexpr const char* kFaceModule = "vpr_dlib";
inline constexpr const char* kFaceEntry = "vpr_dlib_open";

}  // namespace vpr
