// Recordings read block by block: joined, mislabelled, many-channelled, endless.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

#include "audio/sound_files.h"
#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech.h"
#include "vpr/audio/speech_quality.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using testing::Chunk;
using ::testing::ElementsAre;
using testing::ErrorOf;
using testing::FormatChunk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Little;
using ::testing::Not;
using testing::Pcm16;
using testing::Riff;
using testing::Sine;
using testing::TempPath;
using testing::WriteSound;

std::vector<float> Blocks(AudioSource& source) {
  std::vector<float> all;
  source.ForEachBlock(
      [&](std::span<const float> block) { all.insert(all.end(), block.begin(), block.end()); });
  return all;
}

std::string Written(const char* name, int format, int rate, int channels,
                    const std::vector<float>& interleaved) {
  const std::string path = TempPath(name);
  return WriteSound(path, format, rate, channels, interleaved) ? ReadFile(path) : std::string();
}

Audio Decode(const std::string& bytes) {
  const std::string path = TempPath("decoded");
  WriteFileAtomically(path, bytes);
  return ReadAudio(path);
}

TEST(AudioSource, BlocksAreTheWholeRecording) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VPR_SAMPLES)) {
    const std::string path = entry.path();
    if (!HasAudioExtension(path)) continue;
    ++files;
    const Audio whole = ReadAudio(path);
    AudioSource source(path);
    EXPECT_EQ(Blocks(source), whole.samples) << path;
    EXPECT_EQ(Blocks(source), whole.samples) << path;
    EXPECT_EQ(source.info().seconds, whole.info.seconds);
    const std::vector<float> speech = ExtractSpeech(whole.samples, {}, path);
    SpeechReader reader(AudioSource(path), {});
    reader.Find();
    std::vector<float> read;
    SpeechFingerprintStream fingerprint;
    reader.ForEachBlock([&](std::span<const float> block) {
      read.insert(read.end(), block.begin(), block.end());
      fingerprint.Add(block);
    });
    EXPECT_EQ(read, speech) << path;
    EXPECT_EQ(reader.num_speech_samples(), speech.size());
    EXPECT_EQ(reader.intervals(), SplitSpeech(whole.samples, SpeechOptions().trim_top_db));
    EXPECT_EQ(fingerprint.Digest(), SpeechFingerprint(speech));
  }
  EXPECT_GT(files, 5);
}

// Longer than what is kept in memory: decoded again for each reading.
TEST(AudioSource, LongRecordingsAreDecodedAgain) {
  const std::string path = TempPath("long.wav");
  std::vector<float> samples(8000 * 400);
  Rng rng(1);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>((i / 8000 % 7 == 0 ? 0.2 : 0.001) * rng.Normal());
  WriteWav(path, samples, 8000);
  const Audio whole = ReadAudio(path);
  AudioSource source(path);
  std::vector<double> shares;
  std::vector<float> first;
  source.ForEachBlock(
      [&](std::span<const float> block) { first.insert(first.end(), block.begin(), block.end()); },
      [&](double share) { shares.push_back(share); });
  EXPECT_TRUE(first == whole.samples);
  EXPECT_TRUE(Blocks(source) == whole.samples);
  ASSERT_GT(shares.size(), 10u);
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_GT(shares.front(), 0);
  EXPECT_LT(shares.front(), 0.1);
  EXPECT_GT(shares.back(), 0.99);
  SpeechReader reader(AudioSource(path), {});
  reader.Find();
  EXPECT_TRUE(reader.ReadAll() == ExtractSpeech(whole.samples, {}, path));
  // What stops it in the middle comes out.
  EXPECT_THAT(ErrorOf([&] {
                source.ForEachBlock([](std::span<const float>) {},
                                    [](double) { throw Error(ErrorCode::kInterrupted, "enough"); });
              }).what(),
              HasSubstr("enough"));
  // A file that another program writes to meanwhile.
  std::filesystem::resize_file(path, 44 + 2 * 8000 * 399);
  EXPECT_THAT(ErrorOf([&] { Blocks(source); }).what(), HasSubstr("long.wav"));
}

