#include "vpr/mic/phrase_detector.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_path.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/speech_quality.h"
#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/mic/microphone.h"

namespace vpr {
namespace {

std::vector<float> Sample(const std::string& name) {
  return ReadAudio(std::string(VPR_SAMPLES) + "/" + name).samples;
}

void Append(std::vector<float>& to, const std::vector<float>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<float> Room(double seconds, Rng& rng) {
  std::vector<float> noise(static_cast<std::size_t>(seconds * kSampleRate));
  for (float& sample : noise) sample = static_cast<float>(3e-4 * rng.Normal());
  return noise;
}

TEST(PhraseDetector, FindsPhrasesBetweenPauses) {
  Rng rng(3);
  std::vector<float> stream = Room(2, rng);
  const std::vector<float> first = Sample("flite-slt-1.flac"), second = Sample("flite-rms-2.flac");
  Append(stream, first);
  Append(stream, Room(1.5, rng));
  Append(stream, second);
  Append(stream, Room(1.5, rng));
  std::vector<std::vector<float>> phrases;
  std::vector<double> answered;  // seconds of the stream
  PhraseDetector detector;
  for (std::size_t at = 0; at < stream.size(); at += 777) {
    const std::size_t size = std::min<std::size_t>(777, stream.size() - at);
    for (std::vector<float>& phrase :
         detector.Accept(std::span<const float>(stream).subspan(at, size))) {
      phrases.push_back(std::move(phrase));
      answered.push_back(static_cast<double>(at + size) / kSampleRate);
    }
  }
  EXPECT_TRUE(detector.Finish().empty());
  // A voice that stops for long within a sentence makes two phrases of it; the last one of each
  // recording must come in time.
  ASSERT_GE(phrases.size(), 2u);
  ASSERT_LE(phrases.size(), 4u);
  const double second_end = static_cast<double>(stream.size()) / kSampleRate - 1.5;
  EXPECT_GT(answered.back(), second_end - 0.5);
  EXPECT_LT(answered.back(), second_end + 0.5);
  double heard = 0;
  for (const auto& phrase : phrases) heard += static_cast<double>(phrase.size()) / kSampleRate;
  const double spoken = static_cast<double>(first.size() + second.size()) / kSampleRate;
  EXPECT_GT(heard, 0.85 * spoken);
  EXPECT_LT(heard, spoken + 3);
}

TEST(PhraseDetector, SilenceAndSteadyNoiseAreNoSpeech) {
  Rng rng(4);
  for (double level : {0.0, 1e-4, 1e-2, 0.1}) {
    std::vector<float> noise(10 * kSampleRate);
    for (float& sample : noise) sample = static_cast<float>(level * rng.Normal());
    PhraseDetector detector;
    const std::vector<std::vector<float>> phrases = detector.Accept(noise);
    EXPECT_LE(phrases.size(), 1u) << level;
    for (const std::vector<float>& phrase : phrases)
      EXPECT_NE(Judge(MeasureSpeech(phrase)).refused, "") << level;
    EXPECT_TRUE(detector.Finish().empty()) << level;
  }
}

TEST(PhraseDetector, ALongSpeechEndsAnyway) {
  PhraseOptions options;
  options.longest_seconds = 1.5;
  PhraseDetector detector(options);
  const std::vector<float> speech = Sample("flite-slt-1.flac");
  std::vector<std::vector<float>> phrases = detector.Accept(speech);
  ASSERT_GE(phrases.size(), 1u);
  EXPECT_LE(phrases[0].size(), 1.6 * kSampleRate);
}

TEST(PlayAsMicrophone, DeliversTheWholeRecordingInTime) {
  const std::string path = test::TempPath("played.wav");
  std::vector<float> samples(8000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(static_cast<int>(i % 200) - 100) / 256.0f;
  WriteWav(path, samples, kSampleRate);
  Progress silent;
  EXPECT_EQ(RecordSeconds(*PlayAsMicrophone(path), 60, silent, {}), ReadAudio(path).samples);
  EXPECT_EQ(RecordSeconds(*PlayAsMicrophone(path), 0.25, silent, {}).size(), 4000u);
  EXPECT_THROW(RecordSeconds(*PlayAsMicrophone(path), 60, silent, [] { return true; }), Error);
  WriteWav(path, std::vector<float>(4000, 0.0f), kSampleRate);
  EXPECT_THROW(RecordSeconds(*PlayAsMicrophone(path), 60, silent, {}), Error);  // muted
}

}  // namespace
}  // namespace vpr
