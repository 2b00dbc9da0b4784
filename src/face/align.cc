#include "vpr/face/align.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

// Base of the nose, and the outer and inner corners of both eyes, in the annotation's numbers, and
// where they are in a face that fills a square of side 1: in the middle, the eyes' outer corners
// 45 % of the side apart, the others in proportion.
constexpr std::array<std::size_t, 5> kSteadiest = {33, 36, 39, 42, 45};
constexpr std::array<FacePoint, 5> kNeutral = {
    {{0.5, 0.635}, {0.275, 0.38}, {0.405, 0.39}, {0.595, 0.39}, {0.725, 0.38}}};
constexpr std::size_t kMouthBegin = 48;
constexpr double kRoom = 1.6;  // side of a crop by that of the detector's box

Similarity After(const Similarity& outer, const Similarity& inner) {
  return {outer.a * inner.a - outer.b * inner.b, outer.b * inner.a + outer.a * inner.b,
          outer.a * inner.dx - outer.b * inner.dy + outer.dx,
          outer.b * inner.dx + outer.a * inner.dy + outer.dy};
}

double Distance(const FacePoint& a, const FacePoint& b) { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace

Similarity FitSimilarity(const std::vector<FacePoint>& from, const std::vector<FacePoint>& to) {
  VPR_CHECK(from.size() == to.size() && from.size() >= 2);
  FacePoint mean_from, mean_to;
  const auto count = static_cast<double>(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    mean_from.x += from[i].x / count, mean_from.y += from[i].y / count;
    mean_to.x += to[i].x / count, mean_to.y += to[i].y / count;
  }
  double along = 0, across = 0, spread = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double px = from[i].x - mean_from.x, py = from[i].y - mean_from.y;
    const double qx = to[i].x - mean_to.x, qy = to[i].y - mean_to.y;
    along += px * qx + py * qy;
    across += px * qy - py * qx;
    spread += px * px + py * py;
  }
  VPR_CHECK(spread > 0);
  Similarity fit{along / spread, across / spread, 0, 0};
  fit.dx = mean_to.x - fit.a * mean_from.x + fit.b * mean_from.y;
  fit.dy = mean_to.y - fit.b * mean_from.x - fit.a * mean_from.y;
  return fit;
}

Similarity BoxCrop(const FaceBox& box, int side) {
  const double scale = kRoom * std::max(box.width, box.height) / side, middle = (side - 1) / 2.0;
  return {scale, 0, box.left + box.width / 2 - scale * middle,
          box.top + box.height / 2 - scale * middle};
}

Similarity AlignedCrop(const std::vector<FacePoint>& points, int side) {
  VPR_CHECK(points.size() == kFacePoints);
  std::vector<FacePoint> neutral, here;
  for (std::size_t i = 0; i < kNeutral.size(); ++i) {
    neutral.push_back({kNeutral[i].x * side, kNeutral[i].y * side});
    here.push_back(points[kSteadiest[i]]);
  }
  return FitSimilarity(neutral, here);
}

Similarity MouthCrop(const std::vector<FacePoint>& points, int side, int face_side) {
  const Similarity face = AlignedCrop(points, face_side);
  FacePoint mouth;
  for (std::size_t i = kMouthBegin; i < kFacePoints; ++i) {
    mouth.x += points[i].x / static_cast<double>(kFacePoints - kMouthBegin);
    mouth.y += points[i].y / static_cast<double>(kFacePoints - kMouthBegin);
  }
  // Its place in the upright face.
  const double x = mouth.x - face.dx, y = mouth.y - face.dy;
  const double scale = face.a * face.a + face.b * face.b;
  const double middle = (side - 1) / 2.0;
  return After(face, {1, 0, (face.a * x + face.b * y) / scale - middle,
                      (face.a * y - face.b * x) / scale - middle});
}

double MouthOpening(const std::vector<FacePoint>& points) {
  VPR_CHECK(points.size() == kFacePoints);
  const double width = Distance(points[60], points[64]);
  const double height = (Distance(points[61], points[67]) + Distance(points[62], points[66]) +
                         Distance(points[63], points[65])) /
                        3;
  return width > 0 ? height / width : 0;
}

double LipsHeight(const std::vector<FacePoint>& points) {
  VPR_CHECK(points.size() == kFacePoints);
  const double eyes = Distance(points[36], points[45]);
  return eyes > 0 ? Distance(points[51], points[57]) / eyes : 0;
}

}  // namespace vpr
