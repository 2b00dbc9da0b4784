#include "vpr/clips/clip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/testing.h"
#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<float> Tone(std::size_t samples) {
  std::vector<float> tone(samples);
  for (std::size_t i = 0; i < samples; ++i) tone[i] = 0.5f * std::sin(0.1f * static_cast<float>(i));
  return tone;
}

ClipOptions SoundOnly() {
  ClipOptions options;
  options.image = false;
  return options;
}

TEST(ListClips, FoldersHoldVideosPicturesAndSounds) {
  TestFolder folder;
  for (const char* file : {"glad/ada/1.mp4", "glad/bob/2.JPG", "sad/ada/1.wav", "sad/ada/2.txt"}) {
    std::filesystem::create_directories((folder.path() / file).parent_path());
    WriteTestFile(folder / file, "");
  }
  const ClipList list = ListClips(folder.path().string(), {"", "person", ""});
  ASSERT_EQ(list.examples.size(), 3u);
  EXPECT_EQ(list.examples[1].key, "glad/bob/2.JPG");
  EXPECT_EQ(list.examples[1].label, "glad");
  EXPECT_EQ(GroupsOf(list.examples), (std::vector<int>{0, 1, 0}));
  EXPECT_EQ(list.files[2].sound, folder / "sad/ada/1.wav");
  EXPECT_EQ(list.files[2].picture, folder / "sad/ada/1.wav");
}

TEST(ListClips, TablesOfSoundAndPicture) {
  TestFolder folder;
  const std::string list = folder / "list.tsv";
  WriteTestFile(folder / "a.wav", "");
  WriteTestFile(list,
                "sound\tpicture\tlabel\tactor\n"
                "a.wav\tx.png\tglad\t1\n"
                "a.wav\ty.png\tsad\t2\n"
                "-\tz.png\tsad\t3\n"
                "\tw.png\t-\t3\n"
                "a.wav\t-\tglad\t4\n");
  const ClipList found = ListClips(list, {"", "actor", ""});
  ASSERT_EQ(found.examples.size(), 4u);
  EXPECT_EQ(found.unlabelled, 1u);
  EXPECT_EQ(found.examples[0].key, "a.wav");
  EXPECT_EQ(found.examples[1].key, "a.wav + x.png");
  EXPECT_EQ(found.examples[3].key, "z.png");
  EXPECT_EQ(found.files[0].sound, folder / "a.wav");
  EXPECT_EQ(found.files[0].picture, "");
  EXPECT_EQ(found.files[3].sound, "");
  EXPECT_EQ(found.examples[2].group, "2");

  WriteTestFile(list, "path\tlabel\nclip.mp4\tglad\n");
  EXPECT_EQ(ListClips(list, {}).files[0].sound, ListClips(list, {}).files[0].picture);
  WriteTestFile(list, "sound\tpicture\tlabel\n-\t-\tglad\n");
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ListClips(list, {}); }),
              HasSubstr("neither a sound nor a picture"));
  MessageOf(ErrorCode::kNotFound, [&] { ListClips(folder / "none", {}); });
}

