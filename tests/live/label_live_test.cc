// A file at the speed it was recorded in the place of a camera, and something that answers by what
// it can be held against.
#include "vpr/live/label_live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/testing.h"
#include "clips/drawn_tensors.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/resources.h"
#include "vpr/face/drawn_face.h"
#include "vpr/video/clip_file.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

bool HasMedia() { return std::filesystem::exists(ResourcePath("lib/vpr/vpr_ffmpeg.so")); }
constexpr const char* kNoMedia = "SKIPPED: this build has no module of FFmpeg's libraries";

// Keeps what it was given.
class Witness final : public LiveLabeller {
 public:
  Witness(bool sees, bool hears) : sees_(sees), hears_(hears) {}
  const std::vector<std::string>& labels() const override { return labels_; }
  bool sees() const override { return sees_; }
  bool hears() const override { return hears_; }
  std::optional<LiveAnswer> Label(const LiveWindow::Content& content,
                                  PictureQuality quality) override {
    contents.push_back(content);
    qualities.push_back(quality);
    if (content.frames.empty() && content.samples.empty()) return std::nullopt;
    LiveAnswer answer;
    answer.probabilities = {0.25, 0.75};
    return answer;
  }
  std::vector<LiveWindow::Content> contents;
  std::vector<PictureQuality> qualities;

 private:
  const bool sees_, hears_;
  const std::vector<std::string> labels_ = {"a", "b"};
};

// Frame i is of brightness i, and the sound of its 40 ms of level i / 1000.
std::string Clip(const TestFolder& folder, int frames, bool sound = true) {
  std::vector<Image> pictures;
  std::vector<float> samples;
  for (int i = 0; i < frames; ++i) {
    pictures.emplace_back(32, 24, 3);
    std::fill(pictures.back().pixels.begin(), pictures.back().pixels.end(),
              static_cast<std::uint8_t>(i));
    samples.insert(samples.end(), sound ? kSampleRate / 25 : 0, static_cast<float>(i) / 1000);
  }
  WriteTestFile(folder / "clip.avi", EncodeClip(pictures, 25, samples));
  return folder / "clip.avi";
}

struct Outcome {
  std::vector<LiveLabel> labels;
  double seconds = 0;
};
Outcome Watch(LiveLabeller& labeller, const LiveLabelRequest& request,
              const StopRequested& stop = {}) {
  Outcome outcome;
  Progress quiet;
  const LiveClock clock = SteadyClock();
  LabelLive(labeller, request, quiet, stop,
            [&](const LiveLabel& label) { outcome.labels.push_back(label); });
  outcome.seconds = clock();
  return outcome;
}

TEST(LabelLive, PlaysAFileAsFastAsItWasRecorded) {
  if (!HasMedia()) GTEST_SKIP() << kNoMedia;
  TestFolder folder;
  Witness witness(true, true);
  LiveLabelRequest request;
  request.camera = Clip(folder, 50);
  request.window = 1;
  request.every = 0.5;
  request.quality = PictureQuality::kMedium;
  const Outcome outcome = Watch(witness, request);
  EXPECT_GE(outcome.seconds, 1.95);
  ASSERT_GE(outcome.labels.size(), 3u);
  const LiveLabel& last = outcome.labels.back();
  EXPECT_EQ(last.quality, PictureQuality::kMedium);
  ASSERT_TRUE(last.answer);
  // Whatever the machine was busy with: what was paired lay close together, and all frames are
  // accounted for.
  EXPECT_LT(last.counts.apart, 0.1 * static_cast<double>(last.counts.pairs) + 1e-9);
  EXPECT_LE(last.counts.pairs + last.counts.dropped_frames, last.frames);
  EXPECT_LE(last.frames, 50u);
  for (const LiveWindow::Content& content : witness.contents) {
    EXPECT_LE(content.samples.size(), static_cast<std::size_t>(kSampleRate));
    ASSERT_FALSE(content.frames.empty() && content.samples.empty());
    // Sound without holes, from the clip's own time.
    for (std::size_t i = 1; i < content.samples.size(); ++i)
      ASSERT_LE(content.samples[i] - content.samples[i - 1], 0.0011f);
    for (const LiveFrame& frame : content.frames)
      EXPECT_LE(std::abs(frame.picture->pixels[0] / 25.0 -
                         (frame.seconds - (content.frames[0].seconds -
                                           content.frames[0].picture->pixels[0] / 25.0))),
                0.005);
  }
}