TEST(AudioSource, LongerThanAllowed) {
  const std::string path = TempPath("limit.wav");
  WriteWav(path, Sine(440, 8000, 11), 8000);
  ReadOptions options;
  options.max_seconds = 10;
  AudioSource source(path, options);
  const Error error = ErrorOf([&] { Blocks(source); });
  EXPECT_EQ(error.code(), ErrorCode::kUnusable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("limit.wav"), HasSubstr("--max-hours")));
  options.max_seconds = 11;
  AudioSource enough(path, options);
  EXPECT_EQ(Blocks(enough).size(), 11u * 16000);
}

// A pipe is kept in memory up to 32 MB and in a file from there on.
TEST(AudioSource, LongPipe) {
  const std::string path = TempPath("pipe.wav");
  std::vector<float> samples(17 << 20);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(static_cast<int>(i * i % 30011) - 15000) / 32768;
  const std::string bytes = TempPath("whole.wav");
  WriteWav(bytes, samples, 16000);
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::filesystem::copy_file(bytes, path + ".copy"); });
  writer.join();
  std::thread feeder([&] {
    std::ofstream out(path, std::ios::binary);
    const std::string all = ReadFile(bytes);
    out.write(all.data(), static_cast<std::streamsize>(all.size()));
  });
  AudioSource source(path);
  feeder.join();
  EXPECT_TRUE(Blocks(source) == samples);
  EXPECT_TRUE(Blocks(source) == samples);
  for (const std::string& used : {path, bytes, path + ".copy"}) std::filesystem::remove(used);
}

TEST(AudioSource, MemoryDoesNotGrowWithLength) {
  // Two hours of almost nothing: 460 MB as samples. A file of 115 MB, most of it a hole.
  const std::string path = TempPath("two_hours.wav");
  const std::uint64_t frames = 2 * 3600 * 8000;
  {
    std::ofstream out(path, std::ios::binary);
    out << "RIFF" << Little(36 + 2 * frames, 4) << "WAVE"
        << Chunk("fmt ", Little(1, 2) + Little(1, 2) + Little(8000, 4) + Little(16000, 4) +
                             Little(2, 2) + Little(16, 2))
        << "data" << Little(2 * frames, 4);
    for (double at : {0.1, 0.5, 0.99}) {
      out.seekp(44 + 2 * static_cast<std::streamoff>(at * static_cast<double>(frames)));
      out << Pcm16(Sine(440, 8000, 5));
    }
  }
  std::filesystem::resize_file(path, 44 + 2 * frames);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  SpeechReader reader(AudioSource(path), {});
  reader.Find();
  SpeechMeter meter(reader.peak());
  reader.source().ForEachBlock([&](std::span<const float> block) { meter.Accept(block); });
  std::size_t samples = 0;
  reader.ForEachBlock([&](std::span<const float> block) { samples += block.size(); });
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(samples, reader.num_speech_samples());
  EXPECT_NEAR(static_cast<double>(samples) / kSampleRate, 15, 1);
  EXPECT_EQ(meter.Finish().seconds, 7200);
#ifndef VPR_SANITIZED
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 80 << 10);  // kB
#endif
  std::filesystem::remove(path);
}

struct Kind {
  const char* name;
  int code;
};
std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

class Joined : public ::testing::TestWithParam<Kind> {};

