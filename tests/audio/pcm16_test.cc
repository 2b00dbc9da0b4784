#include "vpr/audio/pcm16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace vpr {
namespace {

TEST(EncodePcm16, RoundsAndClips) {
  const std::vector<float> samples = {0, 1.4f / 32768, 1.6f / 32768, -1.6f / 32768, 2, -2};
  const std::vector<std::uint8_t> bytes = EncodePcm16(samples);
  EXPECT_THAT(bytes, ::testing::ElementsAre(0, 0, 1, 0, 2, 0, 0xFE, 0xFF, 0xFF, 0x7F, 0, 0x80));
}

TEST(SpeechFingerprint, IsOfTheSixteenBitSamples) {
  const std::vector<float> speech = {0.1f, -0.2f, 0.3f};
  std::vector<float> rounded, other = speech;
  for (float sample : speech) rounded.push_back(std::nearbyint(sample * 32768) / 32768);
  other[1] = -0.21f;
  EXPECT_EQ(SpeechFingerprint(speech).size(), kFingerprintDigits);
  EXPECT_EQ(SpeechFingerprint(speech), SpeechFingerprint(rounded));
  EXPECT_NE(SpeechFingerprint(speech), SpeechFingerprint(other));
}

TEST(Fingerprints, AreFoundAgain) {
  std::vector<std::string> all;
  for (int i = 0; i < 50; ++i) all.push_back(SpeechFingerprint(std::vector<float>(1, i / 100.0f)));
  const std::vector<std::string> some(all.begin(), all.begin() + 20);
  const std::vector<std::string> others(all.begin() + 15, all.begin() + 40);
  const std::string joined = JoinFingerprints(some);
  EXPECT_EQ(joined.size(), 20 * kFingerprintDigits);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(HasFingerprint(joined, all[i]), i < 20) << i;
  const std::string merged = MergeFingerprints(joined, JoinFingerprints(others));
  EXPECT_EQ(merged.size(), 40 * kFingerprintDigits);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(HasFingerprint(merged, all[i]), i < 40) << i;
  EXPECT_FALSE(HasFingerprint("", all[0]));
  EXPECT_FALSE(HasFingerprint(joined, ""));
}

}  // namespace
}  // namespace vpr
