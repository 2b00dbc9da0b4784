#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "network/graph_builder.h"
#include "torch/graph_network.h"
#include "torch/layers.h"
#include "torch/registry.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

ModelInfo Info(const std::string& arch) {
  ModelInfo info;
  info.architecture = arch;
  if (arch == "resnet with gates and attention") {
    info.architecture = "resnet";
    info.architecture_options = {{"squeeze", {4}}, {"attention", {32}}};
  }
  info.embedding_dim = 24;
  return info;
}

std::int64_t CountParameters(const EmbeddingNetwork& network) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : network.parameters()) count += parameter.numel();
  return count;
}

class EveryArchitecture : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryArchitecture, TakesAnyLengthAndBatch) {
  torch::manual_seed(1);
  std::shared_ptr<EmbeddingNetwork> network = MakeModule(Info(GetParam()));
  network->eval();
  torch::NoGradGuard guard;
  for (std::int64_t frames : {16, 128, 129, 626}) {
    torch::Tensor out = network->forward(torch::randn({2, 128, frames}));
    EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{2, 24}));
    EXPECT_TRUE(torch::isfinite(out).all().item<bool>());
  }
}

TEST_P(EveryArchitecture, ABatchGivesWhatSinglesGive) {
  torch::manual_seed(1);
  std::shared_ptr<EmbeddingNetwork> network = MakeModule(Info(GetParam()));
  network->eval();
  torch::NoGradGuard guard;
  torch::Tensor batch = torch::randn({3, 128, 128});
  torch::Tensor together = network->forward(batch);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(
        torch::allclose(together[i], network->forward(batch.slice(0, i, i + 1))[0], 1e-4, 1e-5));
}

TEST_P(EveryArchitecture, TensorsSurviveExportAndImport) {
  torch::manual_seed(1);
  std::shared_ptr<EmbeddingNetwork> a = MakeModule(Info(GetParam())),
                                    b = MakeModule(Info(GetParam()));
  torch::Tensor input = torch::randn({4, 128, 64});
  a->train();
  a->forward(input);  // moves the running statistics, which must travel too
  std::vector<Tensor> tensors = ExportTensors(*a);
  ImportTensors(tensors, *b);
  a->eval();
  b->eval();
  torch::NoGradGuard guard;
  EXPECT_TRUE(torch::equal(a->forward(input), b->forward(input)));

  std::vector<Tensor> missing = tensors, renamed = tensors, reshaped = tensors, extra = tensors;
  missing.pop_back();
  EXPECT_THROW(ImportTensors(missing, *b), Error);
  renamed[0].name += "x";
  EXPECT_THROW(ImportTensors(renamed, *b), Error);
  reshaped[0].shape.push_back(1);
  EXPECT_THROW(ImportTensors(reshaped, *b), Error);
  extra.push_back({"more", {1}, {0}});
  EXPECT_THROW(ImportTensors(extra, *b), Error);
}

INSTANTIATE_TEST_SUITE_P(All, EveryArchitecture,
                         ::testing::Values("cnn", "resnet", "ecapa", "dwnet", "campplus", "ge2e",
                                           "resnet with gates and attention"));

TEST(ResNet, HasTheSizeOfAFastResNet) {
  ModelInfo info = Info("resnet");
  info.embedding_dim = 192;
  EXPECT_NEAR(static_cast<double>(CountParameters(*MakeModule(info))), 1.09e6, 0.01e6);
  info.architecture_options = {{"blocks", {3, 4, 6, 3}}};
  EXPECT_NEAR(static_cast<double>(CountParameters(*MakeModule(info))), 1.73e6, 0.01e6);
}

