// What phones, browsers and meetings write, read as the program ffmpeg reads it.
#include <gmock/gmock.h>

#include <filesystem>
#include <ostream>

#include "ffmpeg/media_files.h"
#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using testing::Amr;
using testing::DecodedByFfmpeg;
using testing::ErrorOf;
using testing::Ffmpeg;
using testing::HasMediaModule;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kNoMediaEncoder;
using testing::kNoMediaModule;
using testing::MakeMedia;
using ::testing::Not;
using testing::TempPath;

void ExpectLikeFfmpeg(const std::string& path, const std::string& format) {
  const Audio first = ReadAudio(path, {.sample_rate = 0, .channel = 1});
  EXPECT_THAT(first.info.format, HasSubstr(format));
  EXPECT_THAT(first.warnings, IsEmpty());
  ASSERT_EQ(first.info.tracks.size(), 1u);
  EXPECT_EQ(first.info.track, 1);
  EXPECT_EQ(first.sample_rate, first.info.sample_rate);
  for (int channel = 0; channel < first.info.channels; ++channel) {
    const std::vector<float> expected = DecodedByFfmpeg(path, first.info.channels, channel);
    const Audio one = ReadAudio(path, {.sample_rate = 0, .channel = channel + 1});
    ASSERT_EQ(one.samples.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(one.samples[i], expected[i], 1e-6) << i;
  }
  const Audio streamed = DecodeAudio(ReadFile(path), "standard input");
  EXPECT_EQ(streamed.samples, ReadAudio(path).samples);
}

struct Row {
  const char* name;
  const char* ending;
  const char* encode;
  const char* format;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class Media : public ::testing::TestWithParam<Row> {};

TEST_P(Media, AsTheProgramReadsIt) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeMedia(GetParam().ending, GetParam().encode);
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  ExpectLikeFfmpeg(path, GetParam().format);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Media,
    ::testing::Values(
        Row{"m4a", "m4a", "-c:a aac", "QuickTime / MOV (AAC)"},
        Row{"m4a_from_the_middle", "m4a", "-ss 0.531 -c:a aac -movflags +faststart", "(AAC)"},
        Row{"alac", "m4a", "-c:a alac", "(ALAC)"},
        Row{"mp4_with_video", "mp4",
            "-f lavfi -i testsrc=size=64x48:rate=25:duration=3 -map 1:v -map 0:a -c:v mpeg4 -c:a "
            "aac",
            "(AAC)"},
        Row{"mp4_in_fragments", "mp4",
            "-c:a aac -movflags frag_keyframe+empty_moov -frag_duration 500000", "(AAC)"},
        Row{"mov", "mov", "-c:a aac", "(AAC)"},
        Row{"3gp", "3gp", "-c:a aac -ar 16000 -ac 1", "(AAC)"},
        Row{"webm_opus", "webm", "-c:a libopus", "Matroska / WebM (Opus)"},
        Row{"webm_live", "webm", "-c:a libopus -live 1", "(Opus)"},
        Row{"mkv_aac", "mkv", "-c:a aac", "(AAC)"},
        Row{"mkv_vorbis", "mkv", "-c:a libvorbis", "(Vorbis)"},
        Row{"mka_ac3", "mka", "-c:a ac3", "Matroska"},
        Row{"wma", "wma", "-c:a wmav2", "Windows Media"},
        Row{"asf_wma1", "asf", "-c:a wmav1", "Windows Media"},
        Row{"ac3", "ac3", "-c:a ac3", "AC-3"}, Row{"eac3", "eac3", "-c:a eac3", "raw E-AC-3"},
        Row{"caf_opus", "caf", "-c:a libopus", "CAF (Opus)"},
        Row{"aac", "aac", "-c:a aac", "raw ADTS AAC (AAC)"}, Row{"avi", "avi", "-c:a mp2", "AVI"},
        Row{"mpegts", "ts", "-c:a aac", "MPEG-TS"}, Row{"flv", "flv", "-c:a aac", "FLV"},
        Row{"speex", "spx", "-c:a libspeex -ar 16000 -ac 1", "Ogg (Speex)"},
        Row{"flac_in_ogg", "oga", "-c:a flac", "FLAC"}, Row{"wav_wma", "wav", "-c:a wmav2", "WAV"},
        Row{"true_audio", "tta", "-c:a tta", "TTA"},
        Row{"wavpack", "wv", "-c:a wavpack", "WavPack"}),
    [](const auto& test) { return std::string(test.param.name); });

// Ogg Opus, as WhatsApp's voice messages are, is libsndfile's.
TEST(Media, VoiceMessage) {
  const std::string path = MakeMedia("opus", "-c:a libopus -ac 1 -ar 16000 -application voip");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const Audio audio = ReadAudio(path, {.sample_rate = 0});
  EXPECT_THAT(audio.info.tracks, IsEmpty());
  EXPECT_EQ(audio.sample_rate, 16000);  // FFmpeg: 48000, always
  EXPECT_EQ(3 * audio.samples.size(), DecodedByFfmpeg(path, 1, 0).size());
}

TEST(Media, Amr) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  for (const bool wide : {false, true}) {
    SCOPED_TRACE(wide);
    const std::string path = TempPath(wide ? "a.awb" : "a.amr");
    WriteFileAtomically(path, Amr(wide, 50));
    const Audio audio = ReadAudio(path, {.sample_rate = 0});
    EXPECT_EQ(audio.sample_rate, wide ? 16000 : 8000);
    EXPECT_EQ(audio.samples.size(), wide ? 16000u : 8000u);
    EXPECT_THAT(audio.info.format, HasSubstr("AMR"));
    const std::string phone = TempPath("amr.3gp");
    if (!Ffmpeg("-i " + path + " -c copy " + phone)) continue;
    ExpectLikeFfmpeg(path, "AMR");
    ExpectLikeFfmpeg(phone, "QuickTime / MOV (AMR");
  }
}

