// Videos as the programs ffmpeg and ffprobe read them.
#include "vpr/video/video_source.h"

#include <gmock/gmock.h>

#include <array>
#include <ostream>

#include "video/video_files.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

using testing::AllFrames;
using ::testing::AllOf;
using testing::ErrorOf;
using testing::Ffmpeg;
using testing::HasMediaModule;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kNoMediaEncoder;
using testing::kNoMediaModule;
using testing::MakeVideo;
using testing::Pattern;
using testing::RgbByFfmpeg;
using testing::TempPath;
using testing::TimesByFfprobe;

// `within`: how far a value may be from ffmpeg's.
void ExpectFrames(const std::vector<VideoFrame>& frames, const std::string& rgb, int within) {
  ASSERT_FALSE(frames.empty());
  const std::size_t size = frames[0].picture.pixels.size();
  ASSERT_EQ(frames.size() * size, rgb.size());
  for (std::size_t f = 0; f < frames.size(); ++f) {
    ASSERT_EQ(frames[f].picture.pixels.size(), size);
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_NEAR(frames[f].picture.pixels[i], static_cast<std::uint8_t>(rgb[f * size + i]), within)
          << "frame " << f << ", value " << i;
  }
}

void ExpectTimes(const std::vector<VideoFrame>& frames, const std::vector<double>& times) {
  ASSERT_EQ(frames.size(), times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    ASSERT_NEAR(frames[i].seconds, times[i], 1e-6) << i;
}

struct Row {
  const char* name;
  const char* ending;
  const char* encode;
  const char* format;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class Video : public ::testing::TestWithParam<Row> {};

TEST_P(Video, AsTheProgramReadsIt) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path =
      MakeVideo(std::string("made.") + GetParam().ending,
                Pattern(0.6) + "-f lavfi -i sine=440:duration=0.6 " + GetParam().encode);
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  VideoSource source(path);
  EXPECT_THAT(source.info().format, HasSubstr(GetParam().format));
  EXPECT_EQ(source.info().width, 64);
  EXPECT_EQ(source.info().height, 48);
  EXPECT_EQ(source.info().turned, 0);
  EXPECT_FALSE(source.info().mirrored);
  EXPECT_EQ(source.info().track, 1);
  const std::vector<VideoFrame> frames = AllFrames(source);
  EXPECT_EQ(frames.size(), 15u);
  EXPECT_THAT(source.warnings(), IsEmpty());
  EXPECT_EQ(source.share(), 1);
  ExpectFrames(frames, RgbByFfmpeg(path), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Video,
    ::testing::Values(
        Row{"h264", "mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac", "MOV (H.264"},
        Row{"h264_with_b_frames", "mkv", "-c:v libx264 -bf 3 -pix_fmt yuv420p -c:a aac", "H.264"},
        Row{"mpeg4", "avi", "-c:v mpeg4 -c:a mp2", "AVI"},
        Row{"vp8", "webm", "-c:v libvpx -c:a libopus", "VP8"},
        Row{"vp9", "webm", "-c:v libvpx-vp9 -c:a libopus", "VP9"},
        Row{"hevc", "mp4", "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p -c:a aac",
            "HEVC"},
        Row{"mjpeg_full_range", "mov", "-c:v mjpeg -pix_fmt yuvj420p -c:a aac", "JPEG"},
        Row{"lossless_rgb", "mkv", "-c:v ffv1 -pix_fmt bgr0 -c:a flac", "FFmpeg video codec #1"},
        Row{"mpeg2_stream", "ts", "-c:v mpeg2video -c:a mp2", "MPEG-2"},
        Row{"theora", "ogv", "-c:v libtheora -c:a libvorbis", "Theora"}),
    [](const auto& test) { return std::string(test.param.name); });

// Every time stamp is kept, of sound that begins earlier too.
TEST(VideoTimes, VariableRate) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path =
      MakeVideo("variable.mkv", Pattern(2) +
                                    "-vf select='not(mod(n\\,7))+not(mod(n\\,11))' -vsync vfr "
                                    "-c:v ffv1 -pix_fmt bgr0");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::vector<VideoFrame> frames = AllFrames(path);
  EXPECT_EQ(frames.size(), 12u);
  ExpectTimes(frames, TimesByFfprobe(path));
  EXPECT_NEAR(frames[1].seconds - frames[0].seconds, 7 / 25.0, 1e-3);
  EXPECT_NEAR(frames[2].seconds - frames[1].seconds, 4 / 25.0, 1e-3);
}

TEST(VideoTimes, OneClockWithTheSound) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path =
      MakeVideo("late.mkv", "-itsoffset 0.4 " + Pattern(0.4) +
                                "-f lavfi -i sine=440:duration=1 -map 0 -map 1 -c:v ffv1 -pix_fmt "
                                "bgr0 -c:a flac");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::vector<VideoFrame> frames = AllFrames(path);
  ASSERT_EQ(frames.size(), 10u);
  EXPECT_NEAR(frames[0].seconds, 0.4, 1e-3);
  EXPECT_NEAR(frames[9].seconds, 0.76, 1e-3);
}

