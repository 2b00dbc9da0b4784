#include "torch/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/failure_of.h"
#include "torch/torch_network.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using test::FailureOf;

// Two classes that differ in their mean, as columns or as spectrograms of different lengths.
struct Problem {
  std::vector<Matrix> inputs;
  NetworkTask task;
  Problem(const std::string& network, std::size_t rows, bool spectrograms) {
    Rng rng(3);
    for (std::size_t i = 0; i < 48; ++i) {
      Matrix& input = inputs.emplace_back(rows, spectrograms ? 20 + i : 1);
      const double mean = i % 2 ? 0.8 : -0.8;
      for (float& value : input.data) value = static_cast<float>(mean + rng.Normal());
      task.classes.push_back(static_cast<int>(i % 2));
    }
    for (const Matrix& input : inputs) task.inputs.push_back(&input);
    task.shape.network = network;
    task.shape.rows = static_cast<int>(rows);
    task.shape.classes = 2;
    task.training.batch_size = 16;
    task.training.epochs = 30;
    task.training.threads = 1;
    if (spectrograms) {
      task.training.crop_frames = 32;
      task.training.freq_mask = 4;
      task.training.time_mask = 8;
    }
  }
};

std::vector<Tensor> Train(const NetworkTask& task) {
  Progress progress;
  return TrainClassifierWithTorch(task, progress, {});
}

int Correct(const Problem& problem, const std::vector<Tensor>& tensors) {
  const std::shared_ptr<EmbeddingNetwork> module = MakeClassifierModule(problem.task.shape);
  ImportTensors(tensors, *module);
  const std::unique_ptr<Network> network = WrapModule(module, torch::kCPU, 1);
  int correct = 0;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const std::vector<float> logits = network->Forward(problem.inputs[i]);
    EXPECT_EQ(logits.size(), 2u);
    correct += (logits[1] > logits[0] ? 1 : 0) == problem.task.classes[i] ? 1 : 0;
  }
  return correct;
}

TEST(TrainClassifierWithTorch, MlpLearnsAndIsDeterministic) {
  const Problem problem("mlp", 10, false);
  const std::vector<Tensor> one = Train(problem.task), same = Train(problem.task);
  EXPECT_GE(Correct(problem, one), 46);
  ASSERT_EQ(one.size(), same.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].data, same[i].data) << one[i].name;
  ASSERT_EQ(one.size(), 6u);  // three layers of weights and biases
  EXPECT_EQ(one[0].shape, (std::vector<std::int64_t>{256, 10}));
  EXPECT_EQ(one[2].shape, (std::vector<std::int64_t>{256, 256}));
}

TEST(TrainClassifierWithTorch, SpectrogramsOfAnyLength) {
  const Problem problem("resnet", 32, true);
  EXPECT_GE(Correct(problem, Train(problem.task)), 44);
}

TEST(TrainClassifierWithTorch, StopsAndRefuses) {
  Problem problem("mlp", 10, false);
  Progress progress;
  EXPECT_THAT(
      FailureOf([&] { TrainClassifierWithTorch(problem.task, progress, [] { return true; }); }),
      ::testing::HasSubstr("stopped at epoch 1"));
  problem.task.shape.network = "forest";
  EXPECT_THAT(FailureOf([&] { Train(problem.task); }), ::testing::HasSubstr("'forest' is unknown"));
  problem.task.shape.rows = 0;
  EXPECT_NE(FailureOf([&] { Train(problem.task); }), "");
}

}  // namespace
}  // namespace vpr