// Two languages, the second the default one.
TEST(Media, Tracks) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = TempPath("tracks.mkv");
  if (!Ffmpeg("-f lavfi -i sine=440:duration=2:sample_rate=16000 -f lavfi -i "
              "sine=880:duration=1:sample_rate=48000 -map 0 -map 1 -c:a flac -disposition:a:0 0 "
              "-disposition:a:1 default -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu "
              "-metadata:s:a:1 title=Ton " +
              path))
    GTEST_SKIP() << kNoMediaEncoder;
  const Audio chosen = ReadAudio(path, {.sample_rate = 0});
  EXPECT_EQ(chosen.info.track, 2);
  EXPECT_EQ(chosen.samples.size(), 48000u);
  ASSERT_EQ(chosen.info.tracks.size(), 2u);
  EXPECT_EQ(chosen.info.tracks[0].language, "eng");
  EXPECT_EQ(chosen.info.tracks[0].sample_rate, 16000);
  EXPECT_EQ(chosen.info.tracks[1].language, "deu");
  EXPECT_EQ(chosen.info.tracks[1].title, "Ton");
  EXPECT_EQ(chosen.info.tracks[1].codec, "FLAC");
  EXPECT_EQ(ReadAudio(path, {.sample_rate = 0, .track = 1}).samples.size(), 32000u);
  const Error error = ErrorOf([&] { ReadAudio(path, {.track = 3}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("track 3"), HasSubstr("it has 2 audio tracks")));
}

TEST(Media, PicturesAlone) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = TempPath("silent.mp4");
  if (!Ffmpeg("-f lavfi -i testsrc=size=64x48:rate=25:duration=1 -c:v mpeg4 " + path))
    GTEST_SKIP() << kNoMediaEncoder;
  const Error error = ErrorOf([&] { ReadAudio(path); });
  EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("MPEG-4"), HasSubstr("holds no sound (its tracks: video)"),
                    Not(HasSubstr("ffmpeg -i"))));
}

// Longer than the limit, by what is decoded and not by what a header says.
TEST(Media, LongerThanAllowed) {
  if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
  const std::string path = MakeMedia("m4a", "-c:a aac");
  if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
  const Error error = ErrorOf([&] { ReadAudio(path, {.max_seconds = 2}); });
  EXPECT_EQ(error.code(), ErrorCode::kUnusable);
  EXPECT_THAT(error.what(), HasSubstr("longer than"));
}

// Without the module a recording is named, and what to do is said.
TEST(Media, WithoutTheModule) {
  SetResourceFolder(TempPath("without_module"));
  const std::string path = TempPath("phone.3gp");
  const std::string bytes = std::string("\0\0\0\x14", 4) + "ftyp3gp4" + std::string(8, '\0') +
                            std::string("\0\0\0\x08", 4) + "moov";
  WriteFileAtomically(path, bytes);
  const Error error = ErrorOf([&] { ReadAudio(path); });
  EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("it is 3GP"), HasSubstr("libavformat-dev"),
                                  HasSubstr("ffmpeg -i " + path)));
  SetResourceFolder("");
}

}  // namespace
}  // namespace vpr
