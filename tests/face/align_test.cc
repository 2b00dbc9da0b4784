#include "vpr/face/align.h"

#include <gmock/gmock.h>

#include <cmath>

namespace vpr {
namespace {

// Where a pixel of a crop is in the frame.
FacePoint Place(const Similarity& crop, double x, double y) {
  return {crop.a * x - crop.b * y + crop.dx, crop.b * x + crop.a * y + crop.dy};
}

// 68 points of which those that count lie as in the neutral face of a crop of side 224, the mouth
// in a ring about (112, 164), all of them turned, scaled and moved.
std::vector<FacePoint> NeutralFace(const Similarity& moved) {
  std::vector<FacePoint> points(kFacePoints, FacePoint{7, 9});
  const auto put = [&](std::size_t i, double x, double y) {
    points[i] = Place(moved, 224 * x, 224 * y);
  };
  put(33, 0.5, 0.635);
  put(36, 0.275, 0.38);
  put(39, 0.405, 0.39);
  put(42, 0.595, 0.39);
  put(45, 0.725, 0.38);
  for (std::size_t i = 48; i < kFacePoints; ++i)
    points[i] = Place(moved, 112 + 20 * std::cos(0.1 * M_PI * static_cast<double>(i)),
                      164 + 20 * std::sin(0.1 * M_PI * static_cast<double>(i)));
  return points;
}

TEST(FitSimilarity, FindsWhatWasDone) {
  const Similarity done{1.2, -0.7, 30, -4};
  const std::vector<FacePoint> from = {{0, 0}, {10, 3}, {-4, 8}, {6, -9}};
  std::vector<FacePoint> to;
  for (const FacePoint& point : from) to.push_back(Place(done, point.x, point.y));
  const Similarity fit = FitSimilarity(from, to);
  EXPECT_NEAR(fit.a, 1.2, 1e-12);
  EXPECT_NEAR(fit.b, -0.7, 1e-12);
  EXPECT_NEAR(fit.dx, 30, 1e-12);
  EXPECT_NEAR(fit.dy, -4, 1e-12);
}

// No other is nearer: the squared distance rises whichever way a parameter goes.
TEST(FitSimilarity, IsTheLeastSquares) {
  const std::vector<FacePoint> from = {{0, 0}, {10, 0}, {0, 10}, {10, 10}};
  const std::vector<FacePoint> to = {{1, 2}, {9, 5}, {-3, 11}, {8, 13}};
  const auto distance = [&](const Similarity& fit) {
    double sum = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const FacePoint place = Place(fit, from[i].x, from[i].y);
      sum += std::pow(place.x - to[i].x, 2) + std::pow(place.y - to[i].y, 2);
    }
    return sum;
  };
  const Similarity best = FitSimilarity(from, to);
  for (double Similarity::*const parameter :
       {&Similarity::a, &Similarity::b, &Similarity::dx, &Similarity::dy})
    for (const double step : {-1e-3, 1e-3}) {
      Similarity other = best;
      other.*parameter += step;
      EXPECT_GT(distance(other), distance(best));
    }
}

TEST(Crops, OfABox) {
  const Similarity crop = BoxCrop({40, 60, 100, 100}, 224);
  const FacePoint middle = Place(crop, 111.5, 111.5), corner = Place(crop, -0.5, -0.5);
  EXPECT_NEAR(middle.x, 90, 1e-9);
  EXPECT_NEAR(middle.y, 110, 1e-9);
  EXPECT_NEAR(corner.x, 10, 1e-9);  // 1.6 times the box
  EXPECT_NEAR(corner.y, 30, 1e-9);
}

TEST(Crops, AreUprightWhateverTheFaceDoes) {
  for (const Similarity& moved :
       {Similarity{1, 0, 0, 0}, Similarity{0.5, 0.3, 40, -7}, Similarity{-2, 1.5, 300, 200}}) {
    const std::vector<FacePoint> points = NeutralFace(moved);
    const Similarity face = AlignedCrop(points);
    for (const double FacePoint::*const axis : {&FacePoint::x, &FacePoint::y}) {
      EXPECT_NEAR(Place(face, 20, 30).*axis, Place(moved, 20, 30).*axis, 1e-9);
      // The middle of the mouth is the middle of its crop, 10 pixels there are 10 of the face.
      const Similarity mouth = MouthCrop(points);
      EXPECT_NEAR(Place(mouth, 59.5, 59.5).*axis, Place(moved, 112, 164).*axis, 1e-9);
      EXPECT_NEAR(Place(mouth, 69.5, 59.5).*axis, Place(moved, 122, 164).*axis, 1e-9);
    }
  }
}

TEST(MouthOpening, IsHeightByWidth) {
  std::vector<FacePoint> points(kFacePoints);
  points[60] = {0, 0}, points[64] = {40, 0};
  points[61] = {10, -3}, points[67] = {10, 3};
  points[62] = {20, -6}, points[66] = {20, 6};
  points[63] = {30, -3}, points[65] = {30, 3};
  EXPECT_NEAR(MouthOpening(points), 8 / 40.0, 1e-12);
  EXPECT_EQ(MouthOpening(std::vector<FacePoint>(kFacePoints)), 0);
}

}  // namespace
}  // namespace vpr
