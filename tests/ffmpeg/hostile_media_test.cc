// Files for FFmpeg's libraries that are cut off, damaged, or name other files.
#include <gmock/gmock.h>

#include <algorithm>
#include <ostream>
#include <random>

#include "ffmpeg/media_files.h"
#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using testing::Amr;
using testing::ErrorOf;
using testing::ErrorOfBytes;
using testing::ForEachDamaged;
using testing::HasMediaModule;
using ::testing::HasSubstr;
using testing::kNoMediaEncoder;
using testing::kNoMediaModule;
using testing::MakeMedia;
using ::testing::Not;
using testing::TempPath;

struct Row {
  const char* name;
  const char* ending;
  const char* encode;  // null: AMR, by hand
  bool announces;      // how long it is, so that what is missing is an error
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class HostileMedia : public ::testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (!HasMediaModule()) GTEST_SKIP() << kNoMediaModule;
    if (GetParam().encode == nullptr) {
      bytes_ = Amr(false, 150);
      return;
    }
    const std::string path = MakeMedia(GetParam().ending, GetParam().encode, 3, 16000);
    if (path.empty()) GTEST_SKIP() << kNoMediaEncoder;
    bytes_ = ReadFile(path);
  }
  std::string bytes_;
};

// An error in one line, or what could be decoded.
struct Outcome {
  std::string error;
  Audio audio;
};
Outcome Read(const std::string& bytes) {
  Outcome outcome;
  outcome.error = ErrorOfBytes(bytes, [&](const std::string& path) {
    outcome.audio = ReadAudio(path, {.max_seconds = 600});
  });
  return outcome;
}

TEST_P(HostileMedia, CutOff) {
  const Outcome whole = Read(bytes_);
  ASSERT_EQ(whole.error, "");
  for (std::size_t sixteenth = 1; sixteenth < 16; ++sixteenth) {
    const Outcome cut = Read(bytes_.substr(0, bytes_.size() * sixteenth / 16));
    SCOPED_TRACE(sixteenth);
    if (GetParam().announces) {
      EXPECT_THAT(cut.error, HasSubstr("truncated"));
    } else if (cut.error.empty()) {
      EXPECT_LE(cut.audio.samples.size(), whole.audio.samples.size());
    }
  }
}

TEST_P(HostileMedia, FlippedBytes) { ForEachDamaged(bytes_, 2000, 120, Read); }

INSTANTIATE_TEST_SUITE_P(
    Formats, HostileMedia,
    ::testing::Values(
        Row{"m4a", "m4a", "-c:a aac", true},
        Row{"m4a_faststart", "m4a", "-c:a aac -movflags +faststart", true},
        Row{"mp4_in_fragments", "mp4",
            "-c:a aac -movflags frag_keyframe+empty_moov -frag_duration 500000", false},
        Row{"mkv", "mkv", "-c:a aac", true},
        Row{"webm_live", "webm", "-c:a libopus -live 1", false},
        Row{"wma", "wma", "-c:a wmav2", true}, Row{"aac", "aac", "-c:a aac", false},
        Row{"ac3", "ac3", "-c:a ac3", false}, Row{"mpegts", "ts", "-c:a aac", false},
        Row{"amr", "amr", nullptr, false}, Row{"speex", "spx", "-c:a libspeex -ac 1", true},
        Row{"caf", "caf", "-c:a libopus -ar 48000", true}, Row{"avi", "avi", "-c:a mp2", true}),
    [](const auto& test) { return std::string(test.param.name); });

// What names other files is never followed, and the way out is not ffmpeg, which would follow it.
TEST(Playlists, AreRefused) {
  const std::string sound = TempPath("named.wav");
  ASSERT_TRUE(testing::WriteSound(sound, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1,
                                  testing::Sine(440, 16000, 1)));
  const std::pair<std::string, const char*> cases[] = {
      {"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + sound + "\n#EXT-X-ENDLIST\n", "HLS"},
      {"#EXTM3U\n#EXTINF:1,\nfile://" + sound + "\n", "M3U"},
      {"ffconcat version 1.0\nfile '" + sound + "'\n", "list of files"},
      {"file '" + sound + "'\n", "list of files"},
      {"<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>\n", "DASH"},
      {"[playlist]\nFile1=" + sound + "\nNumberOfEntries=1\n", "PLS"},
      {"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
       "m=audio 5004 RTP/AVP 0\r\n",
       "SDP"},
      {"http://127.0.0.1:9/a.mp3\n", "address"},
  };
  for (const auto& [text, name] : cases) {
    SCOPED_TRACE(name);
    const std::string path = TempPath("list.txt");
    WriteFileAtomically(path, text);
    const Error error = ErrorOf([&] { ReadAudio(path); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(name), HasSubstr("not opened"), Not(HasSubstr("ffmpeg"))));
  }
}

}  // namespace
}  // namespace vpr
