// Networks for pictures, against torchvision's and on every engine.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "network/torchscript.h"
#include "onednn/onednn_network.h"
#include "support/failure_of.h"
#include "support/temp_path.h"
#include "torch/graph_network.h"
#include "torch/torch_network.h"
#include "torch/torchscript.h"
#include "vpr/base/file_io.h"
#include "vpr/network/architecture.h"
#include "vpr/network/export.h"
#include "vpr/network/graph.h"
#ifdef VPR_TEST_OPENCV
#include "support/opencv_network.h"
#endif

namespace vpr {
namespace {

constexpr std::size_t kHigh = 48, kWide = 64;

// As in make_efficientnet_golden.py.
std::vector<double> Values(const std::string& name, std::size_t count) {
  std::uint32_t state = 2166136261u;
  for (char byte : name) state = (state ^ static_cast<std::uint8_t>(byte)) * 16777619u;
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back(state / 2147483648.0 - 1);
  }
  return values;
}

Matrix Picture(std::size_t high = kHigh, std::size_t wide = kWide) {
  const std::vector<double> values = Values("picture", 3 * high * wide);
  Matrix picture(3 * high, wide);
  for (std::size_t i = 0; i < values.size(); ++i) picture.data[i] = static_cast<float>(values[i]);
  return picture;
}

ModelInfo InfoOf(const char* architecture, std::size_t high = kHigh) {
  const Architecture& found = FindArchitecture(architecture);
  ModelInfo info;
  info.architecture = found.name;
  info.architecture_options = found.default_options;
  info.features.n_mels = static_cast<int>(3 * high);
  info.embedding_dim = found.default_embedding_dim;
  return info;
}

Model MadeUpModel(const ModelInfo& info) {
  Model model;
  model.info = info;
  for (const Parameters& one : Describe(info).parameters) {
    auto add = [&](const char* kind, std::vector<std::int64_t> shape, double middle, double width) {
      Tensor tensor{one.name + "." + kind, std::move(shape), {}};
      std::size_t count = 1;
      for (std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
      for (double value : Values(tensor.name, count))
        tensor.data.push_back(static_cast<float>(middle + width * value));
      model.tensors.push_back(std::move(tensor));
    };
    if (one.is_norm) {
      add("weight", one.shape, 1, 0.3);
      add("bias", one.shape, 0, 0.3);
      add("running_mean", one.shape, 0, 0.3);
      add("running_var", one.shape, 1, 0.3);
      continue;
    }
    double inputs = 1;
    for (std::size_t d = 1; d < one.shape.size(); ++d) inputs *= static_cast<double>(one.shape[d]);
    add("weight", one.shape, 0, std::sqrt(6 / inputs));
    if (one.bias) add("bias", {one.shape[0]}, 0, 0.1);
  }
  return model;
}

// Behind the last layer of "features.STAGE".
std::size_t EndOf(const Description& description, std::size_t stage) {
  const std::string next = "features." + std::to_string(stage + 1) + ".";
  std::size_t end = 0;
  while (end < description.layers.size() && !description.layers[end].name.starts_with(next)) ++end;
  return stage == 8 ? description.layers.size() - 1 : end;
}

torch::Tensor RunLayers(Description description, std::size_t layers, const Model& model,
                        const Matrix& picture) {
  description.layers.resize(layers);
  const std::shared_ptr<EmbeddingNetwork> network = MakeGraphNetwork(description);
  ImportTensors(model.tensors, *network);
  network->eval();
  torch::NoGradGuard guard;
  return network->forward(torch::from_blob(
      const_cast<float*>(picture.data.data()),
      {1, static_cast<std::int64_t>(picture.rows), static_cast<std::int64_t>(picture.cols)}));
}

// tests/torch/make_efficientnet_golden.py: the mean, the root of the mean square, four values.
constexpr double kTorchvisions[10][6] = {
    {0.1784417, 0.5364046, -0.04613463, -0.1574146, 0.7251299, 0.8364024},
    {-0.03307518, 0.3718292, -0.04263121, -0.9022213, 0.1655916, 0.358084},
    {0.170188, 0.4153406, 0.2451726, -0.2965641, 0.5717847, -0.4134321},
    {0.1057566, 0.5348525, -0.366447, 0.3437212, -0.1407272, 0.4111156},
    {0.009910225, 0.6742792, -0.6931566, -1.264274, 0.6100244, -0.01156246},
    {0.04692736, 0.6370063, -0.1165312, 0.2346772, -0.000251323, 1.361939},
    {-0.03684238, 0.5908847, -0.604707, 0.3122035, -1.235045, 0.5898051},
    {0.009454345, 0.3321854, -0.5858481, -0.4313979, 0.5501469, 0.4310022},
    {0.06117816, 0.2842638, -0.01991668, 0.4116065, -0.1466645, 0.1394565},
    {0.06117816, 0.2622555, 0.03135443, 0.2422243, -0.216053, 0.09519592},
};

TEST(EfficientNet, EveryStageGivesWhatTorchvisionsGives) {
  torch::set_num_threads(1);
  const ModelInfo info = InfoOf("efficientnet_b0");
  const Model model = MadeUpModel(info);
  const Description description = Describe(info);
  for (std::size_t stage = 0; stage < 10; ++stage) {
    const std::size_t layers = stage == 9 ? description.layers.size() : EndOf(description, stage);
    const torch::Tensor found =
        RunLayers(description, layers, model, Picture()).to(torch::kDouble).contiguous().flatten();
    const double* values = found.data_ptr<double>();
    const std::int64_t last = found.numel() - 1;
    const double* golden = kTorchvisions[stage];
    EXPECT_NEAR(found.mean().item<double>(), golden[0], 2e-5) << "stage " << stage;
    EXPECT_NEAR(found.square().mean().sqrt().item<double>(), golden[1], 2e-5) << "stage " << stage;
    for (std::int64_t k = 0; k < 4; ++k)
      EXPECT_NEAR(values[k * last / 3], golden[2 + k], 2e-5) << "stage " << stage << ", " << k;
  }
  std::size_t parameters = 0;
  for (const Tensor& tensor : model.tensors)
    if (!tensor.name.ends_with("running_mean") && !tensor.name.ends_with("running_var"))
      parameters += tensor.data.size();
  EXPECT_EQ(parameters, 4007548u);  // torchvision's `features`
}

double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  return worst;
}

class PictureNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(PictureNetworks, EveryEngineGivesWhatLibTorchGives) {
  const Model model = MadeUpModel(InfoOf(GetParam(), 40));
  for (std::size_t wide : {40, 57}) {
    const Matrix picture = Picture(40, wide);
    std::shared_ptr<EmbeddingNetwork> module = MakeModule(model.info);
    ImportTensors(model.tensors, *module);
    const std::vector<float> expected = WrapModule(module, torch::kCPU, 1)->Forward(picture);
    EXPECT_EQ(expected.size(), static_cast<std::size_t>(model.info.embedding_dim));
    EXPECT_LT(Difference(MakeOneDnnNetwork(BuildGraph(model))->Forward(picture), expected), 5e-5);
    const std::string path = test::TempPath("picture.pt");
    WriteFileAtomically(path, TorchScriptArchive(MakeScriptModule(BuildGraph(model))));
    EXPECT_LT(Difference(LoadTorchScript(path, torch::kCPU)->Forward(picture), expected), 5e-5);
#ifdef VPR_TEST_OPENCV
    test::OpenCvNetwork network(OnnxFile(model));
    EXPECT_LT(Difference(network.Forward(picture), expected), 1e-4);
#endif
  }
}

INSTANTIATE_TEST_SUITE_P(All, PictureNetworks,
                         ::testing::Values("efficientnet_b0", "efficientnet_small"),
                         [](const auto& one) { return std::string(one.param); });

TEST(EfficientNet, LeavesOutWholeBlocksWhileTraining) {
  const ModelInfo info = InfoOf("efficientnet_b0");
  std::vector<double> dropped;
  for (const Layer& layer : Describe(info).layers)
    if (layer.kind == Layer::Kind::kDropout) {
      EXPECT_TRUE(layer.whole);
      dropped.push_back(layer.dropped);
    }
  // torchvision's: stochastic_depth.p of the blocks with use_res_connect.
  const std::vector<double> expected = {0.025, 0.05, 0.075,  0.0875, 0.1125,
                                        0.125, 0.15, 0.1625, 0.175};
  ASSERT_EQ(dropped.size(), expected.size());
  for (std::size_t i = 0; i < dropped.size(); ++i) EXPECT_NEAR(dropped[i], expected[i], 1e-9) << i;

  // A block left out is its input, kept ones stand for the others: on average nothing changes.
  Description only;
  only.layers.resize(2);
  only.layers[0].node.channels = only.layers[1].node.channels = 2;
  only.layers[1].kind = Layer::Kind::kDropout;
  only.layers[1].node.inputs = {0};
  only.layers[1].dropped = 0.25;
  only.layers[1].whole = true;
  const std::shared_ptr<EmbeddingNetwork> network = MakeGraphNetwork(only);
  torch::manual_seed(3);
  network->train();
  const torch::Tensor found = network->forward(torch::ones({4000, 2, 3}));
  const torch::Tensor sums = found.sum({1, 2});
  EXPECT_NEAR(found.mean().item<double>(), 1, 0.05);
  EXPECT_EQ(((sums == 0) | (torch::abs(sums - 8) < 1e-4)).sum().item<std::int64_t>(), 4000);
  network->eval();
  EXPECT_TRUE(torch::equal(network->forward(torch::ones({5, 2, 3})), torch::ones({5, 2, 3})));
}

TEST(EfficientNet, RefusesSpeech) {
  ModelInfo info = InfoOf("efficientnet_small");
  info.features.n_mels = 128;
  EXPECT_NE(test::FailureOf([&] { Describe(info); }).find("takes pictures"), std::string::npos);
}

}  // namespace
}  // namespace vpr
