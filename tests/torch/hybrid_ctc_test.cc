// CTC, the decoder's loss and their sum: against the forward algorithm of vpr_transcribe and
// formulas, and their gradients against differences.
#include "torch/losses/hybrid_ctc.h"

#include <gtest/gtest.h>

#include <cmath>

#include "torch/tdnn.h"
#include "torch/torch_network.h"
#include "torch/transcriber.h"
#include "vpr/base/rng.h"
#include "vpr/transcribe/ctc.h"

namespace vpr {
namespace {

constexpr std::int64_t kTokens = 5, kFrames = 9;

struct Case {
  torch::Tensor logits;
  std::vector<std::int64_t> frames = {9, 6, 4};
  std::vector<std::vector<int>> labels = {{1, 2, 2, 3}, {3}, {2, 1}};
  Case() {
    torch::manual_seed(5);
    logits = torch::randn({3, kTokens, kFrames}, torch::kDouble);
  }
};

// log softmax of recording `i`, as rows of frames.
Matrix LogProbs(const torch::Tensor& logits, std::size_t i, std::int64_t frames) {
  const torch::Tensor log_probs =
      torch::log_softmax(logits[static_cast<std::int64_t>(i)], 0).transpose(0, 1).to(torch::kFloat);
  Matrix matrix(static_cast<std::size_t>(frames), kTokens);
  for (std::int64_t t = 0; t < frames; ++t)
    for (std::int64_t k = 0; k < kTokens; ++k)
      matrix(static_cast<std::size_t>(t), static_cast<std::size_t>(k)) =
          log_probs[t][k].item<float>();
  return matrix;
}

// d loss / d input, against central differences.
template <typename Loss>
void CheckGradient(const torch::Tensor& at, Loss loss) {
  torch::Tensor input = at.clone().requires_grad_(true);
  loss(input).backward();
  constexpr double kStep = 1e-5;
  Rng rng(9);
  for (int n = 0; n < 40; ++n) {
    const auto i = static_cast<std::int64_t>(rng.Below(static_cast<std::size_t>(at.numel())));
    auto moved = [&](double by) {
      torch::Tensor other = at.clone();
      other.view({-1})[i] += by;
      return loss(other).template item<double>();
    };
    EXPECT_NEAR(input.grad().view({-1})[i].item<double>(),
                (moved(kStep) - moved(-kStep)) / (2 * kStep), 1e-6);
  }
}

TEST(CtcLoss, IsTheForwardAlgorithm) {
  const Case c;
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i)
    expected -= CtcLogProbability(LogProbs(c.logits, i, c.frames[i]), c.labels[i]) /
                static_cast<double>(c.labels[i].size()) / 3;
  EXPECT_NEAR(CtcLoss(c.logits, c.frames, c.labels).item<double>(), expected, 1e-5);
}

TEST(CtcLoss, GradientIsThatOfTheForwardAlgorithm) {
  const Case c;
  CheckGradient(c.logits,
                [&](const torch::Tensor& logits) { return CtcLoss(logits, c.frames, c.labels); });
}

TEST(CtcLoss, StringsThatDoNotFitCountAsNothing) {
  const Case c;
  const torch::Tensor loss = CtcLoss(c.logits, {1, 1, 1}, {{1, 2}, {1, 1}, {1, 2, 3}});
  EXPECT_EQ(loss.item<double>(), 0);
}

TEST(DecoderLoss, IsTheSmoothedCrossEntropy) {
  const Case c;
  torch::manual_seed(6);
  const torch::Tensor logits = torch::randn({3, 6, kTokens}, torch::kDouble);
  const int end = 4;
  for (double smoothing : {0.0, 0.01, 0.3}) {
    double sum = 0;
    int steps = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t step = 0; step <= c.labels[i].size(); ++step, ++steps) {
        const torch::Tensor log_probs = torch::log_softmax(
            logits[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(step)], 0);
        const int target = step < c.labels[i].size() ? c.labels[i][step] : end;
        sum -= (1 - smoothing) * log_probs[target].item<double>() +
               smoothing * log_probs.mean().item<double>();
      }
    }
    EXPECT_NEAR(DecoderLoss(logits, c.labels, end, smoothing).item<double>(), sum / steps, 1e-9);
  }
  CheckGradient(logits,
                [&](const torch::Tensor& at) { return DecoderLoss(at, c.labels, 4, 0.01); });
}

