// Files, prompts and joined recordings; training and the engine are in tests/torch and
// tests/cli/transcribe_test.sh.
#include "vpr/transcribe/transcriber.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/transcribe/ctc.h"
#include "vpr/transcribe/train_transcriber.h"

namespace vpr {
namespace {

using test::FailureOf;

// Random weights of the shape.
std::vector<Tensor> RandomTensors(const TdnnShape& shape) {
  Rng rng(1);
  std::vector<Tensor> tensors;
  auto add = [&](const std::string& name, std::vector<std::int64_t> dims, double scale,
                 double offset) {
    std::int64_t size = 1;
    for (std::int64_t dim : dims) size *= dim;
    Tensor tensor{name, std::move(dims), {}};
    for (std::int64_t i = 0; i < size; ++i)
      tensor.data.push_back(static_cast<float>(offset + scale * rng.Normal()));
    tensors.push_back(std::move(tensor));
  };
  auto norm = [&](const std::string& name, int channels) {
    add(name + ".weight", {channels}, 0, 1);
    add(name + ".bias", {channels}, 0.1, 0);
    add(name + ".running_mean", {channels}, 0.1, 0);
    add(name + ".running_var", {channels}, 0, 1);
  };
  norm("bands", shape.inputs);
  add("front.conv.weight", {shape.channels, shape.inputs, 5}, 0.1, 0);
  norm("front.norm", shape.channels);
  for (std::size_t i = 0; i < shape.dilations.size(); ++i) {
    const std::string name = "layers." + std::to_string(i);
    add(name + ".conv.weight", {shape.channels, shape.channels, shape.kernel}, 0.1, 0);
    norm(name + ".norm", shape.channels);
  }
  add("output.weight", {shape.outputs, shape.channels, 1}, 0.3, 0);
  add("output.bias", {shape.outputs}, 0.1, 0);
  return tensors;
}

TranscriberInfo SmallInfo() {
  TranscriberInfo info;
  info.features = TranscriberTrainOptions::DefaultFeatures();
  info.network.inputs = info.features.n_mels;
  info.network.outputs = TokenTable::Digits().size();
  info.network.channels = 16;
  info.network.dilations = {1, 2};
  info.prompt = {-0.7, 0.01, 0.02, 50};
  info.dev_wer = 0.25;
  return info;
}

std::vector<float> Noise(std::size_t samples) {
  Rng rng(2);
  std::vector<float> noise(samples);
  for (float& sample : noise) sample = 0.1f * static_cast<float>(rng.Normal());
  return noise;
}

TEST(Transcriber, IsTheSameFromItsFile) {
  TranscriberInfo info = SmallInfo();
  const std::vector<Tensor> tensors = RandomTensors(info.network);
  const std::string path = test::TempPath("digits.vpw");
  SaveTranscriber(path, info, tensors);
  const Transcriber transcriber(info, tensors), loaded = Transcriber::Load(path);
  EXPECT_EQ(loaded.info().prompt.threshold, -0.7);
  EXPECT_EQ(loaded.info().dev_wer, 0.25);
  EXPECT_EQ(loaded.info().fingerprint, info.fingerprint);
  EXPECT_EQ(loaded.info().features, info.features);
  const std::vector<float> noise = Noise(16000);
  const Matrix log_probs = transcriber.LogProbs(noise);
  EXPECT_EQ(log_probs.rows, 51u);
  EXPECT_EQ(log_probs.cols, 12u);
  EXPECT_EQ(log_probs.data, loaded.LogProbs(noise).data);
  for (std::size_t t = 0; t < log_probs.rows; ++t) {
    double sum = 0;
    for (std::size_t k = 0; k < log_probs.cols; ++k)
      sum += std::exp(static_cast<double>(log_probs(t, k)));
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_EQ(LoadTranscriberTensors(path).size(), tensors.size());
}

TEST(Transcriber, RefusesFilesThatAreNone) {
  TranscriberInfo info = SmallInfo();
  const std::string path = test::TempPath("bad.vpw");
  std::vector<Tensor> tensors = RandomTensors(info.network);
  tensors.pop_back();
  SaveTranscriber(path, info, tensors);
  EXPECT_NE(FailureOf([&] { Transcriber::Load(path); }).find("no tensor 'output.bias'"),
            std::string::npos);
  SaveTranscriber(path, info, RandomTensors(info.network));
  std::string bytes = ReadFile(path);
  for (std::size_t at : {bytes.size() / 2, bytes.size() - 1, std::size_t{20}}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    WriteFileAtomically(path, damaged);
    EXPECT_NE(FailureOf([&] { Transcriber::Load(path); }), "") << at;
    WriteFileAtomically(path, bytes.substr(0, at));
    EXPECT_NE(FailureOf([&] { Transcriber::Load(path); }), "") << at;
  }
  info.network.dilations = {0};
  SaveTranscriber(path, info, {});
  EXPECT_NE(FailureOf([&] { Transcriber::Load(path); }).find("dilation of the network is 0"),
            std::string::npos);
}

TEST(Transcriber, RefusesTooMuchAndTooLittle) {
  TranscriberInfo info = SmallInfo();
  const Transcriber transcriber(info, RandomTensors(info.network));
  EXPECT_NE(FailureOf([&] { transcriber.LogProbs(Noise(100)); }).find("too short"),
            std::string::npos);
  EXPECT_NE(FailureOf([&] { transcriber.LogProbs(Noise(61 * 16000)); }).find("too long"),
            std::string::npos);
}

TEST(CheckWords, ComparesWithTheBestString) {
  TranscriberInfo info = SmallInfo();
  info.prompt.threshold = -1;
  const Transcriber transcriber(info, RandomTensors(info.network));
  // "4 7" said clearly: tokens 5 and 8.
  const std::vector<int> said = {0, 0, 5, 5, 0, 8, 0, 0};
  Matrix log_probs(said.size(), 12);
  for (std::size_t t = 0; t < said.size(); ++t)
    for (std::size_t k = 0; k < 12; ++k)
      log_probs(t, k) = std::log(static_cast<int>(k) == said[t] ? 0.89f : 0.01f);
  const std::vector<int> right = {5, 8}, other = {5, 9}, longer = {5, 8, 1},
                         impossible = std::vector<int>(9, 3);
  const Transcriber::WordCheck check = transcriber.CheckWords(log_probs, right);
  EXPECT_EQ(check.heard, "4 7");
  EXPECT_EQ(check.score, 0);
  EXPECT_TRUE(check.right);
  const double expected =
      (CtcLogProbability(log_probs, other) - CtcLogProbability(log_probs, right)) / 2;
  EXPECT_NEAR(transcriber.CheckWords(log_probs, other).score, expected, 1e-9);
  EXPECT_FALSE(transcriber.CheckWords(log_probs, other).right);
  EXPECT_FALSE(transcriber.CheckWords(log_probs, longer).right);
  EXPECT_FALSE(transcriber.CheckWords(log_probs, impossible).right);
}

TEST(DrawPrompt, IsAnyString) {
  const TokenTable tokens = TokenTable::Digits();
  std::set<int> seen;
  std::set<std::vector<int>> prompts;
  for (int i = 0; i < 100; ++i) {
    const std::vector<int> prompt = DrawPrompt(tokens, 6);
    ASSERT_EQ(prompt.size(), 6u);
    seen.insert(prompt.begin(), prompt.end());
    prompts.insert(prompt);
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(*seen.begin(), 1);
  EXPECT_EQ(*seen.rbegin(), 10);
  EXPECT_GT(prompts.size(), 95u);
}

TEST(FindPromptThreshold, ErrsEquallyOftenOnBoth) {
  EXPECT_EQ(FindPromptThreshold({0, -1}, {-3, -9}).threshold, -2);
  EXPECT_EQ(FindPromptThreshold({0, -1}, {-3, -9}).false_accepts, 0);
  Rng rng(1);
  std::vector<double> right, wrong;
  for (int i = 0; i < 4000; ++i) right.push_back(rng.Normal());
  for (int i = 0; i < 9000; ++i) wrong.push_back(rng.Normal() - 2);
  const PromptThreshold found = FindPromptThreshold(right, wrong);
  EXPECT_NEAR(found.threshold, -1, 0.1);
  EXPECT_NEAR(found.false_accepts, 0.1587, 0.02);  // of a normal, beyond one deviation
  EXPECT_NEAR(found.false_accepts, found.false_rejects, 0.002);
  EXPECT_EQ(FindPromptThreshold({}, {1}).false_accepts, -1);
}

// Recordings of one constant sound each: 0.3 s, with 0.2 s of silence on either side.
std::string WriteWords(const std::string& name, int speakers) {
  std::string list = "path\tspeaker\ttext\n";
  for (int s = 0; s < speakers; ++s) {
    for (int digit = 0; digit < 10; ++digit) {
      std::vector<float> samples(11200);
      for (std::size_t i = 3200; i < 8000; ++i)
        samples[i] = 0.3f * std::sin(static_cast<float>(i) * 0.03f * static_cast<float>(digit + 1));
      const std::string path =
          test::TempPath(name + std::to_string(s) + "_" + std::to_string(digit) + ".wav");
      WriteWav(path, samples, 16000);
      list += path + "\ts" + std::to_string(s) + "\t" + std::to_string(digit) + "\n";
    }
  }
  list += test::TempPath("missing.wav") + "\ts0\t1\n" + test::TempPath("x.wav") + "\ts0\tten\n" +
          test::TempPath("y.wav") + "\ts0\t-\n";
  const std::string path = test::TempPath(name + ".tsv");
  WriteFileAtomically(path, list);
  return path;
}

TEST(SpokenStrings, AreOfOneSpeakerAndTheTextsFit) {
  Progress progress;
  const std::string list = WriteWords("words", 3);
  const SpokenStrings strings(list, TokenTable::Digits(), {2, 4}, 1, progress, {});
  EXPECT_EQ(strings.utterances().size(), 30u);
  EXPECT_EQ(strings.left_out().size(), 3u);
  EXPECT_EQ(strings.speakers(), (std::vector<std::string>{"s0", "s1", "s2"}));
  std::set<std::size_t> lengths;
  for (std::size_t i = 0; i < 30; ++i) {
    Rng rng(i), again(i);
    const SpokenStrings::String string = strings.Make(i, rng);
    EXPECT_EQ(string.labels[0], strings.utterances()[i].labels[0]);
    EXPECT_EQ(string.speaker, strings.utterances()[i].speaker);
    lengths.insert(string.labels.size());
    // 0.3 s a word with up to 0.2 s of edges left, and the pauses.
    const double seconds = static_cast<double>(string.samples.size()) / 16000,
                 words = static_cast<double>(string.labels.size());
    EXPECT_GT(seconds, 0.3 * words);
    EXPECT_LT(seconds, 0.5 * words + 0.35 * (words - 1) + 0.8);
    EXPECT_EQ(string.samples, strings.Make(i, again).samples);
  }
  EXPECT_EQ(lengths, (std::set<std::size_t>{2, 3, 4}));

  const SpokenStrings single(list, TokenTable::Digits(), {}, 1, progress, {});
  Rng rng(1);
  EXPECT_EQ(single.Make(7, rng).samples.size(), 11200u);
  EXPECT_THROW(SpokenStrings(list, TokenTable::Words({"x"}), {}, 1, progress, {}), Error);
}

TEST(StringAugmenter, KeepsSoundsFiniteAndIsRepeatable) {
  Progress progress;
  const StringAugmenter augmenter("", 1, progress, {});
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<float> once = Noise(8000), again = once;
    Rng a(seed), b(seed);
    augmenter.Apply(once, a);
    augmenter.Apply(again, b);
    EXPECT_EQ(once, again);
    for (float sample : once) ASSERT_TRUE(std::isfinite(sample));
    EXPECT_GT(once.size(), 7200u);
    EXPECT_LT(once.size(), 8900u);
    lengths.insert(once.size());
  }
  EXPECT_GT(lengths.size(), 5u);
}

}  // namespace
}  // namespace vpr