// Gradients reach the first LSTM through the last frame of the last one.
TEST(Ge2e, Learns) {
  torch::manual_seed(2);
  ModelInfo info = Info("ge2e");
  info.features.n_mels = 20;
  info.architecture_options = {{"hidden", {16}}, {"layers", {2}}};
  const std::shared_ptr<EmbeddingNetwork> network = MakeModule(info);
  network->train();
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(0.02));
  const torch::Tensor features = torch::randn({8, 20, 30}),
                      wanted = torch::rand({8, 24}) / std::sqrt(8.0);
  std::vector<float> losses;
  for (int step = 0; step < 30; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss = (network->forward(features) - wanted).square().mean();
    loss.backward();
    for (const torch::Tensor& parameter : network->parameters())
      ASSERT_GT(parameter.grad().abs().sum().item<float>(), 0);
    optimizer.step();
    losses.push_back(loss.item<float>());
  }
  EXPECT_LT(losses.back(), 0.8f * losses.front());
}

// 128 x 256 x 5 + 3 blocks of 2 x 256 x 256, 7 x 32 x 32 x 3 and 2 x 256 x 64 + 768 x 768
// + 64 x (3 x 768 + 768) + 1536 x 192, and biases and norms.
TEST(Ecapa, HasTheSizeItsShapeGives) {
  ModelInfo info = Info("ecapa");
  info.embedding_dim = 192;
  const double weights = 128 * 256 * 5 + 3 * (2 * 256 * 256 + 7 * 32 * 32 * 3 + 2 * 256 * 64) +
                         768 * 768 + 64 * 4 * 768 + 1536 * 192;
  EXPECT_NEAR(static_cast<double>(CountParameters(*MakeModule(info))), weights, 0.01 * weights);
  info.architecture_options = {{"scale", {7}}};
  EXPECT_THROW(MakeModule(info), Error);
}

// The front, 512 x 256, 8 blocks of 2 x 256 x 512 and 7 x 256, 4 gates of 2 x 256 x 64, 4 x 256 x
// 512, 64 x (3 x 512 + 512) and 1024 x 192, and biases and norms.
TEST(DwNet, HasTheSizeItsShapeGives) {
  ModelInfo info = Info("dwnet");
  info.embedding_dim = 192;
  const double weights = 9 * (16 + 2 * 16 * 16 + 16 * 32 + 32 * 32) + 16 * 16 + 16 * 32 +
                         512 * 256 + 8 * (2 * 256 * 512 + 7 * 256) + 4 * 2 * 256 * 64 +
                         4 * 256 * 512 + 64 * 4 * 512 + 1024 * 192;
  EXPECT_NEAR(static_cast<double>(CountParameters(*MakeModule(info))), weights, 0.01 * weights);
  for (const ArchitectureOptions& options :
       std::vector<ArchitectureOptions>{{{"kernel", {8}}},
                                        {{"outputs", {9}}},
                                        {{"front", {16, 0, 32}}},
                                        {{"frame_stride", {0}}}}) {
    info.architecture_options = options;
    EXPECT_THROW(MakeModule(info), Error);
  }
}

// The parameters of the published state dictionary with 80 bands, counted, and the normalisations'
// scales and shifts that it has not: of the input and of the embedding.
TEST(CampPlus, HasThePublishedSize) {
  ModelInfo info = Info("campplus");
  info.features.n_mels = 80;
  info.embedding_dim = 192;
  EXPECT_EQ(CountParameters(*MakeModule(info)), 6848544 + 2 * 80 + 2 * 192);
}

Linear RandomLinear(std::int64_t out, std::int64_t in) {
  return {torch::randn({out, in, 1}), torch::randn({out})};
}

// The attention with context computes what the convolution over the channels and the statistics of
// the whole, repeated for every frame, gives.
TEST(AttentiveStatistics, SeesTheStatisticsInEveryFrame) {
  torch::manual_seed(2);
  const Linear hidden = RandomLinear(4, 18), weights = RandomLinear(6, 4);
  const torch::Tensor x = torch::randn({2, 6, 9});
  const torch::Tensor context = torch::cat({x.mean(2), (x.var(2, false) + 1e-5).sqrt()}, 1);
  const torch::Tensor seen = torch::cat({x, context.unsqueeze(2).expand({-1, -1, 9})}, 1);
  const torch::Tensor attention =
      torch::softmax(torch::conv1d(torch::tanh(torch::conv1d(seen, hidden.weight, hidden.bias)),
                                   weights.weight, weights.bias),
                     2);
  const torch::Tensor mean = (attention * x).sum(2);
  const torch::Tensor variance = (attention * (x - mean.unsqueeze(2)).square()).sum(2);
  EXPECT_TRUE(torch::allclose(AttentiveStatistics(x, hidden, weights),
                              torch::cat({mean, (variance + 1e-5).sqrt()}, 1), 1e-4, 1e-5));
}

