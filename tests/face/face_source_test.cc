// Drawn faces, found by dlib in videos that the program ffmpeg made of them.
#include "vpr/face/face_source.h"

#include <gmock/gmock.h>

#include <cmath>

#include "face/drawn_face.h"
#include "video/video_files.h"
#include "vpr/base/error.h"
#include "vpr/face/align.h"
#include "vpr/face/sheet.h"

namespace vpr {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MovingFace;
using ::testing::SizeIs;
using testing::TempPath;

bool HasFaces() {
  return testing::HasMediaModule() && std::filesystem::exists(ResourcePath("lib/vpr/vpr_dlib.so"));
}
bool HasLandmarks() {
  return IsRegularFile("/usr/share/dlib/shape_predictor_68_face_landmarks.dat");
}
constexpr const char* kNoFaces =
    "SKIPPED: this build has no module of dlib or FFmpeg, or no ffmpeg";

// A lossless clip of these frames, 25 a second; empty without the program ffmpeg.
std::string Clip(const std::vector<Image>& frames) {
  const std::string raw = TempPath("frames.rgb"), path = TempPath("frames.mkv");
  std::string bytes;
  for (const Image& frame : frames) bytes.append(frame.pixels.begin(), frame.pixels.end());
  WriteFileAtomically(raw, bytes);
  const bool made = testing::Ffmpeg(
      Format("-f rawvideo -pix_fmt rgb24 -s %dx%d -r 25 -i %s -c:v ffv1 -pix_fmt bgr0 %s",
             frames[0].width, frames[0].height, raw.c_str(), path.c_str()));
  return made ? path : std::string();
}

std::vector<FacesOfFrame> All(const std::string& path, const FaceOptions& options) {
  FaceSource source(VideoSource(path), options);
  std::vector<FacesOfFrame> all;
  FacesOfFrame here;
  while (source.Next(here)) all.push_back(here);
  return all;
}

TEST(Faces, AreFollowedThroughFramesWithoutThem) {
  if (!HasFaces()) GTEST_SKIP() << kNoFaces;
  std::vector<Image> frames;
  for (int i = 0; i < 12; ++i) {
    frames.push_back(Backdrop(320, 240));
    if (i != 5 && i != 6) Draw(frames.back(), MovingFace(i));
  }
  const std::string path = Clip(frames);
  if (path.empty()) GTEST_SKIP() << kNoFaces;
  const std::vector<FacesOfFrame> all = All(path, {});
  ASSERT_THAT(all, SizeIs(12));
  for (int i = 0; i < 12; ++i) {
    SCOPED_TRACE(i);
    const FacesOfFrame& here = all[static_cast<std::size_t>(i)];
    EXPECT_EQ(here.frame.picture.pixels, frames[static_cast<std::size_t>(i)].pixels);
    ASSERT_THAT(here.faces, SizeIs(1));
    const Face& face = here.faces[0];
    EXPECT_EQ(face.track, 1);
    EXPECT_EQ(face.found, i != 5 && i != 6);
    EXPECT_NEAR(face.box.left + face.box.width / 2, MovingFace(i).x, 12);
    EXPECT_NEAR(face.box.height, 130, 25);
    EXPECT_TRUE(face.points.empty());
  }
  const std::vector<FacesOfFrame> again = All(path, {});
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(again[i].faces[0].box.left, all[i].faces[0].box.left);
    EXPECT_EQ(again[i].faces[0].score, all[i].faces[0].score);
  }
}

