#include "vpr/audio/voice_activity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vpr/audio/degrade.h"
#include "vpr/audio/speech_quality.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

std::vector<float> Voice() {
  return ReadAudio(std::string(VPR_SAMPLES) + "/flite-slt-1.flac").samples;
}

std::vector<float> Noise(double seconds, double level) {
  Rng rng(2);
  std::vector<float> noise(static_cast<std::size_t>(seconds * kSampleRate));
  for (float& sample : noise) sample = static_cast<float>(level * rng.Normal());
  return noise;
}

double VoicedSeconds(const std::vector<float>& samples, double begin, double end) {
  const std::vector<bool> voice = DetectVoice(samples);
  return std::count(voice.begin() + static_cast<int>(100 * begin),
                    voice.begin() + static_cast<int>(100 * end), true) /
         100.0;
}

TEST(DetectVoice, TellsSpeechFromWhatIsAroundIt) {
  const std::vector<float> voice = Voice();
  const double seconds = static_cast<double>(voice.size()) / kSampleRate;
  std::vector<float> samples = Noise(2 + seconds + 2, 1e-3);
  for (std::size_t i = 0; i < voice.size(); ++i) samples[2 * kSampleRate + i] += voice[i];
  EXPECT_GT(VoicedSeconds(samples, 2, 2 + seconds), 0.8 * seconds);
  EXPECT_LT(VoicedSeconds(samples, 0, 1.8), 0.1);
  EXPECT_LT(VoicedSeconds(samples, 2.4 + seconds, 4 + seconds), 0.1);
}

TEST(DetectVoice, LevelDoesNotMatter) {
  const std::vector<float> voice = Voice();
  const double expected = VoicedSeconds(voice, 0, static_cast<double>(voice.size()) / kSampleRate);
  for (float gain : {0.02f, 0.3f, 2.0f}) {
    std::vector<float> scaled = voice;
    for (float& sample : scaled) sample *= gain;
    EXPECT_NEAR(VoicedSeconds(scaled, 0, static_cast<double>(voice.size()) / kSampleRate), expected,
                0.2)
        << gain;
  }
}

TEST(DetectVoice, AnyLength) {
  EXPECT_TRUE(DetectVoice({}).empty());
  EXPECT_TRUE(DetectVoice(std::vector<float>(159)).empty());
  EXPECT_EQ(DetectVoice(std::vector<float>(161)).size(), 1u);
}

TEST(MeasureSpeech, MeasuresWhatWasMixed) {
  const std::vector<float> voice = Voice();
  // Pauses around it, as in any recording.
  auto mix = [&](double snr_db) {
    std::vector<float> speech(kSampleRate);
    speech.insert(speech.end(), voice.begin(), voice.end());
    speech.resize(speech.size() + kSampleRate);
    std::vector<float> noise = Noise(static_cast<double>(speech.size()) / kSampleRate + 1, 1);
    const double gain = std::sqrt(Power(voice) * std::pow(10, -snr_db / 10));
    for (std::size_t i = 0; i < speech.size(); ++i)
      speech[i] += static_cast<float>(gain) * noise[i];
    return speech;
  };
  for (double snr : {25.0, 15.0, 5.0}) {
    const SpeechQuality quality = MeasureSpeech(mix(snr));
    EXPECT_NEAR(quality.snr_db, snr, 3) << snr;
    EXPECT_NEAR(quality.seconds, 2 + static_cast<double>(voice.size()) / kSampleRate, 1e-6);
  }
  EXPECT_EQ(MeasureSpeech(std::vector<float>(kSampleRate, 0.0f)).speech_seconds, 0);
  EXPECT_EQ(MeasureSpeech({}).speech_seconds, 0);
}

