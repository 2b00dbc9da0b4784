#include "vpr/video/image.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ffmpeg/media_files.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using testing::Ffmpeg;
using testing::TempPath;

// Each channel rises along a line of its own.
Image Slopes(int width, int height) {
  Image picture(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      picture.at(x, y)[0] = static_cast<std::uint8_t>(2 * x);
      picture.at(x, y)[1] = static_cast<std::uint8_t>(3 * y);
      picture.at(x, y)[2] = static_cast<std::uint8_t>(x + y);
    }
  return picture;
}

TEST(Image, Grey) {
  Image picture(3, 1, 3);
  picture.pixels = {255, 0, 0, 0, 255, 0, 10, 20, 30};
  const Image grey = ToGrey(picture);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_THAT(grey.pixels, ElementsAre(76, 150, 18));  // 76.2, 149.7, 18.2
  EXPECT_EQ(ToGrey(grey).pixels, grey.pixels);
}

// PIL.Image.new("L", (8, 1)) with these values, .resize((n, 1), Image.BILINEAR), Pillow 13.0.
TEST(Image, ResizeIsATriangle) {
  Image line(8, 1, 1);
  line.pixels = {0, 30, 60, 200, 90, 10, 250, 120};
  EXPECT_THAT(Resize(line, 4, 1).pixels, ElementsAre(21, 113, 94, 160));
  EXPECT_THAT(Resize(line, 3, 1).pixels, ElementsAre(42, 108, 143));
  EXPECT_THAT(Resize(line, 16, 1).pixels,
              ElementsAre(0, 8, 23, 38, 53, 95, 165, 173, 118, 70, 30, 70, 190, 218, 153, 120));
}

TEST(Image, ResizeKeepsSlopes) {
  const Image half = Resize(Slopes(80, 60), 40, 30);
  for (int y = 1; y < 29; ++y)
    for (int x = 1; x < 39; ++x) {
      ASSERT_NEAR(half.at(x, y)[0], 2 * (2 * x + 0.5), 1);
      ASSERT_NEAR(half.at(x, y)[1], 3 * (2 * y + 0.5), 1);
    }
  EXPECT_EQ(Resize(Slopes(80, 60), 80, 60).pixels, Slopes(80, 60).pixels);
}

// Turned by 90 degrees about a corner the pixels are those of the source, to the bit.
TEST(Image, WarpTurns) {
  const Image source = Slopes(40, 30);
  const Image turned = Warp(source, {0, -1, 0, 29}, 30, 40);  // (x, y) shows (y, 29 - x)
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 30; ++x)
      for (int c = 0; c < 3; ++c) ASSERT_EQ(turned.at(x, y)[c], source.at(y, 29 - x)[c]);
}

TEST(Image, WarpScalesAndGoesOnBeyondTheEdge) {
  const Image source = Slopes(40, 30);
  // Of a slope the mean of what a pixel covers is what its middle shows.
  const Image third = Warp(source, {3, 0, 1, 1}, 12, 9);
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 12; ++x) {
      ASSERT_EQ(third.at(x, y)[0], 2 * (3 * x + 1));
      ASSERT_EQ(third.at(x, y)[1], 3 * (3 * y + 1));
    }
  const Image beyond = Warp(source, {1, 0, -10, -10}, 60, 50);
  EXPECT_EQ(beyond.at(0, 0)[0], 0);
  EXPECT_EQ(beyond.at(59, 25)[0], 78);
  EXPECT_EQ(beyond.at(30, 49)[1], 87);
}

TEST(Image, PngIsReadBack) {
  if (!Ffmpeg("-version")) GTEST_SKIP() << "SKIPPED: no program ffmpeg";
  const Image picture = Slopes(37, 21);
  const std::string path = TempPath("slopes.png"), raw = TempPath("slopes.rgb");
  WriteFileAtomically(path, EncodePng(picture));
  ASSERT_TRUE(Ffmpeg("-i " + path + " -pix_fmt rgb24 -f rawvideo " + raw));
  EXPECT_EQ(ReadFile(raw), std::string(picture.pixels.begin(), picture.pixels.end()));
  const Image grey = ToGrey(picture);
  WriteFileAtomically(path, EncodePng(grey));
  ASSERT_TRUE(Ffmpeg("-i " + path + " -pix_fmt gray -f rawvideo " + raw));
  EXPECT_EQ(ReadFile(raw), std::string(grey.pixels.begin(), grey.pixels.end()));
}

}  // namespace
}  // namespace vpr