// One file put behind another is both of them, whatever the second one is.
TEST_P(Joined, IsReadWhole) {
  const std::string first = Written("first", GetParam().code, 16000, 1, Sine(440, 16000, 1, 0.3));
  if (first.empty()) GTEST_SKIP() << "SKIPPED: this libsndfile cannot write " << GetParam().name;
  std::vector<float> stereo;
  for (float sample : Sine(880, 22050, 0.7)) stereo.insert(stereo.end(), {sample, sample / 2});
  const std::vector<float> samples = Decode(first).samples;
  for (const Kind& other : {GetParam(), Kind{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                            Kind{"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                            Kind{"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
                            Kind{"vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS}}) {
    // Opus has no rate of 22050 Hz.
    const bool opus = (other.code & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS;
    const std::string second = opus ? Written("second", other.code, 48000, 1, Sine(880, 48000, 0.7))
                                    : Written("second", other.code, 22050, 2, stereo);
    if (second.empty()) continue;
    std::vector<float> expected = samples;
    const std::vector<float> more = Decode(second).samples;
    expected.insert(expected.end(), more.begin(), more.end());
    const Audio joined = Decode(first + second);
    EXPECT_TRUE(joined.samples == expected)
        << other << ": " << joined.samples.size() << " samples, expected " << expected.size();
    EXPECT_NEAR(joined.info.seconds, static_cast<double>(expected.size()) / 16000, 1e-3) << other;
    EXPECT_EQ(joined.info.sample_rate, (GetParam().code & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS
                                           ? joined.info.sample_rate
                                           : 16000);
    // Three, and one that is cut off.
    EXPECT_EQ(Decode(first + second + first).samples.size(), expected.size() + samples.size())
        << other;
    const Error error =
        ErrorOf([&] { Decode(first + second.substr(0, second.size() - second.size() / 4)); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << other;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Joined,
                         ::testing::Values(Kind{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                                           Kind{"wav_float", SF_FORMAT_WAV | SF_FORMAT_FLOAT},
                                           Kind{"wav_adpcm", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM},
                                           Kind{"rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16},
                                           Kind{"w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16},
                                           Kind{"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16},
                                           Kind{"au", SF_FORMAT_AU | SF_FORMAT_PCM_16},
                                           Kind{"nist", SF_FORMAT_NIST | SF_FORMAT_PCM_16},
                                           Kind{"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                                           Kind{"vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                                           Kind{"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
                                           Kind{"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}),
                         [](const auto& test) { return std::string(test.param.name); });

// An MP3 without its encoder's tag, behind one that says where it ends, and the other way round.
TEST(JoinedMp3, WithAndWithoutTag) {
  const std::string tagged =
      Written("t.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 16000, 1, Sine(440, 16000, 2));
  if (tagged.empty()) GTEST_SKIP() << "SKIPPED: this libsndfile cannot write MP3";
  std::string plain = tagged;
  const std::size_t tag = std::min(plain.find("Xing"), plain.find("Info"));
  ASSERT_LT(tag, 100u);
  plain[tag] = 'x';
  const std::size_t with = Decode(tagged).samples.size(), without = Decode(plain).samples.size();
  EXPECT_EQ(with, 32000u);
  EXPECT_GT(without, with);  // the encoder's delay and padding
  EXPECT_EQ(Decode(tagged + plain).samples.size(), with + without);
  EXPECT_EQ(Decode(plain + tagged).samples.size(), without + with);
  const std::string id3v1 = "TAG" + std::string(125, ' ');
  const std::string id3v2 = std::string("ID3\x03\0\0\0\0\x01\x00", 10) + std::string(128, '\0');
  EXPECT_EQ(Decode(tagged + id3v1 + id3v2 + tagged + id3v1).samples.size(), 2 * with);
}

struct OddWav {
  const char* name;
  std::string bytes;
  std::size_t samples;
  const char* warning;  // a part of it; "": none
};

// Headers that do not tell the truth about audio that is there.
TEST(Wav, LengthsThatAreWrong) {
  const std::vector<float> tone = Sine(440, 16000, 1);
  const std::string pcm = Pcm16(tone), half = pcm.substr(0, 16000);
  const std::string riff = "RIFF" + Little(0, 4) + "WAVE";
  auto data = [](std::uint64_t size, const std::string& content) {
    return "data" + Little(size, 4) + content;
  };
  const std::string list = Chunk("LIST", "INFOINAM1234");
  const OddWav cases[] = {
      {"zero", riff + FormatChunk() + data(0, pcm), 16000, "leaves its length open"},
      {"largest", riff + FormatChunk() + data(0xFFFFFFFF, pcm), 16000, "leaves its length open"},
      {"largest signed", riff + FormatChunk() + data(0x7FFFFFFF, pcm), 16000,
       "leaves its length open"},
      {"too small", riff + FormatChunk() + data(8000, pcm), 16000, "but the file goes on"},
      {"too small, by four bytes", riff + FormatChunk() + data(32000 - 4, pcm), 15998,
       "4 bytes behind its audio are left out"},
      {"two data chunks", riff + FormatChunk() + data(16000, half) + data(16000, pcm.substr(16000)),
       16000, ""},
      {"chunks between",
       riff + FormatChunk() + data(16000, half) + list + data(16000, pcm.substr(16000)) + list,
       16000, ""},
      {"an empty one first", riff + FormatChunk() + data(0, "") + list + data(32000, pcm), 16000,
       ""},
      {"fact of the first alone",
       riff + FormatChunk() + Chunk("fact", Little(8000, 4)) + data(16000, half) +
           data(16000, pcm.substr(16000)),
       16000, ""},
      {"zeros behind", riff + FormatChunk() + data(32000, pcm) + std::string(1000, '\0'), 16000,
       ""},
      {"cut-off chunk behind",
       riff + FormatChunk() + data(32000, pcm) + "LIST" + Little(999999, 4) + std::string(900, 'x'),
       16000, ""},
      {"odd chunk without padding",
       riff + "note" + Little(3, 4) + "odd" + FormatChunk() + data(32000, pcm), 16000, ""},
      {"odd chunk without padding, before the audio",
       riff + FormatChunk() + "LIST" + Little(5, 4) + "INFOx" + data(32000, pcm), 16000, ""},
  };
  for (const OddWav& odd : cases) {
    SCOPED_TRACE(odd.name);
    const Audio audio = Decode(odd.bytes);
    ASSERT_EQ(audio.samples.size(), odd.samples);
    EXPECT_NEAR(testing::Amplitude(audio.samples, 440, 16000, 0, 15998), 0.5, 1e-3);
    if (*odd.warning == '\0')
      EXPECT_THAT(audio.warnings, IsEmpty());
    else
      EXPECT_THAT(audio.warnings, ElementsAre(HasSubstr(odd.warning)));
  }
  // More than one mends: an error still is one.
  EXPECT_THAT(ErrorOf([&] { Decode(riff + FormatChunk() + data(40000, pcm)); }).what(),
              HasSubstr("announces 40000 bytes of audio, the file holds 32000"));
}

// Files made so that looking through them takes long if anything is looked through twice: with
// that, each would take hours.
TEST(Hostile, ManySmallPieces) {
  const std::string riff = "RIFF" + Little(0, 4) + "WAVE" + FormatChunk();
  auto repeated = [](const std::string& piece, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += piece;
    return all;
  };
  const std::string flac =
      Written("small.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, Sine(440, 16000, 0.1));
  const std::string id3("ID3\x03\0\0\0\0\0\0", 10);
  const std::string cases[] = {
      riff + repeated("data" + Little(0, 4), 1 << 18),
      riff + repeated("data" + Little(0, 4) + "LIST" + Little(0, 4), 1 << 17),
      flac + repeated(id3, 1 << 18),
      repeated(id3, 1 << 18),
      repeated(riff + "data" + Little(2, 4) + "xx", 1 << 17),
      "OggS" + repeated("OggS", 1 << 18),
      flac + repeated(std::string("\xFF\xFB\x90\x00", 4), 1 << 18),
      repeated(std::string("\xFF\xFB\x90\x00", 4), 1 << 18),
  };
  for (const std::string& bytes : cases) {
    try {
      DecodeAudio(bytes, "hostile");
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
    }
  }
}

// MP3 in a WAV, as ffmpeg writes it: the fact chunk counts the encoder's padding too.
TEST(Wav, HoldsMp3) {
  const std::string mp3 =
      Written("in.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 1, Sine(440, 44100, 1.5));
  if (mp3.empty()) GTEST_SKIP() << "SKIPPED: this libsndfile cannot write MP3";
  const std::string format =
      Chunk("fmt ", Little(0x55, 2) + Little(1, 2) + Little(44100, 4) + Little(8000, 4) +
                        Little(1, 2) + Little(0, 2) + Little(12, 2) + Little(1, 2) + Little(2, 4) +
                        Little(208, 2) + Little(1, 2) + Little(1393, 2));
  const std::string wav =
      Riff(format + Chunk("fact", Little(44100 * 1.5 + 5000, 4)) + Chunk("data", mp3));
  const Audio audio = Decode(wav);
  EXPECT_EQ(audio.samples, Decode(mp3).samples);
  EXPECT_EQ(audio.info.format, "WAV (MPEG Layer 3)");
  EXPECT_THAT(audio.warnings, IsEmpty());
  EXPECT_THAT(ErrorOf([&] { Decode(wav.substr(0, wav.size() / 2)); }).what(),
              HasSubstr("truncated"));
}

std::vector<float> Noise(std::uint64_t seed, std::size_t samples, double level = 0.1) {
  Rng rng(seed);
  std::vector<float> noise(samples);
  for (float& sample : noise) sample = static_cast<float>(level * rng.Normal());
  return noise;
}

std::string Channels(const std::vector<std::vector<float>>& channels) {
  std::vector<float> interleaved;
  for (std::size_t i = 0; i < channels[0].size(); ++i)
    for (const std::vector<float>& channel : channels) interleaved.push_back(channel[i]);
  return Written("channels.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000,
                 static_cast<int>(channels.size()), interleaved);
}

std::vector<float> Scaled(std::vector<float> samples, float factor) {
  for (float& sample : samples) sample *= factor;
  return samples;
}

std::vector<float> Mean(const std::vector<std::vector<float>>& channels) {
  std::vector<float> mean(channels[0].size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    float sum = 0;
    for (const std::vector<float>& channel : channels) sum += channel[i];
    mean[i] = sum / static_cast<float>(channels.size());
  }
  return mean;
}

TEST(ChannelMix, OppositePolarityIsInverted) {
  const std::vector<float> voice = Noise(1, 32000);
  const auto opposite = HasSubstr("opposite polarity");
  // Exactly opposite; another level; with some noise of their own; two of six.
  for (float level : {1.0f, 0.6f}) {
    const Audio audio = Decode(Channels({voice, Scaled(voice, -level)}));
    EXPECT_EQ(audio.samples, Mean({voice, Scaled(voice, level)}));
    EXPECT_THAT(audio.warnings, ElementsAre(opposite));
  }
  std::vector<float> noisy = Scaled(voice, -1);
  const std::vector<float> hiss = Noise(2, 32000, 0.01);
  for (std::size_t i = 0; i < noisy.size(); ++i) noisy[i] += hiss[i];
  EXPECT_THAT(Decode(Channels({voice, noisy})).warnings, ElementsAre(opposite));
  const std::vector<float> inverted = Scaled(voice, -1);
  const Audio six = Decode(Channels({voice, inverted, voice, inverted, voice, inverted}));
  EXPECT_EQ(six.samples, Mean({voice, voice, voice, voice, voice, voice}));
  EXPECT_THAT(six.warnings, ElementsAre(AllOf(opposite, HasSubstr("3 of its 6"))));
}

TEST(ChannelMix, OtherChannelsAreAveraged) {
  const std::vector<float> voice = Noise(1, 32000), other = Noise(2, 32000), silence(32000, 0.0f);
  for (const std::vector<std::vector<float>>& channels :
       {std::vector<std::vector<float>>{voice, voice},
        {voice, silence},
        {silence, voice},
        {voice, other},
        {voice, Scaled(voice, 0.3f)},
        {voice, Scaled(voice, -0.2f)},
        {voice, other, silence, voice},
        {silence, silence}}) {
    const Audio audio = Decode(Channels(channels));
    EXPECT_EQ(audio.samples, Mean(channels));
    EXPECT_THAT(audio.warnings, IsEmpty());
  }
}

// Two people on two channels speak in turn.
TEST(ChannelMix, DifferentSoundsAreNoticed) {
  std::vector<float> left = Noise(1, 16000 * 12, 0.001), right = Noise(2, 16000 * 12, 0.001);
  for (std::size_t i = 0; i < left.size(); ++i) (i / 32000 % 2 == 0 ? left : right)[i] *= 100;
  const Audio mixed = Decode(Channels({left, right}));
  EXPECT_EQ(mixed.samples, Mean({left, right}));
  EXPECT_THAT(mixed.warnings,
              ElementsAre(AllOf(HasSubstr("different sounds"), HasSubstr("channel 1 for 6.0 s"),
                                HasSubstr("channel 2 for 6.0 s"), HasSubstr("--channel"))));
  // One person between two microphones is the same sound at two levels.
  EXPECT_THAT(Decode(Channels({left, Scaled(left, 0.2f)})).warnings, IsEmpty());
  // A channel with nothing but faint noise is not a person.
  EXPECT_THAT(Decode(Channels({left, Noise(3, left.size(), 0.001)})).warnings, IsEmpty());

  // They speak at once: words of theirs of a quarter of a second, each at its own times.
  std::vector<float> one_voice = Noise(4, 16000 * 4, 0.001), another = Noise(5, 16000 * 4, 0.001);
  Rng words(6);
  for (std::vector<float>* voice : {&one_voice, &another}) {
    for (std::size_t i = 0; i < voice->size(); i += 4000) {
      const auto gain = static_cast<float>(words.Uniform(1, 100));
      for (std::size_t k = i; k < i + 4000; ++k) (*voice)[k] *= gain;
    }
  }
  EXPECT_THAT(Decode(Channels({one_voice, another})).warnings,
              ElementsAre(HasSubstr("1 and 2 have nothing in common")));
  // One voice that two microphones hear, each with noise of its own, and later at one of them.
  std::vector<float> near = one_voice, far(near.size());
  const std::vector<float> noise = Noise(7, near.size(), 0.002);
  for (std::size_t i = 0; i < far.size(); ++i)
    far[i] = (i < 300 ? 0 : 0.5f * near[i - 300]) + noise[i];
  EXPECT_THAT(Decode(Channels({near, far})).warnings, IsEmpty());

  const std::string path = TempPath("two.wav");
  WriteFileAtomically(path, Channels({left, right}));
  ReadOptions options;
  for (int channel : {1, 2}) {
    options.channel = channel;
    const Audio one = ReadAudio(path, options);
    EXPECT_EQ(one.samples, channel == 1 ? left : right);
    EXPECT_THAT(one.warnings, IsEmpty());
  }
  options.channel = 3;
  const Error error = ErrorOf([&] { ReadAudio(path, options); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("channel 3"), HasSubstr("it has 2")));
}

// A format that is not decoded is named, and the way out is a command; nobody's internal words.
TEST(UnsupportedFormats, AreNamed) {
  using namespace std::string_literals;
  SetResourceFolder(TempPath("without_module"));
  auto ogg = [](const std::string& packet) {
    return "OggS\0\2"s + std::string(8, '\0') + Little(7, 4) + Little(0, 4) + Little(0, 4) + "\1" +
           static_cast<char>(packet.size()) + packet + "OggS\0\4"s + std::string(8, '\0') +
           Little(7, 4) + Little(1, 4) + Little(0, 4) + "\1\4abcd";
  };
  const std::pair<std::string, const char*> cases[] = {
      {"\0\0\0\x20"s + "ftypM4A \0\0\0\0"s + std::string(200, 'x'), "MPEG-4"},
      {"\0\0\0\x20"s + "ftyp3gp4\0\0\0\0"s + std::string(200, 'x'), "3GP"},
      {"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm"s + std::string(200, 'x'), "WebM"},
      {"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska"s + std::string(200, 'x'),
       "Matroska"},
      {"\xFF\xF1\x50\x80\x2E\x7F\xFC"s + std::string(200, 'x'), "AAC"},
      {"\x30\x26\xB2\x75\x8E\x66\xCF\x11"s + std::string(8, 'x') + Little(30, 8) +
           std::string(200, 'x'),
       "Windows Media"},
      {"#!AMR\n"s + std::string(200, 'x'), "AMR"},
      {ogg("Speex   1.2rc1" + std::string(60, '\0')), "Speex"},
      {ogg("\x7F"s + "FLAC\1\0\0\1fLaC"s + std::string(40, '\0')), "FLAC in Ogg"},
      {Riff(Chunk("fmt ", Little(0x161, 2) + Little(2, 2) + Little(44100, 4) + Little(16000, 4) +
                              Little(4096, 2) + Little(16, 2) + Little(0, 2)) +
            Chunk("data", std::string(5000, 'x'))),
       "format tag 0x0161"},
  };
  for (const auto& [bytes, name] : cases) {
    SCOPED_TRACE(name);
    const std::string path = TempPath("it's a file.bin");
    WriteFileAtomically(path, bytes);
    const Error error = ErrorOf([&] { ReadAudio(path); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(name), HasSubstr("ffmpeg -i '"), HasSubstr("it'\\''s a file.wav'"),
                      Not(HasSubstr("psf")), Not(HasSubstr("nternal"))));
  }
  SetResourceFolder("");
}

// What is no recording is named too, and nobody is sent to convert it.
TEST(UnsupportedFormats, NoRecordings) {
  const std::pair<std::string, const char*> cases[] = {
      {"<!DOCTYPE html><html><body>404 Not Found</body></html>", "a web page"},
      {"PK\3\4" + std::string(100, 'x'), "a ZIP archive"},
      {"%PDF-1.7" + std::string(100, 'x'), "a PDF document"}};
  for (const auto& [bytes, name] : cases) {
    const Error error = ErrorOf([&content = bytes] { Decode(content); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(name), HasSubstr("expected WAV"), Not(HasSubstr("ffmpeg"))));
  }
}

// 42 bytes that announce 2^36 samples, and 12 kB of FLAC that are 5 hours of silence.
TEST(FlacBomb, IsRefused) {
  const std::string header =
      "fLaC" + std::string("\x80\0\0\x22", 4) + std::string("\x10\0\x10\0\0\0\0\0\0\0", 10) +
      std::string("\x00\x3E\x80\xFF\xFF\xFF\xFF\xFF", 8) + std::string(16, '\0');
  EXPECT_THAT(ErrorOf([&] { Decode(header); }).what(), HasSubstr("decoded"));
  const std::string path = TempPath("bomb.flac");
  SF_INFO info{};
  info.samplerate = 1000;
  info.channels = 1;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  const std::vector<short> silence(1000 * 3600);
  for (int hour = 0; hour < 5; ++hour) sf_write_short(file, silence.data(), 1000 * 3600);
  sf_close(file);
  EXPECT_LT(std::filesystem::file_size(path), 200000u);
  EXPECT_THAT(ErrorOf([&] { ReadAudio(path); }).what(), HasSubstr("longer than 2 hours"));
  SpeechReader reader(AudioSource(path), {});
  EXPECT_THAT(ErrorOf([&] { reader.Find(); }).what(), HasSubstr("silent"));
}

// Block by block is bit for bit the same as at once.
TEST(SpeechMeter, BlocksDoNotMatter) {
  const std::vector<float> samples =
      ReadAudio(std::string(VPR_SAMPLES) + "/flite-slt-1.flac").samples;
  const SpeechQuality whole = MeasureSpeech(samples);
  EXPECT_GT(whole.speech_seconds, 0.5);
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  for (std::size_t size : {1u, 7u, 160u, 999u, 16000u}) {
    SpeechMeter meter(peak);
    for (std::size_t at = 0; at < samples.size(); at += size)
      meter.Accept(std::span(samples).subspan(at, std::min(size, samples.size() - at)));
    const SpeechQuality blocks = meter.Finish();
    EXPECT_EQ(blocks.seconds, whole.seconds);
    EXPECT_EQ(blocks.speech_seconds, whole.speech_seconds);
    EXPECT_EQ(blocks.level_dbfs, whole.level_dbfs);
    EXPECT_EQ(blocks.snr_db, whole.snr_db);
    EXPECT_EQ(blocks.clipped, whole.clipped);
    EXPECT_EQ(blocks.bandwidth_hz, whole.bandwidth_hz);
  }
}

}  // namespace
}  // namespace vpr
