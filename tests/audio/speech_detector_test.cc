#include "vpr/audio/speech_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "vpr/audio/high_pass.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

std::vector<float> Sine(double hz, double seconds, double gain) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * kSampleRate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>(gain * std::sin(2 * M_PI * hz * static_cast<double>(i) / kSampleRate));
  return samples;
}

double Rms(std::span<const float> samples) {
  double sum = 0;
  for (float sample : samples) sum += double{sample} * double{sample};
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

// scipy 1.17: sosfilt(butter(8, 70, 'highpass', fs=16000, output='sos'), [1, 0, 0, ...])
TEST(HighPass, IsScipysButterworth) {
  std::vector<float> impulse(400);
  impulse[0] = 1;
  HighPass().Apply(impulse);
  EXPECT_NEAR(impulse[0], 0.931969960, 1e-7);
  EXPECT_NEAR(impulse[1], -0.131317514, 1e-7);
  EXPECT_NEAR(impulse[10], -0.062088573, 1e-7);
  EXPECT_NEAR(impulse[100], -0.006835588, 1e-7);
  EXPECT_NEAR(impulse[399], 0.001362127, 1e-7);
}

TEST(HighPass, RemovesOffsetAndHumButNotVoices) {
  auto level_after = [](std::vector<float> samples) {
    HighPass().Apply(samples);
    return Rms(std::span(samples).subspan(samples.size() / 2));
  };
  EXPECT_LT(level_after(std::vector<float>(32000, 0.5f)), 1e-6);
  EXPECT_LT(20 * std::log10(level_after(Sine(50, 2, std::sqrt(2.0)))), -22);
  EXPECT_GT(20 * std::log10(level_after(Sine(80, 2, std::sqrt(2.0)))), -0.6);
  EXPECT_NEAR(20 * std::log10(level_after(Sine(200, 2, std::sqrt(2.0)))), 0, 0.01);
}

TEST(HighPass, BlocksDoNotMatter) {
  Rng rng(3);
  std::vector<float> samples(5000);
  for (float& sample : samples) sample = static_cast<float>(rng.Normal());
  const std::vector<float> whole = WithoutHum(samples);
  HighPass stream;
  for (std::size_t at = 0; at < samples.size();) {
    const std::size_t count = std::min(1 + rng.Below(300), samples.size() - at);
    stream.Apply(std::span(samples).subspan(at, count));
    at += count;
  }
  EXPECT_EQ(samples, whole);
}

SpeechNetwork RandomNetwork(std::size_t channels) {
  Rng rng(5);
  SpeechNetwork network;
  auto add = [&](SpeechNetwork::Layer layer) {
    for (std::size_t i = 0; i < layer.kernel * layer.inputs * layer.outputs; ++i)
      layer.weights.push_back(static_cast<float>(0.15 * rng.Normal()));
    for (std::size_t i = 0; i < layer.outputs; ++i)
      layer.bias.push_back(static_cast<float>(0.1 * rng.Normal()));
    network.layers.push_back(std::move(layer));
  };
  add({kSpeechBands, channels, 5, 2, 1, false, {}, {}});
  add({channels, channels, 3, 2, 1, false, {}, {}});
  add({channels, channels, 3, 1, 4, true, {}, {}});
  add({channels, 1, 1, 1, 1, false, {}, {}});
  return network;
}

// The definition, layer by layer.
std::vector<double> ByTheBook(const SpeechNetwork& network, const std::vector<float>& frames) {
  std::vector<std::vector<double>> columns(frames.size() / kSpeechBands);
  for (std::size_t t = 0; t < columns.size(); ++t)
    columns[t].assign(&frames[t * kSpeechBands], &frames[t * kSpeechBands] + kSpeechBands);
  for (const SpeechNetwork::Layer& layer : network.layers) {
    std::vector<std::vector<double>> out((columns.size() + layer.stride - 1) / layer.stride);
    for (std::size_t t = 0; t < out.size(); ++t) {
      for (std::size_t o = 0; o < layer.outputs; ++o) {
        double sum = double{layer.bias[o]};
        for (std::size_t k = 0; k < layer.kernel; ++k) {
          const auto at = static_cast<std::ptrdiff_t>(t * layer.stride + k * layer.dilation) -
                          static_cast<std::ptrdiff_t>(layer.kernel / 2 * layer.dilation);
          if (at < 0 || at >= static_cast<std::ptrdiff_t>(columns.size())) continue;
          for (std::size_t i = 0; i < layer.inputs; ++i)
            sum += double{layer.weights[(k * layer.inputs + i) * layer.outputs + o]} *
                   columns[static_cast<std::size_t>(at)][i];
        }
        if (layer.outputs > 1) sum = std::max(sum, 0.0);
        if (layer.residual) sum += columns[t][o];
        out[t].push_back(sum);
      }
    }
    columns = std::move(out);
  }
  std::vector<double> logits;
  for (const auto& column : columns) logits.push_back(column[0]);
  return logits;
}

std::vector<float> NoisySamples(std::size_t count) {
  Rng rng(7);
  std::vector<float> samples(count);
  double state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    state = 0.9 * state + rng.Normal();
    samples[i] = static_cast<float>(0.02 * state * (1 + std::sin(1e-3 * static_cast<double>(i))));
  }
  return samples;
}

