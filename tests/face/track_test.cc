#include "vpr/face/track.h"

#include <gmock/gmock.h>

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

FoundFace At(double left, double top = 0, double side = 100) {
  FoundFace face;
  face.box = {left, top, side, side};
  face.points = {{left, top}, {left + side, top + side}};
  return face;
}

constexpr double kFrame = 0.04;  // seconds

// All frames, 25 a second.
std::vector<std::vector<Face>> Follow(const std::vector<std::vector<FoundFace>>& found,
                                      const TrackOptions& options = {}) {
  FaceTracker tracker(options);
  std::vector<std::vector<Face>> all;
  std::vector<Face> faces;
  double seconds = 0;
  for (const std::vector<FoundFace>& frame : found) {
    tracker.Add(seconds, frame);
    seconds += kFrame;
    while (tracker.Next(faces)) all.push_back(faces);
  }
  tracker.Finish();
  while (tracker.Next(faces)) all.push_back(faces);
  return all;
}

std::vector<int> Numbers(const std::vector<Face>& faces) {
  std::vector<int> numbers;
  for (const Face& face : faces) numbers.push_back(face.track);
  return numbers;
}

TEST(Overlap, AreaOfBothByAreaOfEither) {
  EXPECT_DOUBLE_EQ(Overlap({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
  EXPECT_DOUBLE_EQ(Overlap({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150);
  EXPECT_DOUBLE_EQ(Overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
}

TEST(FaceTracker, TwoFacesKeepTheirNumbers) {
  // They come in another order each time, and one moves by most of its width.
  const auto all = Follow({{At(0), At(300)}, {At(310), At(10)}, {At(70), At(320)}, {At(330)}});
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_THAT(Numbers(all[1]), ElementsAre(1, 2));
  EXPECT_EQ(all[1][0].box.left, 10);
  EXPECT_EQ(all[2][0].box.left, 70);  // overlaps by a quarter alone, but is the nearest
  EXPECT_THAT(Numbers(all[3]), ElementsAre(2));
}

TEST(FaceTracker, TheBetterOverlapGoesFirst) {
  const auto all = Follow({{At(0), At(90)}, {At(40), At(85)}});
  EXPECT_EQ(all[1][0].box.left, 40);
  EXPECT_EQ(all[1][1].box.left, 85);
}

TEST(FaceTracker, MissedFramesLieBetweenByTime) {
  FaceTracker tracker({.steady_frames = 1});
  tracker.Add(0, {At(0)});
  tracker.Add(0.1, {});
  tracker.Add(0.3, {});
  std::vector<Face> faces;
  EXPECT_TRUE(tracker.Next(faces));
  EXPECT_FALSE(tracker.Next(faces));  // may be found again
  tracker.Add(0.4, {At(40)});
  ASSERT_TRUE(tracker.Next(faces));
  ASSERT_THAT(faces, SizeIs(1));
  EXPECT_FALSE(faces[0].found);
  EXPECT_NEAR(faces[0].box.left, 10, 1e-9);
  EXPECT_NEAR(faces[0].points[1].x, 110, 1e-9);
  ASSERT_TRUE(tracker.Next(faces));
  EXPECT_NEAR(faces[0].box.left, 30, 1e-9);
  ASSERT_TRUE(tracker.Next(faces));
  EXPECT_TRUE(faces[0].found);
}

TEST(FaceTracker, AfterTheGapItIsAnother) {
  std::vector<std::vector<FoundFace>> found(16);
  found[0] = found[15] = {At(0)};
  const auto all = Follow(found, {.most_gap = 0.5, .steady_frames = 1});
  EXPECT_THAT(all[1], IsEmpty());
  EXPECT_THAT(Numbers(all[15]), ElementsAre(2));
  EXPECT_THAT(Numbers(Follow(found, {.most_gap = 1, .steady_frames = 1})[15]), ElementsAre(1));
  // However many frames a second there are, few wait.
  EXPECT_THAT(Numbers(Follow(found, {.most_gap = 1, .most_gap_frames = 8, .steady_frames = 1})[15]),
              ElementsAre(2));
}

TEST(FaceTracker, AtOnceWithoutGapsAndMeans) {
  FaceTracker tracker({.most_gap = 0, .steady_frames = 1});
  std::vector<Face> faces;
  for (int i = 0; i < 5; ++i) {
    tracker.Add(i, i == 2 ? std::vector<FoundFace>{} : std::vector<FoundFace>{At(i)});
    ASSERT_TRUE(tracker.Next(faces));
    EXPECT_EQ(faces.size(), i == 2 ? 0u : 1u);
  }
  EXPECT_EQ(faces[0].track, 2);
}

TEST(FaceTracker, SteadyIsTheMeanOfTheFramesAbout) {
  const auto all = Follow({{At(0)}, {At(3)}, {At(9)}, {At(0)}, {At(0)}}, {.steady_frames = 3});
  EXPECT_NEAR(all[0][0].steady_box.left, 1.5, 1e-9);
  EXPECT_NEAR(all[1][0].steady_box.left, 4, 1e-9);
  EXPECT_NEAR(all[1][0].steady_points[1].x, 104, 1e-9);
  EXPECT_NEAR(all[4][0].steady_box.left, 0, 1e-9);
  EXPECT_EQ(all[1][0].box.left, 3);
}

}  // namespace
}  // namespace vpr
