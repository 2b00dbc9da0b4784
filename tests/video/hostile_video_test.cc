// Videos that are cut off, damaged, too large, or hold something else.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "video/video_files.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

using testing::AllFrames;
using ::testing::AllOf;
using testing::ErrorOf;
using testing::ErrorOfBytes;
using testing::ForEachDamaged;
using testing::HasMediaModule;
using ::testing::HasSubstr;
using testing::kNoMediaEncoder;
using testing::kNoMediaModule;
using testing::MakeVideo;
using ::testing::Not;
using testing::Pattern;
using testing::TempPath;

// The error of reading it all, or how many frames there are.
struct Outcome {
  std::string error;
  std::size_t frames = 0;
};
Outcome Read(const std::string& bytes) {
  Outcome outcome;
  outcome.error = ErrorOfBytes(bytes, [&](const std::string& path) {
    VideoSource source(path, {.max_seconds = 60, .max_pixels = 1 << 20});
    VideoFrame frame;
    double last = -1;
    for (; source.Next(frame); ++outcome.frames) {
      EXPECT_GT(frame.seconds, last);
      last = frame.seconds;
    }
  });
  return outcome;
}

struct Row {
  const char* name;
  const char* ending;
  const char* encode;
  bool announces;  // how long it is, so that what is missing is an error
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class HostileVideo : public ::testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
    const std::string path =
        MakeVideo(std::string("hostile.") + GetParam().ending, Pattern(1) + GetParam().encode);
    if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
    bytes_ = ReadFile(path);
  }
  std::string bytes_;
};

TEST_P(HostileVideo, CutOff) {
  const Outcome whole = Read(bytes_);
  ASSERT_EQ(whole.error, "");
  ASSERT_EQ(whole.frames, 25u);
  for (std::size_t eighth = 1; eighth < 8; ++eighth) {
    SCOPED_TRACE(eighth);
    const Outcome cut = Read(bytes_.substr(0, bytes_.size() * eighth / 8));
    if (GetParam().announces)
      EXPECT_THAT(cut.error, HasSubstr("truncated"));
    else
      EXPECT_LE(cut.frames, whole.frames);
  }
}

TEST_P(HostileVideo, FlippedBytes) { ForEachDamaged(bytes_, 1000, 60, Read); }

INSTANTIATE_TEST_SUITE_P(
    Formats, HostileVideo,
    ::testing::Values(Row{"mp4", "mp4", "-c:v libx264 -pix_fmt yuv420p", true},
                      Row{"mpeg4_avi", "avi", "-c:v mpeg4", true},
                      Row{"webm", "webm", "-c:v libvpx -deadline realtime", true},
                      Row{"mpegts", "ts", "-c:v mpeg2video", false}, Row{"gif", "gif", "", false}),
    [](const auto& test) { return std::string(test.param.name); });

std::string ErrorOfFile(const std::string& path, const VideoOptions& options = {},
                        ErrorCode code = ErrorCode::kCorrupt) {
  const Error error = ErrorOf([&] { AllFrames(path, options); });
  EXPECT_EQ(error.code(), code) << error.what();
  return error.what();
}

// A number that no colour space has: the frames are read, with the usual one.
TEST(HostileVideoColours, NoSuchColourSpace) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeVideo("colours.mkv", Pattern(0.4) + "-c:v mpeg4 -colorspace bt709");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  std::string bytes = ReadFile(path);
  const std::size_t space = bytes.find("\x55\xb1\x81\x01");  // Matroska's MatrixCoefficients
  ASSERT_NE(space, std::string::npos);
  bytes[space + 3] = 65;
  const Outcome outcome = Read(bytes);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.frames, 10u);
}

TEST(NoVideo, SoundAlone) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeVideo("sound.m4a", "-f lavfi -i sine=440:duration=1 -c:a aac");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("holds no video (its tracks: audio)"));
}

// The cover of an album is no video.
TEST(NoVideo, Cover) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path =
      MakeVideo("cover.m4a", "-f lavfi -i sine=440:duration=1 " + Pattern(0.04) +
                                 "-map 0 -map 1 -c:a aac -c:v png -frames:v 1 "
                                 "-disposition:v:0 attached_pic");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("holds no video (its tracks: audio, a cover)"));
}

TEST(NoVideo, NoFrames) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = TempPath("none.y4m");
  WriteFileAtomically(path, "YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n");
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("its video holds no frame"));
  const std::string tracks = MakeVideo("none.mp4", Pattern(1) + "-vf select=0 -c:v mpeg4");
  if (!tracks.empty()) {
    EXPECT_THAT(ErrorOfFile(tracks), HasSubstr("holds no video (no track at all)"));
  }
}

TEST(NoVideo, SomethingElse) {
  const std::string path = TempPath("list.m3u8");
  WriteFileAtomically(path, "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n");
  EXPECT_THAT(ErrorOfFile(path), AllOf(HasSubstr("playlist"), HasSubstr("not opened")));
  WriteFileAtomically(path, std::string());
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("empty"));
  ErrorOfFile(TempPath("no_such.mp4"), {}, ErrorCode::kNotFound);
  ErrorOfFile(::testing::TempDir(), {}, ErrorCode::kInvalidArgument);
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  WriteFileAtomically(path, "ffconcat version 1.0\nfile '" + path + "'\n");
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("not opened"));
  WriteFileAtomically(path, std::string(5000, 'x'));
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("expected a video"));
}

TEST(Limits, OfAVideo) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  // 10 megapixels are read, and refused where less is allowed.
  const std::string path = MakeVideo(
      "large.mkv", Pattern(0.08, 25, "3840x2640") + "-c:v mjpeg -pix_fmt yuvj420p -q:v 20");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const std::vector<VideoFrame> frames = AllFrames(path, {.longest_side = 960});
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].picture.width, 960);
  EXPECT_EQ(frames[0].picture.height, 660);
  EXPECT_THAT(ErrorOfFile(path, {.max_pixels = 10'000'000}),
              HasSubstr("3840 x 2640 are larger than allowed"));
  ErrorOfFile(path, {.max_bytes = 1000}, ErrorCode::kUnusable);
  const std::string longer = MakeVideo("long.mp4", Pattern(2) + "-c:v mpeg4");
  EXPECT_THAT(ErrorOfFile(longer, {.max_seconds = 1}, ErrorCode::kUnusable), HasSubstr("longer"));
}

TEST(WithoutTheModule, SaysWhatToInstall) {
  SetResourceFolder(TempPath("without_module"));
  const std::string path = TempPath("any.mp4");
  WriteFileAtomically(path, std::string("\0\0\0\x14", 4) + "ftypisom" + std::string(8, '\0') +
                                std::string("\0\0\0\x08", 4) + "moov");
  EXPECT_THAT(ErrorOfFile(path), HasSubstr("libavformat-dev"));
  const Error error = ErrorOf([] { VideoSource::FromCamera("v4l2:/dev/video0"); });
  SetResourceFolder("");
  EXPECT_EQ(error.code(), ErrorCode::kDevice);
  EXPECT_THAT(error.what(), HasSubstr("libavdevice-dev"));
}

}  // namespace
}  // namespace vpr