TEST(HybridCtcLoss, WeighsBoth) {
  const Case c;
  const torch::Tensor decoder = torch::randn({3, 5, kTokens}, torch::kDouble);
  const double ctc = CtcLoss(c.logits, c.frames, c.labels).item<double>(),
               attention = DecoderLoss(decoder, c.labels, 4, 0.01).item<double>();
  EXPECT_NEAR(HybridCtcLoss(c.logits, c.frames, decoder, c.labels, 4).item<double>(),
              0.2 * ctc + 0.8 * attention, 1e-9);
  EXPECT_NEAR(HybridCtcLoss(c.logits, c.frames, decoder, c.labels, 4, {1, 0.01}).item<double>(),
              ctc, 1e-9);
}

TdnnShape SmallShape() {
  TdnnShape shape;
  shape.inputs = 6;
  shape.outputs = 5;
  shape.channels = 16;
  shape.kernel = 3;
  shape.dilations = {1, 2};
  return shape;
}

TEST(Tdnn, WhatLiesBehindARecordingDoesNotChangeIt) {
  torch::manual_seed(1);
  Tdnn network(SmallShape());
  const torch::Tensor one = torch::randn({1, 6, 13});
  torch::Tensor batch = torch::randn({2, 6, 20});
  batch.index_put_({0, torch::indexing::Slice(), torch::indexing::Slice(0, 13)}, one[0]);
  const torch::Tensor frames = torch::tensor({13, 20}, torch::kLong);
  network.eval();
  const torch::Tensor alone = network.forward(one), beside = network.Logits(batch, frames);
  EXPECT_EQ(alone.size(2), 7);
  EXPECT_TRUE(torch::allclose(alone[0], beside[0].slice(1, 0, 7), 1e-5, 1e-5));
  // Nor the statistics that are learnt.
  Tdnn other(SmallShape());
  ImportTensors(ExportTensors(network), other);
  network.train();
  other.train();
  network.Logits(batch, frames);
  batch.index_put_({0, torch::indexing::Slice(), torch::indexing::Slice(13, 20)}, 100);
  other.Logits(batch, frames);
  const auto state = NetworkState(network), changed = NetworkState(other);
  for (std::size_t i = 0; i < state.size(); ++i)
    EXPECT_TRUE(torch::allclose(state[i].second, changed[i].second, 1e-4, 1e-5)) << state[i].first;
}

TEST(TrainTranscriber, LearnsAToyLanguage) {
  // Label k sounds for 6 frames in band k, with pauses between.
  TranscriberTask task;
  task.shape = SmallShape();
  task.examples = 64;
  task.training.epochs = 24;
  task.training.batch_size = 8;
  task.training.lr = 5e-3;
  task.training.freq_mask = task.training.time_mask = 0;
  task.training.threads = 1;
  auto make = [](std::uint64_t seed) {
    Rng rng(seed, 3);
    TranscriberTask::Example example;
    const std::size_t count = 1 + rng.Below(4);
    example.features = Matrix(6, 8 + 10 * count + rng.Below(10));
    for (float& value : example.features.data) value = 0.3f * static_cast<float>(rng.Normal());
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t label = 1 + rng.Below(3);
      example.labels.push_back(static_cast<int>(label));
      for (std::size_t t = 0; t < 6; ++t) example.features(label, 6 + 10 * k + t) += 3;
    }
    return example;
  };
  task.make = [&](int epoch, std::size_t number) {
    return make(static_cast<std::uint64_t>(epoch) * 1000 + number);
  };
  std::vector<double> losses;
  task.on_epoch = [&](int, double loss, const std::vector<Tensor>&) { losses.push_back(loss); };
  Progress progress;
  const std::vector<Tensor> tensors = TrainTranscriberWithTorch(task, progress, {});
  ASSERT_EQ(losses.size(), 24u);
  EXPECT_LT(losses.back(), losses.front() / 4);
  EXPECT_EQ(TrainTranscriberWithTorch(task, progress, {})[3].data, tensors[3].data);

  auto network = std::make_shared<Tdnn>(task.shape);
  ImportTensors(tensors, *network);
  network->eval();
  int right = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const TranscriberTask::Example example = make(900'000 + i);
    torch::Tensor features =
        torch::from_blob(const_cast<float*>(example.features.data.data()),
                         {1, 6, static_cast<std::int64_t>(example.features.cols)}, torch::kFloat);
    const torch::Tensor logits = network->forward(features).detach();
    right += CtcBestPath(LogProbs(logits, 0, logits.size(2))) == example.labels ? 1 : 0;
  }
  EXPECT_GE(right, 45);
}

}  // namespace
}  // namespace vpr
