#include "vpr/classify/synth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/file_io.h"
#include "vpr/features/acoustic.h"

namespace vpr {
namespace {

TEST(SynthesizeEmotion, LiesInItsRanges) {
  for (const SynthEmotion& emotion : kSynthEmotions) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Rng rng(seed);
      const std::vector<float> samples = SynthesizeEmotion(emotion, rng);
      const double seconds = static_cast<double>(samples.size()) / kSampleRate;
      EXPECT_GE(seconds, emotion.low_seconds - 1e-3);
      EXPECT_LE(seconds, emotion.high_seconds);
      double peak = 0;
      for (float sample : samples) peak = std::max(peak, std::abs(static_cast<double>(sample)));
      EXPECT_GE(peak, emotion.low_amplitude * (1 - emotion.high_depth));
      EXPECT_LE(peak, 1);
      if (emotion.noise > 0.1) continue;
      EXPECT_LE(peak, emotion.high_amplitude * (1 + 5 * emotion.noise));
      // Without much noise the sign changes twice a period.
      AcousticOptions options;
      options.features = {AcousticFeature::kZcr};
      const Matrix zcr = AcousticComputer(options).Compute(samples);
      const double hz = static_cast<double>(zcr(0, zcr.cols / 2)) * kSampleRate / 2;
      EXPECT_GT(hz, emotion.low_hz - 20) << emotion.name;
      EXPECT_LT(hz, emotion.high_hz * 1.3) << emotion.name;
    }
  }
}

TEST(WriteSynthEmotions, IsSeeded) {
  TestFolder folder;
  WriteSynthEmotions(folder / "a", 2, 1);
  WriteSynthEmotions(folder / "b", 2, 1);
  WriteSynthEmotions(folder / "c", 2, 2);
  for (const SynthEmotion& emotion : kSynthEmotions) {
    const std::string name = std::string("/") + emotion.name + "/" + emotion.name + "-002.wav";
    EXPECT_EQ(ReadFile(folder / "a" + name), ReadFile(folder / "b" + name));
    EXPECT_NE(ReadFile(folder / "a" + name), ReadFile(folder / "c" + name));
    EXPECT_GE(ReadAudio(folder / "a" + name).info.seconds, emotion.low_seconds - 1e-3);
  }
  MessageOf(ErrorCode::kInvalidArgument, [&] { WriteSynthEmotions(folder / "d", 0, 1); });
  WriteTestFile(folder / "file", "");
  MessageOf(ErrorCode::kIo, [&] { WriteSynthEmotions(folder / "file", 1, 1); });
}

}  // namespace
}  // namespace vpr