// A raw stream of pictures has no times: they are counted on.
TEST(VideoTimes, None) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeVideo("raw.m4v", Pattern(0.4) + "-c:v mpeg4 -f m4v");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::vector<VideoFrame> frames = AllFrames(path);
  ASSERT_EQ(frames.size(), 10u);
  for (std::size_t i = 1; i < frames.size(); ++i)
    EXPECT_NEAR(frames[i].seconds - frames[i - 1].seconds, 0.04, 1e-6);
}

// The same video with another display matrix, of which a, b, c and d are -1, 0 or 1, in its track
// header (ISO/IEC 14496-12, 8.3): a point (x, y) is shown at (a x + c y, b x + d y).
std::string WithMatrix(const std::string& path, const std::array<int, 4>& matrix) {
  std::string bytes = ReadFile(path);
  const std::size_t fields = bytes.find("tkhd") + 4 + 40;  // of version 0
  EXPECT_EQ(bytes.substr(fields, 4), std::string("\0\1\0\0", 4));
  const std::size_t places[] = {0, 4, 12, 16};
  for (std::size_t i = 0; i < 4; ++i)
    bytes.replace(fields + places[i], 4,
                  matrix[i] < 0   ? std::string("\xFF\xFF\0\0", 4)
                  : matrix[i] > 0 ? std::string("\0\1\0\0", 4)
                                  : std::string(4, '\0'));
  const std::string changed = TempPath("changed.mov");
  WriteFileAtomically(changed, bytes);
  return changed;
}

// As phones write videos that were held upright, upside down or before a mirror.
TEST(VideoOrientation, TurnedAndMirrored) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string level = MakeVideo("level.mov", Pattern(0.2) + "-c:v png");
  if (level.empty()) GTEST_SKIP() << kNoMediaEncoder;
  struct Case {
    std::array<int, 4> matrix;
    int turned;
    bool mirrored;
    const char* filter;
  };
  for (const Case& one :
       {Case{{0, 1, -1, 0}, 90, false, "transpose=clock"},
        Case{{-1, 0, 0, -1}, 180, false, "hflip,vflip"},
        Case{{0, -1, 1, 0}, 270, false, "transpose=cclock"}, Case{{-1, 0, 0, 1}, 0, true, "hflip"},
        Case{{0, -1, -1, 0}, 90, true, "hflip,transpose=clock"}}) {
    SCOPED_TRACE(one.filter);
    VideoSource source(WithMatrix(level, one.matrix));
    EXPECT_EQ(source.info().turned, one.turned);
    EXPECT_EQ(source.info().mirrored, one.mirrored);
    EXPECT_EQ(source.info().width, one.turned % 180 == 0 ? 64 : 48);
    EXPECT_EQ(source.info().height, one.turned % 180 == 0 ? 48 : 64);
    ExpectFrames(AllFrames(source), RgbByFfmpeg(level, one.filter), 0);
  }
}

TEST(VideoSize, SquarePixelsAndReduction) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path =
      MakeVideo("wide.mkv", Pattern(0.2) + "-vf setsar=2/1 -c:v ffv1 -pix_fmt bgr0");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  EXPECT_EQ(VideoSource(path).info().width, 128);
  EXPECT_EQ(VideoSource(path).info().height, 48);
  VideoSource source(path, {.longest_side = 32});
  EXPECT_EQ(source.info().width, 32);
  EXPECT_EQ(source.info().height, 12);
  VideoFrame frame;
  ASSERT_TRUE(source.Next(frame));
  EXPECT_EQ(frame.picture.width, 32);
  EXPECT_EQ(frame.picture.height, 12);
}