TEST(MeasureSpeech, SeesClippingAndNarrowBands) {
  std::vector<float> voice = Voice();
  const SpeechQuality clean = MeasureSpeech(voice);
  EXPECT_LT(clean.clipped, 1e-3);
  EXPECT_GT(clean.bandwidth_hz, 7000);
  std::vector<float> narrow = voice, clipped = voice;
  NarrowBand(narrow, 4000, false);
  EXPECT_LE(MeasureSpeech(narrow).bandwidth_hz, 2500);
  Clip(clipped, 0.1);
  // The share of the samples that the limit cut, but for single ones.
  float peak = 0;
  for (float sample : voice) peak = std::max(peak, std::abs(sample));
  const auto above = static_cast<double>(std::count_if(
      voice.begin(), voice.end(), [&](float s) { return std::abs(s) >= 0.1f * peak; }));
  const double share = MeasureSpeech(clipped).clipped;
  EXPECT_LE(share, above / static_cast<double>(voice.size()));
  EXPECT_GT(share, 0.5 * above / static_cast<double>(voice.size()));
}

// What was clipped at another rate, where the resampler has bent the flat tops.
TEST(MeasureSpeech, SeesWhatWasClippedBeforeItWasResampled) {
  const std::vector<float> voice = Voice();
  for (int rate : {8000, 22050, 44100, 48000}) {
    std::vector<float> sampled = Resample(voice, kSampleRate, rate);
    EXPECT_LT(MeasureSpeech(Resample(sampled, rate, kSampleRate)).clipped, 1e-3) << rate;
    float peak = 0;
    for (float sample : sampled) peak = std::max(peak, std::abs(sample));
    const auto above = static_cast<double>(std::count_if(
        sampled.begin(), sampled.end(), [&](float s) { return std::abs(s) >= 0.2f * peak; }));
    Clip(sampled, 0.2);
    const double share = MeasureSpeech(Resample(sampled, rate, kSampleRate)).clipped;
    EXPECT_NEAR(share, above / static_cast<double>(sampled.size()), 0.05) << rate;
    EXPECT_GT(share, 0.02) << rate;
  }
}

// So hard that hardly more than square waves are left: filters overshoot them far.
TEST(MeasureSpeech, SeesWhatWasClippedHardBeforeItWasResampled) {
  std::vector<float> voice = Voice();
  for (int rate : {44100, 48000}) {
    std::vector<float> sampled = Resample(voice, kSampleRate, rate);
    Clip(sampled, 0.01);
    const SpeechQuality quality = MeasureSpeech(Resample(sampled, rate, kSampleRate));
    EXPECT_GT(quality.clipped, 0.4) << rate;
  }
  // An offset lifts all of it to one side.
  for (float& sample : voice) sample += 0.5f;
  EXPECT_LT(MeasureSpeech(voice).clipped, 0.01);
}

TEST(Judge, SaysWhatWasFoundAndWhatIsNeeded) {
  SpeechQuality quality;
  quality.seconds = 3;
  EXPECT_EQ(Judge(quality).refused, "not enough speech: none found in 3.00 s");
  quality.speech_seconds = 0.3;
  quality.snr_db = 30;
  quality.bandwidth_hz = 8000;
  quality.level_dbfs = -20;
  EXPECT_EQ(Judge(quality).refused, "not enough speech: 0.3 s found, 1.0 s needed");
  quality.speech_seconds = 1.5;
  EXPECT_EQ(Judge(quality).refused, "");
  EXPECT_EQ(Judge(quality).warnings.size(), 1u);
  quality.speech_seconds = 3;
  EXPECT_TRUE(Judge(quality).warnings.empty());
  quality.snr_db = 4;
  quality.clipped = 0.2;
  quality.bandwidth_hz = 2000;
  quality.level_dbfs = -70;
  EXPECT_EQ(Judge(quality).warnings.size(), 4u);
  quality.snr_db = -3;
  EXPECT_EQ(Judge(quality).refused,
            "overdriven: 20 % of it is clipped, so that speech is hardly louder than the rest");
  quality.clipped = 0;
  EXPECT_TRUE(Judge(quality).refused.starts_with("not enough speech over the noise"));
}

}  // namespace
}  // namespace vpr