TEST(SpreadOver, TakesTheMiddles) {
  EXPECT_THAT(SpreadOver(8, 4), ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(SpreadOver(9, 3), ElementsAre(1, 4, 7));
  EXPECT_THAT(SpreadOver(1, 3), ElementsAre(0, 0, 0));
  EXPECT_THAT(SpreadOver(3, 6), ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST(DropSides, NeverBothAndAsOftenAsAsked) {
  Rng rng(1);
  constexpr int kDraws = 20000;
  int image_gone = 0, sound_gone = 0;
  for (int i = 0; i < kDraws; ++i) {
    bool image = true, sound = true;
    DropSides(0.2, image, sound, rng);
    ASSERT_TRUE(image || sound);
    image_gone += image ? 0 : 1;
    sound_gone += sound ? 0 : 1;
  }
  // Each alone .2 * .8, and half of the .04 in which both would go: .18.
  EXPECT_NEAR(image_gone / static_cast<double>(kDraws), 0.18, 0.012);
  EXPECT_NEAR(sound_gone / static_cast<double>(kDraws), 0.18, 0.012);
  for (int i = 0; i < 100; ++i) {
    bool image = false, sound = true;
    DropSides(0.9, image, sound, rng);
    ASSERT_TRUE(!image && sound);
  }
}

TEST(PictureMatrix, IsTorchvisions) {
  Image picture(32, 32, 3);
  picture.at(2, 1)[0] = 255;
  picture.at(2, 1)[2] = 128;
  const Matrix planes = PictureMatrix(picture);
  ASSERT_EQ(planes.rows, 96u);
  ASSERT_EQ(planes.cols, 32u);
  // (x / 255 - mean) / deviation
  EXPECT_NEAR(planes(1, 2), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(planes(32 + 1, 2), -0.456 / 0.224, 1e-5);
  EXPECT_NEAR(planes(64 + 1, 2), (128 / 255.0 - 0.406) / 0.225, 1e-5);
  EXPECT_NEAR(planes(0, 0), -0.485 / 0.229, 1e-5);
}

TEST(JitterPictures, MirrorsAllAlikeAndKeepsGreyWithinBounds) {
  Image left(32, 32, 3);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 16; ++x)
      for (int c = 0; c < 3; ++c) left.at(x, y)[c] = 200;
  int mirrored = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<Image> pictures = {left, left};
    Rng rng(seed);
    JitterPictures(pictures, rng);
    EXPECT_EQ(pictures[0].pixels, pictures[1].pixels);
    const int one = *pictures[0].at(3, 3), other = *pictures[0].at(28, 3);
    mirrored += other > one ? 1 : 0;
    // Brightness 160 to 240, then contrast about the mean grey by up to a fifth.
    EXPECT_GE(std::max(one, other), 130);
    EXPECT_LE(std::min(one, other), 30);
    std::vector<Image> again = {left};
    Rng same(seed);
    JitterPictures(again, same);
    EXPECT_EQ(again[0].pixels, pictures[0].pixels);
  }
  EXPECT_NEAR(mirrored, 100, 30);
}

TEST(AddClipNoise, IsBoundedByTheLoudest) {
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<float> before = Tone(2000);
    std::vector<float> samples = before;
    Rng rng(seed);
    AddClipNoise(samples, rng);
    double square = 0;
    for (std::size_t i = 0; i < samples.size(); ++i)
      square += std::pow(static_cast<double>(samples[i] - before[i]), 2);
    // 5 % of 0.5, with room for the draw.
    EXPECT_LT(std::sqrt(square / 2000), 0.027);
    changed += square > 0 ? 1 : 0;
  }
  EXPECT_NEAR(changed, 50, 20);
}

TEST(ReadClip, SoundsAlone) {
  TestFolder folder;
  WriteWav(folder / "a.wav", Tone(16000), kSampleRate);
  const ClipInput input = ReadClip({folder / "a.wav", folder / "a.wav"}, {});
  EXPECT_TRUE(input.heard());
  EXPECT_FALSE(input.seen());
  EXPECT_EQ(input.samples.size(), 16000u);
  EXPECT_EQ(input.fingerprints.size(), 1u);
  EXPECT_EQ(input.missing, "");

  // Short ones are repeated, long ones cut to their middle.
  WriteWav(folder / "short.wav", Tone(800), kSampleRate);
  EXPECT_EQ(ReadClip({folder / "short.wav", ""}, {}).samples.size(), 16u * 512);
  ClipOptions cut = SoundOnly();
  cut.most_seconds = 1;
  WriteWav(folder / "long.wav", Tone(48000), kSampleRate);
  EXPECT_EQ(ReadClip({folder / "long.wav", ""}, cut).samples.size(), 16000u);
}

TEST(ReadClip, NothingToSeeOrHear) {
  TestFolder folder;
  WriteWav(folder / "silent.wav", std::vector<float>(16000), kSampleRate);
  WriteTestFile(folder / "text.mp4", "no video");
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable,
                        [&] {
                          ReadClip({folder / "silent.wav", ""}, {});
                        }),
              HasSubstr("its sound is silent"));
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable,
                        [&] {
                          ReadClip({folder / "text.mp4", folder / "text.mp4"}, SoundOnly());
                        }),
              HasSubstr("cannot use clip"));
  MessageOf(ErrorCode::kNotFound, [&] { ReadClip({folder / "none.wav", ""}, {}); });
  MessageOf(ErrorCode::kInvalidArgument, [&] { ReadClip({"-", "-"}, {}); });
  WriteWav(folder / "a.wav", Tone(16000), kSampleRate);
  ClipOptions pictures;
  pictures.sound = false;
  MessageOf(ErrorCode::kUnusable, [&] { ReadClip({folder / "a.wav", ""}, pictures); });
}

TEST(ClipOptions, OutOfRange) {
  const auto bad = [](void (*change)(ClipOptions&)) {
    ClipOptions options;
    change(options);
    return MessageOf(ErrorCode::kInvalidArgument, [&] { options.Validate(); });
  };
  EXPECT_THAT(bad([](ClipOptions& o) { o.side = 16; }), HasSubstr("expected 32 to 512"));
  EXPECT_THAT(bad([](ClipOptions& o) { o.frames = 0; }), HasSubstr("expected 1 to 64"));
  EXPECT_THAT(bad([](ClipOptions& o) { o.image = o.sound = false; }), HasSubstr("neither"));
  EXPECT_THAT(bad([](ClipOptions& o) { o.most_seconds = NAN; }), HasSubstr("expected 1 to 3600"));
  ClipOptions().Validate();
}

}  // namespace
}  // namespace vpr