TEST(SpeechDetector, ComputesWhatTheNetworkSays) {
  for (std::size_t channels : {7u, 32u, 37u}) {
    const SpeechNetwork network = RandomNetwork(channels);
    for (std::size_t count : {161u, 640u, 5000u, 40123u}) {
      const std::vector<float> samples = NoisySamples(count);
      SpeechFeatures features;
      std::vector<float> frames, found;
      features.Accept(samples, frames);
      features.Finish(frames);
      ASSERT_EQ(frames.size(), (1 + count / kSpeechHop) * kSpeechBands);
      const std::vector<double> logits = ByTheBook(network, frames);
      SpeechDetector detector(network);
      detector.Accept(samples, found);
      detector.Finish(found);
      ASSERT_EQ(found.size(), count / kSpeechHop);
      for (std::size_t t = 0; t < found.size(); ++t) {
        // The step whose middle, 40 ms times its number, is nearest to the frame's.
        const std::size_t step = std::min((2 * t + 5) / 8, logits.size() - 1);
        EXPECT_NEAR(found[t], 1 / (1 + std::exp(-logits[step])), 1e-4) << count << " " << t;
      }
    }
  }
}

TEST(SpeechDetector, BlocksDoNotMatterAndTheWaitIsBounded) {
  const SpeechNetwork network = RandomNetwork(32);
  const std::vector<float> samples = NoisySamples(70001);
  SpeechDetector whole(network);
  std::vector<float> expected;
  whole.Accept(samples, expected);
  whole.Finish(expected);
  Rng rng(9);
  for (std::size_t most : {1u, 100u, 3000u}) {
    SpeechDetector detector(network);
    std::vector<float> found;
    for (std::size_t at = 0; at < samples.size();) {
      const std::size_t count = std::min(1 + rng.Below(most), samples.size() - at);
      detector.Accept(std::span(samples).subspan(at, count), found);
      at += count;
      ASSERT_GE(found.size() + SpeechDetector::kLookahead, at / SpeechDetector::kFrame);
    }
    detector.Finish(found);
    EXPECT_EQ(found, expected);
  }
}

TEST(SpeechDetector, LevelAndOffsetDoNotMatter) {
  const SpeechNetwork network = RandomNetwork(32);
  const std::vector<float> samples = NoisySamples(48000);
  std::vector<float> changed = samples, a, b;
  for (float& sample : changed) sample = 0.1f * sample + 0.3f;
  SpeechDetector first(network), second(network);
  first.Accept(samples, a);
  first.Finish(a);
  second.Accept(changed, b);
  second.Finish(b);
  for (std::size_t t = 100; t < a.size(); ++t) EXPECT_NEAR(a[t], b[t], 0.02);
}

TEST(SpeechDetector, NothingAndSilence) {
  const SpeechNetwork network = RandomNetwork(16);
  EXPECT_TRUE(DetectSpeech({}, network).empty());
  EXPECT_TRUE(DetectSpeech(std::vector<float>(159), network).empty());
  EXPECT_EQ(DetectSpeech(std::vector<float>(16000), network).size(), 100u);
}

class SpeechNetworkFile : public ::testing::Test {
 protected:
  SpeechNetworkFile()
      : path_((std::filesystem::temp_directory_path() /
               ("vpr_speech_network_" + std::to_string(::getpid()) + ".vpr"))
                  .string()) {}
  ~SpeechNetworkFile() override { std::filesystem::remove(path_); }