TEST(VideoTracks, DefaultAndChosen) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeVideo(
      "two.mkv", Pattern(0.2) + Pattern(0.4, 25, "32x32") +
                     "-map 0 -map 1 -c:v ffv1 -pix_fmt bgr0 -disposition:v:0 0 -disposition:v:1 "
                     "default -metadata:s:v:1 title=Face");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  VideoSource source(path);
  EXPECT_EQ(source.info().track, 2);
  ASSERT_EQ(source.info().tracks.size(), 2u);
  EXPECT_EQ(source.info().tracks[0].width, 64);
  EXPECT_EQ(source.info().tracks[1].title, "Face");
  EXPECT_EQ(AllFrames(source).size(), 10u);
  EXPECT_EQ(AllFrames(path, {.track = 1}).size(), 5u);
  const Error error = ErrorOf([&] { VideoSource three(path, {.track = 3}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("video track 3"), HasSubstr("it has 2 video tracks")));
}

// A single picture is a video of one frame; what Exif says of its orientation holds.
TEST(VideoPictures, One) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  for (const char* const ending : {"png", "jpg", "bmp", "webp"}) {
    SCOPED_TRACE(ending);
    const std::string path = MakeVideo(std::string("one.") + ending, Pattern(0.04) + "-frames:v 1");
    if (path.empty()) continue;
    VideoSource source(path);
    EXPECT_EQ(source.info().width, 64);
    const std::vector<VideoFrame> frames = AllFrames(source);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].seconds, 0);
    ExpectFrames(frames, RgbByFfmpeg(path), 2);
  }
  const std::string path = MakeVideo("one.jpg", Pattern(0.04) + "-frames:v 1");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::string jpeg = ReadFile(path);
  // Application segment 1 with one entry: orientation (0x0112) 6, to be turned by 90 degrees.
  const std::string exif = std::string("\xFF\xE1\0\x22", 4) + std::string("Exif\0\0", 6) +
                           std::string("MM\0\x2A\0\0\0\x08\0\x01", 10) +
                           std::string("\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 12) +
                           std::string(4, '\0');
  const std::string turned = TempPath("turned.jpg");
  WriteFileAtomically(turned, jpeg.substr(0, 2) + exif + jpeg.substr(2));
  VideoSource source(turned);
  EXPECT_EQ(source.info().turned, 90);
  EXPECT_EQ(source.info().width, 48);
  ExpectFrames(AllFrames(source), RgbByFfmpeg(path, "transpose=clock"), 4);
}

TEST(VideoPipes, AsFiles) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeVideo("piped.mp4", Pattern(0.4) + "-c:v libx264 -pix_fmt yuv420p");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::string pipe = TempPath("pipe");
  ASSERT_EQ(std::system(("mkfifo " + pipe + " && cat " + path + " > " + pipe + " &").c_str()), 0);
  ASSERT_EQ(std::system(("while [ ! -p " + pipe + " ]; do sleep 0.01; done").c_str()), 0);
  const std::vector<VideoFrame> frames = AllFrames(pipe), expected = AllFrames(path);
  ASSERT_EQ(frames.size(), expected.size());
  for (std::size_t i = 0; i < frames.size(); ++i)
    ASSERT_EQ(frames[i].picture.pixels, expected[i].picture.pixels);
}

// What v4l2 and x11grab go through as well.
TEST(Camera, Filters) {
  if (!std::filesystem::exists(ResourcePath("lib/vpr/vpr_camera.so")))
    GTEST_SKIP() << "SKIPPED: this build has no module of FFmpeg's devices";
  VideoSource source = VideoSource::FromCamera("lavfi:testsrc=size=64x48:rate=25:duration=0.4", {});
  EXPECT_EQ(source.info().width, 64);
  EXPECT_EQ(source.share(), 0);
  const std::vector<VideoFrame> frames = AllFrames(source);
  ASSERT_EQ(frames.size(), 10u);
  EXPECT_EQ(frames[0].seconds, 0);
  EXPECT_NEAR(frames[9].seconds, 0.36, 1e-6);
  const std::string path = MakeVideo("same.mkv", Pattern(0.4) + "-c:v ffv1 -pix_fmt bgr0");
  if (!path.empty()) ExpectFrames(frames, RgbByFfmpeg(path), 0);
}

TEST(Camera, Refused) {
  for (const char* const wrong :
       {"", "v4l2", "v4l2:", "/dev/video0", "concat:list", "alsa:default"})
    EXPECT_EQ(ErrorOf([&] { VideoSource::FromCamera(wrong); }).code(), ErrorCode::kInvalidArgument)
        << wrong;
  const Error error = ErrorOf([] { VideoSource::FromCamera("v4l2:/dev/no_such_camera"); });
  EXPECT_EQ(error.code(), ErrorCode::kDevice);
  EXPECT_THAT(error.what(), HasSubstr("v4l2:/dev/no_such_camera"));
}

}  // namespace
}  // namespace vpr
