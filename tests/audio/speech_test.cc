#include "vpr/audio/speech.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "audio/sound_files.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Sine;
using testing::TempPath;

// librosa 0.10.1 effects.split written down step by step.
std::vector<Interval> SplitByTheBook(const std::vector<float>& samples, double top_db) {
  std::vector<double> padded(samples.size() + 2048, 0.0);
  std::copy(samples.begin(), samples.end(), padded.begin() + 1024);
  std::vector<double> rms;
  for (std::size_t begin = 0; begin + 2048 <= padded.size(); begin += 512) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + 2048; ++i) sum += padded[i] * padded[i];
    rms.push_back(std::sqrt(sum / 2048));
  }
  double reference = *std::max_element(rms.begin(), rms.end());
  auto db = [](double value) { return 10 * std::log10(std::max(1e-10, value * value)); };
  std::vector<std::size_t> edges;
  std::vector<bool> loud;
  for (double value : rms) loud.push_back(db(value) - db(reference) > -top_db);
  if (loud.front()) edges.push_back(0);
  for (std::size_t t = 1; t < loud.size(); ++t)
    if (loud[t] != loud[t - 1]) edges.push_back(t);
  if (loud.back()) edges.push_back(loud.size());
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i + 1 < edges.size(); i += 2)
    intervals.push_back(
        {std::min(edges[i] * 512, samples.size()), std::min(edges[i + 1] * 512, samples.size())});
  return intervals;
}

TEST(SplitSpeech, AgreesWithTheDefinition) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    std::vector<float> samples(rng.Below(40000) + 1);
    double level = 0.1;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (i % 3000 == 0) level = std::pow(10.0, -3 * rng.Uniform());
      samples[i] = static_cast<float>(level * rng.Normal());
    }
    for (double top_db : {10.0, 20.0, 40.0})
      EXPECT_EQ(SplitSpeech(samples, top_db), SplitByTheBook(samples, top_db)) << seed;
  }
}

TEST(SplitSpeech, Corners) {
  EXPECT_TRUE(SplitSpeech({}, 20).empty());
  // Pure silence is as loud as its loudest frame.
  EXPECT_EQ(SplitSpeech(std::vector<float>(5000, 0.0f), 20), (std::vector<Interval>{{0, 5000}}));
  std::vector<float> burst(20480, 0.0f);
  std::fill(burst.begin() + 8192, burst.begin() + 12288, 0.5f);
  EXPECT_EQ(SplitSpeech(burst, 20), SplitByTheBook(burst, 20));
  EXPECT_EQ(SplitSpeech(burst, 20).size(), 1u);
}

TEST(JoinIntervals, KeepsOrderAndContent) {
  std::vector<float> samples = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(JoinIntervals(samples, {{1, 3}, {5, 6}}), (std::vector<float>{1, 2, 5}));
  EXPECT_TRUE(JoinIntervals(samples, {}).empty());
}

TEST(ExtractSpeech, TrimsOrNot) {
  std::vector<float> samples(16000, 0.0f), tone = Sine(440, 16000, 1);
  samples.insert(samples.end(), tone.begin(), tone.end());
  SpeechOptions options;
  std::vector<float> speech = ExtractSpeech(samples, options, "x");
  EXPECT_EQ(speech, JoinIntervals(samples, SplitSpeech(samples, 20)));
  EXPECT_LT(speech.size(), samples.size());
  options.trim = false;
  EXPECT_EQ(ExtractSpeech(samples, options, "x"), samples);
}

TEST(ExtractSpeech, Silent) {
  for (float level : {0.0f, 1.0f / 32768}) {
    Error error =
        ErrorOf([&] { ExtractSpeech(std::vector<float>(32000, level), {}, "still.wav"); });
    EXPECT_EQ(error.code(), ErrorCode::kUnusable);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("still.wav"), HasSubstr("silent")));
  }
  EXPECT_FALSE(ExtractSpeech(std::vector<float>(32000, 2.0f / 32768), {}, "x").empty());
}

TEST(ExtractSpeech, TooShort) {
  Error error = ErrorOf([] { ExtractSpeech(Sine(440, 16000, 0.01), {}, "blip.wav"); });
  EXPECT_EQ(error.code(), ErrorCode::kUnusable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("blip.wav"), HasSubstr("too short"),
                                  HasSubstr("0.010 s"), HasSubstr("0.1 s")));
  EXPECT_THAT(ErrorOf([] { ExtractSpeech({}, {}, "none"); }).what(), HasSubstr("no samples"));
}

TEST(ExtractSpeech, NotFinite) {
  std::vector<float> samples = Sine(440, 16000, 1);
  samples[8000] = std::numeric_limits<float>::quiet_NaN();
  Error error = ErrorOf([&] { ExtractSpeech(samples, {}, "x"); });
  EXPECT_EQ(error.code(), ErrorCode::kUnusable);
  EXPECT_THAT(error.what(), HasSubstr("0.500 s"));
}

TEST(ReadSpeech, IsReadingAndTrimming) {
  std::vector<float> samples(16000, 0.0f), tone = Sine(440, 16000, 1);
  samples.insert(samples.end(), tone.begin(), tone.end());
  std::string path = TempPath("speech.wav");
  WriteWav(path, samples, 16000);
  Audio audio = ReadSpeech(path, {});
  EXPECT_EQ(audio.samples, ExtractSpeech(ReadAudio(path).samples, {}, path));
  EXPECT_NEAR(audio.info.seconds, 2.0, 1e-9);  // of the file, not of the speech
}

}  // namespace
}  // namespace vpr
