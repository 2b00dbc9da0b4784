#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "torch/registry.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

ModelInfo Info(const std::string& arch) {
  ModelInfo info;
  info.architecture = arch;
  info.embedding_dim = 24;
  return info;
}

std::int64_t Parameters(const EmbeddingNetwork& network) {
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

INSTANTIATE_TEST_SUITE_P(All, EveryArchitecture, ::testing::Values("cnn", "resnet"));

TEST(ResNet, HasTheSizeOfAFastResNet) {
  ModelInfo info = Info("resnet");
  info.embedding_dim = 192;
  EXPECT_NEAR(static_cast<double>(Parameters(*MakeModule(info))), 1.09e6, 0.01e6);
  info.architecture_options = {{"blocks", {3, 4, 6, 3}}};
  EXPECT_NEAR(static_cast<double>(Parameters(*MakeModule(info))), 1.73e6, 0.01e6);
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