  void Refuses(const SpeechNetwork& network, const std::string& what,
               ErrorCode code = ErrorCode::kIncompatible) {
    SaveSpeechNetwork(path_, network, "{}");
    try {
      LoadSpeechNetwork(path_);
      ADD_FAILURE() << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
  }

  std::string path_;
};

TEST_F(SpeechNetworkFile, ComesBack) {
  SpeechNetwork network = RandomNetwork(24);
  network.threshold = 0.625;
  SaveSpeechNetwork(path_, network, R"({"steps": 12})");
  const SpeechNetwork read = LoadSpeechNetwork(path_);
  EXPECT_EQ(read.threshold, 0.625);
  EXPECT_EQ(read.fingerprint.size(), 32u);
  EXPECT_THAT(SpeechNetworkDescription(path_), HasSubstr("\"steps\": 12"));
  ASSERT_EQ(read.layers.size(), network.layers.size());
  for (std::size_t l = 0; l < read.layers.size(); ++l) {
    EXPECT_EQ(read.layers[l].weights, network.layers[l].weights);
    EXPECT_EQ(read.layers[l].bias, network.layers[l].bias);
    EXPECT_EQ(read.layers[l].dilation, network.layers[l].dilation);
    EXPECT_EQ(read.layers[l].stride, network.layers[l].stride);
    EXPECT_EQ(read.layers[l].residual, network.layers[l].residual);
  }
}

TEST_F(SpeechNetworkFile, ImpossibleNetworks) {
  SpeechNetwork network = RandomNetwork(24);
  network.layers[1].weights[5] = NAN;
  Refuses(network, "no numbers", ErrorCode::kCorrupt);
  network = RandomNetwork(24);
  network.threshold = 1.5;
  Refuses(network, "threshold");
  network = RandomNetwork(24);
  network.layers[2].dilation = 100000;
  Refuses(network, "layer 2");
  network = RandomNetwork(24);
  network.layers[2].stride = 0;
  Refuses(network, "layer 2");
  network = RandomNetwork(24);
  network.layers[1].stride = 1;
  Refuses(network, "strides");
  network = RandomNetwork(24);
  network.layers.pop_back();
  Refuses(network, "layer 2");
}

TEST_F(SpeechNetworkFile, DamagedFiles) {
  SaveSpeechNetwork(path_, RandomNetwork(16), "{}");
  const std::string content = ReadFile(path_);
  for (std::size_t at = 0; at < content.size(); at += 37) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    WriteFileAtomically(path_, damaged);
    EXPECT_THROW(LoadSpeechNetwork(path_), Error) << at;
    WriteFileAtomically(path_, content.substr(0, at));
    EXPECT_THROW(LoadSpeechNetwork(path_), Error) << at;
  }
}

// What the shipped network is for.

double SpeechSeconds(const std::vector<float>& samples) {
  double seconds = 0;
  for (bool speech : DetectSpeech(samples)) seconds += speech ? 0.01 : 0;
  return seconds;
}

TEST(ShippedSpeechNetwork, HearsVoices) {
  for (const char* name : {"flite-awb-1.flac", "flite-slt-2.flac", "espeak-en-us-f3-1.flac"}) {
    const std::vector<float> samples = ReadAudio(std::string(VPR_SAMPLES) + "/" + name).samples;
    EXPECT_GT(SpeechSeconds(samples), 0.5 * static_cast<double>(samples.size()) / kSampleRate)
        << name;
  }
}

TEST(ShippedSpeechNetwork, HearsNoVoicesInTonesAndNoise) {
  Rng rng(11);
  std::vector<float> white(80000), modulated(80000);
  for (std::size_t i = 0; i < white.size(); ++i) {
    white[i] = static_cast<float>(0.1 * rng.Normal());
    const double beat = std::sin(2 * M_PI * 4 * static_cast<double>(i) / kSampleRate);
    modulated[i] = static_cast<float>(0.1 * rng.Normal() * beat * beat);
  }
  EXPECT_LT(SpeechSeconds(white), 0.1);
  EXPECT_LT(SpeechSeconds(modulated), 0.3);
  EXPECT_LT(SpeechSeconds(Sine(440, 5, 0.3)), 0.1);
  EXPECT_LT(SpeechSeconds(Sine(1000, 5, 0.3)), 0.1);
  EXPECT_LT(SpeechSeconds(std::vector<float>(80000, 0.1f)), 0.1);
}

}  // namespace
}  // namespace vpr