// Of every skin, and the points are where the eyes are drawn.
TEST(Faces, LandmarksLieOnTheDrawing) {
  if (!HasFaces() || !HasLandmarks()) GTEST_SKIP() << kNoFaces;
  std::vector<Image> frames;
  std::vector<DrawnFace> drawn;
  for (const std::array<double, 3>& skin :
       {std::array<double, 3>{224, 172, 140}, {150, 100, 70}, {245, 210, 190}})
    for (const double mouth : {0.0, 0.05})
      for (const double turn : {0.0, 0.25}) {
        drawn.push_back({160, 125, 150, turn, mouth, skin});
        frames.push_back(Backdrop(320, 240));
        Draw(frames.back(), drawn.back());
      }
  const std::string path = Clip(frames);
  if (path.empty()) GTEST_SKIP() << kNoFaces;
  FaceOptions options;
  options.landmarks = true;
  options.track.steady_frames = 1;
  const std::vector<FacesOfFrame> all = All(path, options);
  ASSERT_EQ(all.size(), drawn.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_THAT(all[i].faces, SizeIs(1));
    const Face& face = all[i].faces[0];
    ASSERT_THAT(face.points, SizeIs(kFacePoints));
    const double cosine = std::cos(drawn[i].turn), sine = std::sin(drawn[i].turn);
    for (const auto& [number, u] : {std::pair<std::size_t, double>{36, -0.24}, {45, 0.24}}) {
      const double v = -0.145;  // outer corners of the eyes
      EXPECT_NEAR(face.points[number].x, 160 + 150 * (cosine * u - sine * v), 5);
      EXPECT_NEAR(face.points[number].y, 125 + 150 * (sine * u + cosine * v), 5);
    }
    // Crops are upright, whichever way the face is.
    const Similarity crop = AlignedCrop(face.points);
    EXPECT_NEAR(std::atan2(crop.b, crop.a), drawn[i].turn, 0.05);
  }
  for (std::size_t i = 0; i < all.size(); i += 4)
    for (std::size_t turned = 0; turned < 2; ++turned)
      EXPECT_GT(MouthOpening(all[i + 2 + turned].faces[0].points),
                MouthOpening(all[i + turned].faces[0].points) + 0.2);
}

TEST(Faces, SmallOnesWhenAsked) {
  if (!HasFaces()) GTEST_SKIP() << kNoFaces;
  Image frame = Backdrop(480, 360);
  Draw(frame, {120, 180, 60, 0, 0.02});
  Draw(frame, {350, 180, 160, 0, 0.02});
  const std::string path = Clip({frame});
  if (path.empty()) GTEST_SKIP() << kNoFaces;
  EXPECT_THAT(All(path, {})[0].faces, SizeIs(1));
  FaceOptions options;
  options.least_side = 40;
  EXPECT_THAT(All(path, options)[0].faces, SizeIs(2));
  options.least_side = 8;
  EXPECT_THAT(ErrorOf([&] { All(path, options); }).what(), HasSubstr("faces of 8 pixels"));
}

TEST(Faces, NeedWhatFindsThem) {
  if (!HasFaces()) GTEST_SKIP() << kNoFaces;
  const std::string path = Clip({Backdrop(64, 48)});
  if (path.empty()) GTEST_SKIP() << kNoFaces;
  EXPECT_THAT(All(path, {})[0].faces, SizeIs(0));
  FaceOptions options;
  options.landmarks = true;
  options.landmark_file = TempPath("missing.dat");
  Error error = ErrorOf([&] { All(path, options); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.what(), HasSubstr("libdlib-data"));
  WriteFileAtomically(options.landmark_file, "no landmarks");
  error = ErrorOf([&] { All(path, options); });
  EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
  VideoSource video(path);
  SetResourceFolder(TempPath("without_module"));
  error = ErrorOf([&] { FaceSource(std::move(video), {}); });
  SetResourceFolder("");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.what(), HasSubstr("libdlib-dev"));
}

TEST(FaceSheet, HoldsFewOfMany) {
  FaceSheet sheet;
  for (int i = 0; i < 1000; ++i) {
    Image crop(224, 224, 3);
    std::fill(crop.pixels.begin(), crop.pixels.end(), static_cast<std::uint8_t>(i / 4));
    sheet.Add(3, i / 25.0, crop);
  }
  sheet.Add(7, 1, Image(224, 224, 3));
  const Image drawn = sheet.Draw();
  EXPECT_EQ(drawn.width, 1016);
  EXPECT_EQ(drawn.height, 288);  // two rows
  // Evenly spread: each of the eight is brighter than the one before.
  int last = -1;
  for (int column = 0; column < 8; ++column) {
    const int here = drawn.at(56 + 120 * column + 50, 60)[0];
    EXPECT_GT(here, last);
    last = here;
  }
  EXPECT_EQ(drawn.at(56 + 50, 150 + 50)[0], 0);
  EXPECT_EQ(drawn.at(56 + 120 + 50, 150 + 50)[0], 255);  // nothing there
}

}  // namespace
}  // namespace vpr