TEST(LabelLive, EndsWhenToldOrStopped) {
  if (!HasMedia()) GTEST_SKIP() << kNoMedia;
  TestFolder folder;
  Witness witness(true, true);
  LiveLabelRequest request;
  request.camera = Clip(folder, 250);
  request.every = 0.3;
  request.seconds = 0.7;
  EXPECT_LT(Watch(witness, request).seconds, 5);
  request.seconds = 0;
  int answers = 0;
  Progress quiet;
  const LiveClock clock = SteadyClock();
  LabelLive(
      witness, request, quiet, [&] { return answers > 0; }, [&](const LiveLabel&) { ++answers; });
  EXPECT_LT(clock(), 5);
  EXPECT_EQ(answers, 1);
}

TEST(LabelLive, EitherSideAlone) {
  if (!HasMedia()) GTEST_SKIP() << kNoMedia;
  TestFolder folder;
  LiveLabelRequest request;
  request.camera = Clip(folder, 20);
  request.every = 0.4;
  request.sound = false;
  Witness eye(true, true);
  const Outcome seen = Watch(eye, request);
  ASSERT_FALSE(seen.labels.empty());
  EXPECT_EQ(seen.labels.back().counts.pairs, 0u);
  EXPECT_FALSE(eye.contents.back().frames.empty());
  EXPECT_TRUE(eye.contents.back().samples.empty());

  request.sound = true;
  request.camera = Clip(folder, 20, false);  // a clip without sound
  Witness silent(true, true);
  EXPECT_FALSE(Watch(silent, request).labels.empty());

  request.camera.clear();
  request.microphone.from = folder / "sound.wav";
  WriteWav(request.microphone.from, std::vector<float>(kSampleRate, 0.1f), kSampleRate);
  Witness ear(true, true);
  const Outcome heard = Watch(ear, request);
  ASSERT_FALSE(heard.labels.empty());
  EXPECT_TRUE(ear.contents.back().frames.empty());
  EXPECT_FALSE(ear.contents.back().samples.empty());
}

TEST(LabelLive, SaysWhatIsMissing) {
  if (!HasMedia()) GTEST_SKIP() << kNoMedia;
  TestFolder folder;
  Witness both(true, true), ear(false, true);
  LiveLabelRequest request;
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { Watch(both, request); }),
              HasSubstr("neither a camera nor a microphone"));
  request.camera = folder / "missing.avi";
  MessageOf(ErrorCode::kNotFound, [&] { Watch(both, request); });
  request.camera = Clip(folder, 20);
  request.sound = false;
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { Watch(ear, request); }),
              HasSubstr("takes sound"));
  request.camera = "v4l2:/dev/no_such_camera";
  MessageOf(ErrorCode::kDevice, [&] { Watch(both, request); });
}

// Of a classifier of clips with drawn weights: which pictures and what sound it takes.
class ClipLabels : public ::testing::Test {
 protected:
  std::string Save(int side, bool face) {
    ClipModel model;
    model.info.labels = {"calm", "glad", "mad"};
    model.info.clips.side = side;
    model.info.clips.face = face;
    model.info.clips.features.n_mels = 16;
    model.info.shape = testing::SmallShape();
    model.info.shape.side = side;
    model.info.training.counts = {4, 6, 5};
    model.tensors = testing::DrawTensors(model.info.shape, 1);
    model.standardizer.mean.assign(16, -40);
    model.standardizer.scale.assign(16, 0.05f);
    SaveClipModel(folder_ / "drawn.vpc", model);
    return folder_ / "drawn.vpc";
  }
  static LiveWindow::Content Seen(const Image& picture, std::size_t frames) {
    LiveWindow::Content content;
    for (std::size_t i = 0; i < frames; ++i)
      content.frames.push_back(
          {0.04 * static_cast<double>(i), std::make_shared<const Image>(picture)});
    return content;
  }
  static std::vector<float> Noise(std::size_t samples) {
    Rng rng(1);
    std::vector<float> noise(samples);
    for (float& value : noise) value = static_cast<float>(0.1 * rng.Normal());
    return noise;
  }
  static double Sum(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }

  TestFolder folder_;
};

TEST_F(ClipLabels, FewerAndSmallerPicturesNeverLessSound) {
  const auto labeller = MakeLiveLabeller(Save(192, false), {});
  LiveWindow::Content content = Seen(Backdrop(64, 48), 75);
  content.samples = Noise(2 * kSampleRate);
  std::size_t pictures = 8;
  for (const PictureQuality quality :
       {PictureQuality::kHigh, PictureQuality::kMedium, PictureQuality::kLow}) {
    const std::optional<LiveAnswer> answer = labeller->Label(content, quality);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->pictures, pictures);
    EXPECT_EQ(answer->heard_seconds, 2);
    EXPECT_NEAR(Sum(answer->probabilities), 1, 1e-5);
    EXPECT_NEAR(answer->image_weight + answer->sound_weight, 1, 1e-5);
    pictures /= 2;
  }
  // Of the sound alone the same, whatever the quality.
  content.frames.clear();
  EXPECT_EQ(labeller->Label(content, PictureQuality::kHigh)->probabilities,
            labeller->Label(content, PictureQuality::kLow)->probabilities);
}

TEST_F(ClipLabels, SidesThatAreNotThere) {
  const auto labeller = MakeLiveLabeller(Save(32, false), {});
  LiveWindow::Content content = Seen(Backdrop(64, 48), 2);
  content.samples.assign(kSampleRate, 0);  // digital silence
  const std::optional<LiveAnswer> seen = labeller->Label(content, PictureQuality::kHigh);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->pictures, 2u);
  EXPECT_TRUE(seen->sound.empty());
  EXPECT_EQ(seen->image_weight, 1);
  content.frames.clear();
  EXPECT_FALSE(labeller->Label(content, PictureQuality::kHigh));
  content.samples = Noise(kSampleRate / 4);  // too little to go by
  EXPECT_FALSE(labeller->Label(content, PictureQuality::kHigh));
}

TEST_F(ClipLabels, LooksAtFaces) {
  if (!std::filesystem::exists(ResourcePath("lib/vpr/vpr_dlib.so")))
    GTEST_SKIP() << "SKIPPED: this build has no module of dlib";
  const auto labeller = MakeLiveLabeller(Save(32, true), {});
  EXPECT_FALSE(labeller->Label(Seen(Backdrop(160, 120), 3), PictureQuality::kHigh));
  Image picture = Backdrop(160, 120);
  DrawnFace face;
  face.x = 80, face.y = 60, face.height = 80;
  Draw(picture, face);
  const std::optional<LiveAnswer> answer = labeller->Label(Seen(picture, 3), PictureQuality::kHigh);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->pictures, 3u);
}

// The load of the machine is what the file says.
TEST(LabelLive, LowersThePictureAlone) {
  if (!HasMedia()) GTEST_SKIP() << kNoMedia;
  TestFolder folder;
  LiveLabelRequest request;
  request.camera = Clip(folder, 70);
  request.every = 0.4;
  request.window = 1;
  request.processor_stat = folder / "stat";
  WriteTestFile(request.processor_stat, "cpu 0 0 0 0 0 0 0 0\n");
  Witness witness(true, true);
  std::uint64_t busy = 0;
  Progress quiet;
  LabelLive(witness, request, quiet, {}, [&](const LiveLabel&) {
    busy += 100;
    WriteTestFile(request.processor_stat, "cpu " + std::to_string(busy) + " 0 0 " +
                                              std::to_string(busy / 50) + " 0 0 0 0\n");
  });
  EXPECT_EQ(witness.qualities.front(), PictureQuality::kHigh);
  EXPECT_EQ(witness.qualities.back(), PictureQuality::kLow);
  EXPECT_GT(witness.contents.back().samples.size(), kSampleRate / 2u);
}

}  // namespace
}  // namespace vpr