TEST(AttentiveStatistics, EqualWeightsGivePlainStatistics) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({2, 6, 9});
  const torch::Tensor expected = torch::cat({x.mean(2), x.std(2, /*unbiased=*/false)}, 1);
  EXPECT_TRUE(torch::allclose(AttentiveStatistics(x, {torch::zeros({4, 18, 1}), torch::zeros({4})},
                                                  {torch::zeros({6, 4, 1}), torch::zeros({6})}),
                              expected, 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(Statistics(x), expected, 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(Statistics(x, 0, /*unbiased=*/true),
                              torch::cat({x.mean(2), x.std(2, /*unbiased=*/true)}, 1), 1e-4, 1e-4));
}

// All the weight on one frame: its value is the mean, and nothing deviates.
TEST(AttentiveStatistics, AttentionCanChooseAFrame) {
  const torch::Tensor out =
      AttentiveStatistics(torch::tensor({{{-1.0f, 0.0f, 2.0f, -3.0f}}}),
                          {torch::full({1, 1, 1}, 10.0f), torch::zeros({1})},
                          {torch::full({1, 1, 1}, 100.0f), torch::zeros({1})});
  EXPECT_NEAR(out[0][0].item<float>(), 2, 1e-5);
  EXPECT_NEAR(out[0][1].item<float>(), 0, 1e-2);
}

// The gate of three channels of one band: a number between 0 and 1 for each.
TEST(SqueezeExcitation, MultipliesEveryChannelByItsGate) {
  torch::manual_seed(5);
  ModelInfo info;
  info.features.n_mels = info.embedding_dim = 3;
  GraphBuilder builder(info);
  const std::shared_ptr<EmbeddingNetwork> network =
      MakeGraphNetwork(builder.Finish(builder.SqueezeExcitation("gate", builder.Input(), 2)));
  torch::NoGradGuard guard;
  const torch::Tensor x = torch::randn({2, 3, 20}), ratio = network->forward(x) / x;
  EXPECT_LT((ratio.amax({2}) - ratio.amin({2})).abs().max().item<float>(), 1e-5);
  EXPECT_GT(ratio.min().item<float>(), 0);
  EXPECT_LT(ratio.max().item<float>(), 1);
}

TEST(MoveAverage, IsTheExponentialMovingAverageOfEveryTensor) {
  torch::manual_seed(6);
  std::shared_ptr<EmbeddingNetwork> average = MakeModule(Info("resnet")),
                                    network = MakeModule(Info("resnet"));
  network->forward(torch::randn({4, 128, 32}));  // moves the statistics of the norms
  const std::vector<Tensor> before = ExportTensors(*average), now = ExportTensors(*network);
  MoveAverage(*average, *network, 0.9);
  const std::vector<Tensor> after = ExportTensors(*average);
  for (std::size_t t = 0; t < after.size(); ++t) {
    for (std::size_t i = 0; i < after[t].data.size(); ++i)
      ASSERT_NEAR(after[t].data[i], 0.9f * before[t].data[i] + 0.1f * now[t].data[i], 1e-6)
          << after[t].name;
  }
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  ModelInfo info = Info("transformer");
  EXPECT_THROW(MakeModule(info), Error);
  info = Info("resnet");
  info.architecture_options = {{"heads", {4}}};
  EXPECT_THROW(MakeModule(info), Error);
  info.architecture_options = {{"blocks", {2, 2}}};
  EXPECT_THROW(MakeModule(info), Error);
  info.architecture_options = {{"blocks", {2, 2, 2, 0}}};
  EXPECT_THROW(MakeModule(info), Error);
  EXPECT_THROW(FindLoss("hinge"), Error);
}

}  // namespace
}  // namespace vpr
