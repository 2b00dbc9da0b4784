#include "vpr/audio/audio_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

#include "audio/sound_files.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using testing::Amplitude;
using testing::Chunk;
using testing::Floats;
using testing::FormatChunk;
using testing::Little;
using testing::Pcm16;
using testing::Riff;
using testing::Sine;
using testing::TempPath;
using testing::WriteSound;

struct Format {
  const char* name;
  int code;
  double tolerance;  // of a sine's amplitude of 0.5
};

std::ostream& operator<<(std::ostream& out, const Format& format) { return out << format.name; }

class EveryFormat : public ::testing::TestWithParam<Format> {};

TEST_P(EveryFormat, SineSurvives) {
  const Format& format = GetParam();
  std::string path = TempPath(std::string("format_") + format.name);
  if (!WriteSound(path, format.code, 16000, 1, Sine(440, 16000, 1.0)))
    GTEST_SKIP() << "SKIPPED: this libsndfile cannot write " << format.name;
  Audio audio = ReadAudio(path);
  EXPECT_EQ(audio.info.sample_rate, 16000);
  EXPECT_EQ(audio.info.channels, 1);
  EXPECT_FALSE(audio.info.format.empty());
  // Codecs with blocks fill the last one.
  EXPECT_GE(audio.samples.size(), 15990u);
  EXPECT_LE(audio.samples.size(), 17200u);
  EXPECT_NEAR(Amplitude(audio.samples, 440, 16000, 4000, 12000), 0.5, format.tolerance);
}

