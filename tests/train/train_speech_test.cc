#include "vpr/train/train_speech.h"

#include <gtest/gtest.h>

#include <cmath>

#include "vpr/audio/degrade.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

std::vector<float> RandomFrames(std::size_t count, Rng& rng) {
  std::vector<float> frames(count * kSpeechBands);
  for (float& value : frames) value = static_cast<float>(0.5 * rng.Normal());
  return frames;
}

TEST(SpeechLoss, GradientsAreTheSlopes) {
  Rng rng(3);
  SpeechNetwork network = NewSpeechNetwork(6, {1, 2}, rng);
  for (auto& layer : network.layers)
    for (float& bias : layer.bias) bias = static_cast<float>(0.1 * rng.Normal());
  const std::vector<float> frames = RandomFrames(41, rng);
  std::vector<int> targets(11);
  for (std::size_t t = 0; t < targets.size(); ++t) targets[t] = static_cast<int>(t % 3) - 1;
  SpeechNetwork gradients = network;
  for (auto& layer : gradients.layers) {
    std::fill(layer.weights.begin(), layer.weights.end(), 0.0f);
    std::fill(layer.bias.begin(), layer.bias.end(), 0.0f);
  }
  SpeechLoss(network, frames, targets, 2, &gradients, nullptr);
  auto slope = [&](float& parameter) {
    constexpr float kStep = 2e-3f;
    const float before = parameter;
    parameter = before + kStep;
    const double above = SpeechLoss(network, frames, targets, 2, nullptr, nullptr);
    parameter = before - kStep;
    const double below = SpeechLoss(network, frames, targets, 2, nullptr, nullptr);
    parameter = before;
    return (above - below) / (2 * double{kStep});
  };
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    auto& layer = network.layers[l];
    for (std::size_t i = 0; i < layer.weights.size(); i += 1 + layer.weights.size() / 25)
      EXPECT_NEAR(gradients.layers[l].weights[i], slope(layer.weights[i]), 3e-3) << l << " " << i;
    for (std::size_t i = 0; i < layer.bias.size(); ++i)
      EXPECT_NEAR(gradients.layers[l].bias[i], slope(layer.bias[i]), 3e-3) << l << " " << i;
  }
}

TEST(SpeechLoss, AgreesWithTheDetector) {
  Rng rng(4);
  const SpeechNetwork network = NewSpeechNetwork(24, {1, 2, 4}, rng);
  std::vector<float> samples(50000), frames, logits, found;
  for (float& sample : samples) sample = static_cast<float>(0.1 * rng.Normal());
  SpeechFeatures features;
  features.Accept(samples, frames);
  features.Finish(frames);
  const std::size_t steps = (frames.size() / kSpeechBands + kSpeechStride - 1) / kSpeechStride;
  SpeechLoss(network, frames, std::vector<int>(steps, 0), 1, nullptr, &logits);
  SpeechDetector detector(network);
  detector.Accept(samples, found);
  detector.Finish(found);
  for (std::size_t t = 0; t < found.size(); ++t) {
    const double logit = double{logits[std::min((2 * t + 5) / 8, logits.size() - 1)]};
    EXPECT_NEAR(found[t], 1 / (1 + std::exp(-logit)), 1e-4);
  }
}

TEST(LabelSpeech, WordsAndPauses) {
  Rng rng(5);
  // Quiet noise, with "words" at 1.0 to 1.5 s, 1.6 to 2.0 s and 3.0 to 3.5 s.
  std::vector<float> samples(4 * kSampleRate);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / kSampleRate;
    const bool word = (t >= 1 && t < 1.5) || (t >= 1.6 && t < 2) || (t >= 3 && t < 3.5);
    samples[i] = static_cast<float>((word ? 0.1 : 1e-4) * rng.Normal());
  }
  const std::vector<int> labels = LabelSpeech(samples);
  ASSERT_EQ(labels.size(), 400u);
  EXPECT_EQ(labels[50], 0);
  EXPECT_EQ(labels[125], 1);
  EXPECT_EQ(labels[155], 1);  // a short pause belongs to it
  EXPECT_EQ(labels[180], 1);
  EXPECT_EQ(labels[250], 0);
  EXPECT_EQ(labels[325], 1);
  EXPECT_EQ(labels[390], 0);
  // Nothing is known of what is equally loud throughout.
  for (float& sample : samples) sample = static_cast<float>(0.1 * rng.Normal());
  for (int label : LabelSpeech(samples)) EXPECT_EQ(label, -1);
}

TEST(SynthesizeSound, IsFiniteAndNotSilent) {
  std::size_t silent = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const std::vector<float> samples = SynthesizeSound(32000, rng);
    ASSERT_EQ(samples.size(), 32000u);
    for (float sample : samples) ASSERT_TRUE(std::isfinite(sample)) << seed;
    silent += Power(samples) <= 0;
  }
  EXPECT_LE(silent, 2u);
}

TEST(SpeechTrainConfig, NamesTheField) {
  SpeechTrainConfig config;
  config.speech = {"x"};
  config.output = "y";
  config.Validate();
  config.lr = 2;
  try {
    config.Validate();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("lr"), 0u);
  }
}

}  // namespace
}  // namespace vpr
