// What cannot be read or used, and what is said about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <ostream>

#include "audio/sound_files.h"
#include "vpr/audio/speech.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using testing::Chunk;
using testing::ErrorOf;
using testing::Floats;
using testing::FormatChunk;
using ::testing::HasSubstr;
using testing::Little;
using testing::Pcm16;
using testing::Riff;
using testing::Sine;
using testing::TempPath;
using testing::WriteSound;

void ExpectError(const std::string& bytes, ErrorCode code,
                 const ::testing::Matcher<std::string>& text) {
  std::string path = TempPath("bad 文件.wav");
  WriteFileAtomically(path, bytes);
  Error error = ErrorOf([&] { ReadAudio(path); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_THAT(std::string(error.what()), AllOf(HasSubstr("bad 文件.wav"), text));
}

TEST(AudioErrors, Missing) {
  Error error = ErrorOf([] { ReadAudio(TempPath("nowhere.wav")); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.what(), HasSubstr("nowhere.wav"));
}

TEST(AudioErrors, Directory) {
  std::string path = TempPath("folder.wav");
  std::filesystem::create_directories(path);
  Error error = ErrorOf([&] { ReadAudio(path); });
  EXPECT_THAT(error.what(), AllOf(HasSubstr("folder.wav"), HasSubstr("directory")));
}

TEST(AudioErrors, EmptyFile) {
  ExpectError("", ErrorCode::kCorrupt, HasSubstr("empty (0 bytes)"));
  Error error = ErrorOf([] { DecodeAudio("", "standard input"); });
  EXPECT_THAT(error.what(), HasSubstr("empty"));
}

TEST(AudioErrors, NotAudio) {
  ExpectError("Dear diary, today I recorded nothing at all.\n", ErrorCode::kCorrupt,
              AllOf(HasSubstr("not audio"), HasSubstr("expected WAV")));
  ExpectError(std::string(5000, '\0'), ErrorCode::kCorrupt, HasSubstr("not audio"));
}

TEST(AudioErrors, HeaderClaimsTwoGigabytes) {
  std::string pcm = Pcm16(Sine(440, 16000, 1));
  ExpectError("RIFF" + Little(0xFFFFFFFF, 4) + "WAVE" + FormatChunk() + "data" +
                  Little(0x7FFFE000, 4) + pcm,
              ErrorCode::kCorrupt,
              AllOf(HasSubstr("truncated"), HasSubstr("2147475456"), HasSubstr("32000")));
}

TEST(AudioErrors, NoSamples) {
  ExpectError(Riff(FormatChunk() + Chunk("data", "")), ErrorCode::kUnusable,
              HasSubstr("no samples"));
  ExpectError(Riff(FormatChunk() + Chunk("data", "") + Chunk("LIST", "INFOINAM1234")),
              ErrorCode::kUnusable, HasSubstr("no samples"));
}

TEST(AudioErrors, NotFinite) {
  std::vector<float> samples = Sine(440, 16000, 1);
  samples[12000] = std::numeric_limits<float>::quiet_NaN();
  ExpectError(Riff(FormatChunk(true) + Chunk("data", Floats(samples))), ErrorCode::kUnusable,
              AllOf(HasSubstr("NaN"), HasSubstr("0.750 s")));
  samples[4000] = -std::numeric_limits<float>::infinity();
  ExpectError(Riff(FormatChunk(true) + Chunk("data", Floats(samples))), ErrorCode::kUnusable,
              AllOf(HasSubstr("infinity"), HasSubstr("0.250 s")));
  samples[2000] = -1e30f;
  ExpectError(Riff(FormatChunk(true) + Chunk("data", Floats(samples))), ErrorCode::kUnusable,
              AllOf(HasSubstr("it holds -1e+30"), HasSubstr("0.125 s")));
}

TEST(AudioErrors, ImpossibleRate) {
  std::string format = Chunk("fmt ", Little(1, 2) + Little(1, 2) + Little(1, 4) + Little(2, 4) +
                                         Little(2, 2) + Little(16, 2));
  ExpectError(Riff(format + Chunk("data", Pcm16(Sine(440, 16000, 1)))), ErrorCode::kCorrupt,
              HasSubstr("at 1 Hz"));
}

struct Container {
  const char* name;
  int code;
};
std::ostream& operator<<(std::ostream& out, const Container& c) { return out << c.name; }

class Truncated : public ::testing::TestWithParam<Container> {};

// A file cut anywhere is an error that says so, never a shorter recording.
TEST_P(Truncated, IsNoticed) {
  std::string whole = TempPath(std::string("whole_") + GetParam().name);
  std::vector<float> samples = Sine(440, 16000, 1.0);
  for (std::size_t i = 0; i < samples.size(); ++i)  // so that it does not compress to nothing
    samples[i] += 0.1f * static_cast<float>(std::sin(1e-3 * static_cast<double>(i * i % 100003)));
  if (!WriteSound(whole, GetParam().code, 16000, 1, samples))
    GTEST_SKIP() << "SKIPPED: this libsndfile cannot write " << GetParam().name;
  std::string bytes = ReadFile(whole);
  std::string path = TempPath(std::string("cut_") + GetParam().name);
  for (double part : {0.3, 0.5, 0.9, 0.99}) {
    auto size = static_cast<std::size_t>(part * static_cast<double>(bytes.size()));
    WriteFileAtomically(path, bytes.substr(0, size));
    Error error = ErrorOf([&] { ReadAudio(path); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(error.what(), HasSubstr("truncated")) << part;
  }
  // Inside the header the format may no longer be known, but it is an error all the same.
  for (std::size_t size : {4u, 11u, 12u, 20u, 40u}) {
    WriteFileAtomically(path, bytes.substr(0, size));
    EXPECT_EQ(ErrorOf([&] { ReadAudio(path); }).code(), ErrorCode::kCorrupt) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Truncated,
    ::testing::Values(Container{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                      Container{"wav_big_endian", SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG},
                      Container{"wav_adpcm", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM},
                      Container{"rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16},
                      Container{"w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16},
                      Container{"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16},
                      Container{"aifc", SF_FORMAT_AIFF | SF_FORMAT_FLOAT},
                      Container{"caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16},
                      Container{"svx", SF_FORMAT_SVX | SF_FORMAT_PCM_16},
                      Container{"au", SF_FORMAT_AU | SF_FORMAT_PCM_16},
                      Container{"nist", SF_FORMAT_NIST | SF_FORMAT_PCM_16},
                      Container{"nist_ulaw", SF_FORMAT_NIST | SF_FORMAT_ULAW},
                      Container{"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                      Container{"vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                      Container{"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
                      Container{"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}),
    [](const auto& test) { return std::string(test.param.name); });

// Damage must end in audio or in an error, never in a crash; the sanitizers see the rest.
TEST(AudioErrors, FlippedBytesNeverCrash) {
  for (int code : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
                   SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                   SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}) {
    std::string path = TempPath("flipped");
    if (!WriteSound(path, code, 16000, 1, Sine(440, 16000, 0.1))) continue;
    std::string bytes = ReadFile(path);
    int outcomes = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 120); ++i) {
      for (char flip : {'\x01', '\x80', '\xFF'}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        try {
          DecodeAudio(damaged, "damaged");
        } catch (const Error&) {
        }
        ++outcomes;
      }
    }
    EXPECT_GT(outcomes, 100);
  }
}

}  // namespace
}  // namespace vpr
