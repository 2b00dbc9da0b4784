// Faces by dlib: its detector of frontal faces (histograms of oriented gradients) and its predictor
// of 68 landmarks. One file, since dlib's headers take long to read.
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <exception>
#include <fstream>

#include "face/face_engine.h"
#include "vpr/base/api.h"

namespace vpr {
namespace {

using Grey = dlib::array2d<unsigned char>;

class DlibFaces final : public FaceEngine {
 public:
  explicit DlibFaces(const std::string& landmarks) : detector_(dlib::get_frontal_face_detector()) {
    if (landmarks.empty()) return;
    std::ifstream file(landmarks, std::ios::binary);
    if (!file) throw dlib::serialization_error("it cannot be opened");
    dlib::deserialize(predictor_, file);
    if (predictor_.num_parts() != 68)
      throw dlib::serialization_error("it has " + std::to_string(predictor_.num_parts()) +
                                      " points, expected 68");
  }

  std::vector<FoundFace> Find(const Image& grey, double least_score) override {
    Copy(grey);
    std::vector<dlib::rect_detection> all;
    detector_(picture_, all, least_score);
    std::vector<FoundFace> found;
    for (const dlib::rect_detection& one : all) {
      const dlib::rectangle& box = one.rect;
      FoundFace face;
      face.box = {static_cast<double>(box.left()), static_cast<double>(box.top()),
                  static_cast<double>(box.width()), static_cast<double>(box.height())};
      face.score = one.detection_confidence;
      found.push_back(face);
    }
    return found;
  }

  std::vector<FacePoint> Points(const Image& grey, const FaceBox& box) override {
    Copy(grey);
    const auto rounded = [](double value) { return static_cast<long>(std::lround(value)); };
    const dlib::full_object_detection shape =
        predictor_(picture_, dlib::rectangle(rounded(box.left), rounded(box.top),
                                             rounded(box.left + box.width) - 1,
                                             rounded(box.top + box.height) - 1));
    std::vector<FacePoint> points;
    for (unsigned long i = 0; i < shape.num_parts(); ++i)
      points.push_back(
          {static_cast<double>(shape.part(i).x()), static_cast<double>(shape.part(i).y())});
    return points;
  }

 private:
  void Copy(const Image& grey) {
    picture_.set_size(grey.height, grey.width);
    for (int y = 0; y < grey.height; ++y) std::copy_n(grey.at(0, y), grey.width, &picture_[y][0]);
  }

  dlib::frontal_face_detector detector_;
  dlib::shape_predictor predictor_;
  Grey picture_;
};

}  // namespace
}  // namespace vpr

extern "C" VPR_API vpr::FaceEngine* vpr_dlib_open(const std::string& landmarks,
                                                  std::string& reason) {
  try {
    return new vpr::DlibFaces(landmarks);
  } catch (const std::exception& error) {
    reason = error.what();
    return nullptr;
  }
}