constexpr int kWav = SF_FORMAT_WAV, kAiff = SF_FORMAT_AIFF, kOgg = SF_FORMAT_OGG;
INSTANTIATE_TEST_SUITE_P(
    Formats, EveryFormat,
    ::testing::Values(Format{"wav_u8", kWav | SF_FORMAT_PCM_U8, 5e-3},
                      Format{"wav_16", kWav | SF_FORMAT_PCM_16, 1e-4},
                      Format{"wav_24", kWav | SF_FORMAT_PCM_24, 1e-6},
                      Format{"wav_32", kWav | SF_FORMAT_PCM_32, 1e-6},
                      Format{"wav_float", kWav | SF_FORMAT_FLOAT, 1e-6},
                      Format{"wav_double", kWav | SF_FORMAT_DOUBLE, 1e-6},
                      Format{"wav_ulaw", kWav | SF_FORMAT_ULAW, 5e-3},
                      Format{"wav_alaw", kWav | SF_FORMAT_ALAW, 5e-3},
                      Format{"wav_ima_adpcm", kWav | SF_FORMAT_IMA_ADPCM, 0.02},
                      Format{"wav_ms_adpcm", kWav | SF_FORMAT_MS_ADPCM, 0.02},
                      Format{"wav_gsm610", kWav | SF_FORMAT_GSM610, 0.05},
                      Format{"wav_g721", kWav | SF_FORMAT_G721_32, 0.02},
                      Format{"wav_big_endian", kWav | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, 1e-4},
                      Format{"wav_extensible", SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 1e-6},
                      Format{"rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1e-4},
                      Format{"w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 1e-4},
                      Format{"flac_16", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1e-4},
                      Format{"flac_24", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1e-6},
                      Format{"ogg_vorbis", kOgg | SF_FORMAT_VORBIS, 0.05},
                      Format{"ogg_opus", kOgg | SF_FORMAT_OPUS, 0.05},
                      Format{"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 0.05},
                      Format{"aiff_16", kAiff | SF_FORMAT_PCM_16, 1e-4},
                      Format{"aiff_float", kAiff | SF_FORMAT_FLOAT, 1e-6},
                      Format{"aiff_sowt", kAiff | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 1e-4},
                      Format{"au", SF_FORMAT_AU | SF_FORMAT_ULAW, 5e-3},
                      Format{"caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 1e-4},
                      Format{"nist", SF_FORMAT_NIST | SF_FORMAT_PCM_16, 1e-4}),
    [](const auto& test) { return std::string(test.param.name); });

class EveryRate : public ::testing::TestWithParam<int> {};

TEST_P(EveryRate, BecomesSixteenKilohertz) {
  int rate = GetParam();
  std::string path = TempPath("rate.wav");
  ASSERT_TRUE(WriteSound(path, kWav | SF_FORMAT_FLOAT, rate, 1, Sine(1000, rate, 1.0)));
  Audio audio = ReadAudio(path);
  EXPECT_EQ(audio.info.sample_rate, rate);
  EXPECT_NEAR(audio.info.seconds, 1.0, 1e-9);
  EXPECT_EQ(audio.samples.size(), 16000u);
  EXPECT_NEAR(Amplitude(audio.samples, 1000, 16000, 4000, 12000), 0.5, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Rates, EveryRate,
                         ::testing::Values(8000, 11025, 16000, 22050, 44100, 48000, 96000));

TEST(ReadAudio, ChannelsAreAveraged) {
  for (int channels : {2, 6}) {
    std::vector<float> interleaved;
    for (int i = 0; i < 1000; ++i)
      for (int c = 0; c < channels; ++c)
        interleaved.push_back(static_cast<float>(c + 1) / 16 * (i % 2 == 0 ? 1.0f : -0.5f));
    std::string path = TempPath("channels.wav");
    ASSERT_TRUE(WriteSound(path, kWav | SF_FORMAT_FLOAT, 16000, channels, interleaved));
    Audio audio = ReadAudio(path);
    EXPECT_EQ(audio.info.channels, channels);
    ASSERT_EQ(audio.samples.size(), 1000u);
    float mean = static_cast<float>(channels + 1) / 2 / 16;
    EXPECT_FLOAT_EQ(audio.samples[0], mean);
    EXPECT_FLOAT_EQ(audio.samples[1], -0.5f * mean);
  }
}

TEST(ReadAudio, CompressedStereoAtCdRate) {
  std::vector<float> mono = Sine(440, 44100, 1.0), stereo;
  for (float sample : mono) stereo.insert(stereo.end(), {sample, sample});
  for (int code : {SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, kOgg | SF_FORMAT_VORBIS,
                   SF_FORMAT_FLAC | SF_FORMAT_PCM_16}) {
    std::string path = TempPath("stereo");
    if (!WriteSound(path, code, 44100, 2, stereo)) continue;
    Audio audio = ReadAudio(path);
    EXPECT_EQ(audio.info.channels, 2);
    EXPECT_EQ(audio.info.sample_rate, 44100);
    EXPECT_NEAR(static_cast<double>(audio.samples.size()), 16000, 20);
    EXPECT_NEAR(Amplitude(audio.samples, 440, 16000, 4000, 12000), 0.5, 0.02) << audio.info.format;
  }
}

TEST(ReadAudio, SamplesAreExactAtSixteenKilohertz) {
  std::vector<float> samples = {0.0f, 0.5f, -1.0f, 32767.0f / 32768, 1.0f / 32768};
  std::string path = TempPath("exact.wav");
  WriteWav(path, samples, 16000);
  Audio audio = ReadAudio(path);
  EXPECT_EQ(audio.samples, samples);
  EXPECT_EQ(audio.info.format, "WAV (Signed 16 bit PCM)");
}

TEST(ReadAudio, OtherRates) {
  const std::string path = TempPath("rates.wav");
  std::vector<float> samples(22050);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>(std::lrint(16384 * std::sin(0.1 * static_cast<double>(i)))) / 32768;
  WriteWav(path, samples, 22050);
  const Audio own = ReadAudio(path, 0);
  EXPECT_EQ(own.sample_rate, 22050);
  EXPECT_EQ(own.samples, samples);
  EXPECT_EQ(ReadAudio(path).sample_rate, kSampleRate);
  EXPECT_EQ(ReadAudio(path).samples.size(), 16000u);
  EXPECT_EQ(ReadAudio(path, 8000).samples.size(), 8000u);
  std::filesystem::remove(path);
}

TEST(ReadAudio, NamesAreUtf8) {
  std::string folder = TempPath("李达康 的 录音");
  std::filesystem::create_directories(folder);
  std::string path = folder + "/李达康 – día 1.wav";
  WriteWav(path, Sine(440, 16000, 0.5), 16000);
  EXPECT_EQ(ReadAudio(path).samples.size(), 8000u);
}

TEST(ReadAudio, ManyThreadsAtOnce) {
  std::string good = TempPath("threads.wav"), bad = TempPath("threads.txt");
  WriteWav(good, Sine(440, 16000, 0.2), 16000);
  WriteFileAtomically(bad, "this is not audio, whatever its name may be");
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (std::size_t t = 0; t < right.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        if (ReadAudio(good).samples.size() == 3200) ++right[t];
        try {
          ReadAudio(bad);
        } catch (const Error& error) {
          if (std::string(error.what()).find("no known format") != std::string::npos) ++right[t];
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, ::testing::Each(100));
}

// Valid files that are laid out unlike the usual 44 bytes of header and then the samples.
TEST(ReadAudio, UnusualButValidWav) {
  std::vector<float> samples = Sine(440, 16000, 0.1);
  std::string pcm = Pcm16(samples);
  struct Case {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"chunks before and after",
       Riff(Chunk("JUNK", std::string(28, '\0')) + FormatChunk() + Chunk("LIST", "INFOISFTabc") +
            Chunk("data", pcm) + Chunk("LIST", "INFOINAM1234"))},
      {"odd chunk before", Riff(Chunk("note", "odd") + FormatChunk() + Chunk("data", pcm))},
      {"last chunk cut off",
       Riff(FormatChunk() + Chunk("data", pcm) + "LIST" + Little(400, 4) + "INFO")},
      {"stray byte at the end", Riff(FormatChunk() + Chunk("data", pcm)) + '\0'},
      {"RIFF length wrong", "RIFF" + Little(0, 4) + "WAVE" + FormatChunk() + Chunk("data", pcm)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string path = TempPath("unusual.wav");
    WriteFileAtomically(path, c.bytes);
    Audio audio = ReadAudio(path);
    EXPECT_EQ(audio.samples.size(), samples.size());
    EXPECT_NEAR(Amplitude(audio.samples, 440, 16000, 0, 1600), 0.5, 1e-3);
  }
}

TEST(ReadAudio, OddLengthWithoutPaddingAtTheEnd) {
  std::string bytes(801, '\x80');
  bytes[400] = '\xFF';
  std::string path = TempPath("odd.wav");
  std::string format = Chunk("fmt ", Little(1, 2) + Little(1, 2) + Little(16000, 4) +
                                         Little(16000, 4) + Little(1, 2) + Little(8, 2));
  WriteFileAtomically(path, Riff(format + "data" + Little(801, 4) + bytes));
  Audio audio = ReadAudio(path);
  ASSERT_EQ(audio.samples.size(), 801u);
  EXPECT_FLOAT_EQ(audio.samples[400], 127.0f / 128);
}

TEST(ReadAudio, TagsAroundMp3) {
  std::string path = TempPath("tagged.mp3");
  if (!WriteSound(path, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 1, Sine(440, 44100, 1)))
    GTEST_SKIP() << "SKIPPED: this libsndfile cannot write MP3";
  std::size_t expected = ReadAudio(path).samples.size();
  std::string tag = std::string("ID3\x03\0\0\0\0\x01\x00", 10) + std::string(128, '\0');
  std::string old_tag = "TAG" + std::string(125, ' ');
  WriteFileAtomically(path, tag + ReadFile(path) + old_tag);
  EXPECT_EQ(ReadAudio(path).samples.size(), expected);
}

// A stream of varying bit rate that begins dense and ends thin. Without a Xing tag only decoding it
// tells how long it is.
TEST(ReadAudio, Mp3WithoutXingTagIsReadToItsEnd) {
  std::string path = TempPath("variable.mp3");
  std::vector<float> samples(44100 * 8, 0.0f);
  Rng rng(1);
  for (std::size_t i = 0; i < 44100; ++i) samples[i] = static_cast<float>(0.2 * rng.Normal());
  SF_INFO info{};
  info.samplerate = 44100;
  info.channels = 1;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) GTEST_SKIP() << "SKIPPED: this libsndfile cannot write MP3";
  int mode = SF_BITRATE_MODE_VARIABLE;
  sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof(mode));
  sf_write_float(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  EXPECT_EQ(ReadAudio(path).samples.size(), 8u * 16000u);
  std::string bytes = ReadFile(path);
  std::size_t tag = std::min(bytes.find("Xing"), bytes.find("Info"));
  ASSERT_LT(tag, 100u);
  bytes[tag] = 'x';
  double seconds = DecodeAudio(bytes, "without tag").info.seconds;
  EXPECT_NEAR(seconds, 8.0, 0.1);  // with the encoder's delay and padding
}

TEST(ReadAudio, NamedPipe) {
  std::vector<float> samples = Sine(440, 16000, 3);
  std::string path = TempPath("pipe.wav");
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream out(path, std::ios::binary);
    out << Riff(FormatChunk() + Chunk("data", Pcm16(samples)));
  });
  Audio audio = ReadAudio(path);
  writer.join();
  EXPECT_EQ(audio.samples.size(), samples.size());
  std::filesystem::remove(path);
}

TEST(ReadAudio, StandardInput) {
  std::string path = TempPath("stdin.wav");
  WriteWav(path, Sine(440, 16000, 1), 16000);
  int saved = ::dup(STDIN_FILENO);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  ASSERT_GE(::dup2(::fileno(file), STDIN_FILENO), 0);
  Audio audio = ReadAudio("-");
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  std::fclose(file);
  EXPECT_EQ(audio.samples.size(), 16000u);
}

// Programs that write a WAV into a pipe cannot go back to fill in the length.
TEST(DecodeAudio, UnknownLengthOnAPipe) {
  std::string pcm = Pcm16(Sine(440, 16000, 0.5));
  for (std::uint64_t length :
       {0x0ull, 0x7FFFF000ull, 0x7FFFFFFFull, 0xFFFFFFFFull, 0xFFFFFFDBull}) {
    std::string bytes =
        "RIFF" + Little(0xFFFFFFFF, 4) + "WAVE" + FormatChunk() + "data" + Little(length, 4) + pcm;
    EXPECT_EQ(DecodeAudio(bytes, "pipe").samples.size(), 8000u) << length;
  }
}

TEST(DecodeAudio, SameAsReadAudio) {
  std::string path = TempPath("same.flac");
  ASSERT_TRUE(WriteSound(path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 22050, 1, Sine(440, 22050, 0.5)));
  EXPECT_EQ(DecodeAudio(ReadFile(path), "memory").samples, ReadAudio(path).samples);
}

TEST(WriteWav, ClipsAndReplaces) {
  std::string path = TempPath("clip.wav");
  WriteWav(path, {2.0f, -2.0f, 0.25f}, 8000);
  WriteWav(path, {2.0f, -2.0f, 0.25f}, 16000);
  EXPECT_THAT(ReadAudio(path).samples, ::testing::ElementsAre(32767.0f / 32768, -1.0f, 0.25f));
  EXPECT_EQ(ReadFile(path).size(), 44u + 6u);
}

TEST(WriteWav, ImpossiblePlace) {
  WriteFileAtomically(TempPath("file"), "no folder");
  std::string path = TempPath("file/out.wav");
  Error error = testing::ErrorOf([&] { WriteWav(path, {0.0f}, 16000); });
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_THAT(error.what(), ::testing::HasSubstr("out.wav"));
}

TEST(HasAudioExtension, ByName) {
  for (const char* name : {"a.wav", "a.WAV", "x/y.z/b.Flac", "c.ogg", "d.opus", "e.mp3", "f.aiff",
                           "g.m4a", "h.MP4", "i.webm", "j.3gp", "k.amr", "l.mkv"})
    EXPECT_TRUE(HasAudioExtension(name)) << name;
  for (const char* name : {"wav", "a.txt", "b.wav.txt", "x.wav/readme", "", ".", "a."})
    EXPECT_FALSE(HasAudioExtension(name)) << name;
}

TEST(AudioLibraryVersions, NamesTheLibraries) {
  EXPECT_THAT(AudioLibraryVersions(), ::testing::ElementsAre(::testing::StartsWith("libsndfile-"),
                                                             ::testing::StartsWith("libmpg123-"),
                                                             ::testing::StartsWith("libsoxr-")));
}

}  // namespace
}  // namespace vpr
