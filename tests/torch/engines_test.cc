// Every way to run a network against LibTorch: oneDNN, and the exported files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

#include "network/graph_builder.h"
#include "network/torchscript.h"
#include "onednn/onednn_network.h"
#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "torch/registry.h"
#include "torch/tdnn.h"
#include "torch/torch_network.h"
#include "torch/torchscript.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/fusion.h"
#include "vpr/network/import.h"
#ifdef VPR_TEST_OPENCV
#include "support/opencv_network.h"
#endif

namespace vpr {
namespace {

struct Shape {
  const char* name;
  const char* architecture;
  ArchitectureOptions options;
  int n_mels = 128;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

// LSTMs in both directions, and what is taken of them.
std::size_t DescribeBothWays(GraphBuilder& builder, const ModelInfo& info) {
  GraphBuilder::Conv conv{"conv", 10, 1};
  conv.shape.kernel_frames = 3;
  conv.shape.stride_frames = 2;
  GraphBuilder::Value x = builder.Apply(conv, builder.Norm("input_norm", builder.Input()));
  x = builder.LstmBothWays("first", x, 17);
  x = builder.LstmBothWays("second", x, 9);
  return builder.Apply({"embedding", static_cast<std::size_t>(info.embedding_dim), 0},
                       builder.Concat({builder.Plain(Node::Op::kLastFrame, {x}),
                                       builder.Plain(Node::Op::kFirstFrame, {x}),
                                       builder.Plain(Node::Op::kMean, {x})}));
}

// A model with random weights and statistics, as after some training. Of "fusion": of a ResNet and
// an ECAPA-TDNN.
Model RandomModel(const Shape& shape) {
  [[maybe_unused]] static const bool added =
      (AddArchitecture({"both_ways", 24, {}, DescribeBothWays}), true);
  if (shape.architecture == std::string(kFusion))
    return FuseModels({RandomModel({"", "resnet", {}, shape.n_mels}),
                       RandomModel({"", "ecapa", {}, shape.n_mels})});
  torch::set_num_threads(1);
  torch::manual_seed(7);
  Model model;
  model.info.architecture = shape.architecture;
  model.info.architecture_options =
      CompleteOptions(FindArchitecture(shape.architecture), shape.options);
  model.info.features.n_mels = shape.n_mels;
  model.info.embedding_dim = 24;
  std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
  network->train();
  torch::NoGradGuard guard;
  for (int i = 0; i < 5; ++i) network->forward(3 * torch::randn({4, shape.n_mels, 64}) - 5);
  for (const auto& [name, value] : NetworkState(*network)) {
    if (name.find("norm") != std::string::npos && name.ends_with(".bias"))
      value.copy_(0.3 * torch::randn_like(value));
  }
  model.tensors = ExportTensors(*network);
  return model;
}

Matrix RandomFeatures(std::size_t bands, std::size_t frames) {
  Matrix features(bands, frames);
  Rng rng(3, frames);
  for (float& value : features.data) value = static_cast<float>(3 * rng.Normal() - 5);
  return features;
}

std::unique_ptr<Network> Reference(const Model& model) {
  std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
  ImportTensors(model.tensors, *network);
  return WrapModule(std::move(network), torch::kCPU, 1);
}

// The greatest difference of the embeddings, each scaled to length 1.
double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double length_a = 0, length_b = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    length_a += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    length_b += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) / std::sqrt(length_a) -
                                       static_cast<double>(b[i]) / std::sqrt(length_b));
    if (!(difference <= worst)) worst = difference;  // NaN counts
  }
  return worst;
}

const std::vector<std::size_t> kFrames = {16, 17, 31, 32, 33, 128, 251, 400, 626};

class Engines : public ::testing::TestWithParam<Shape> {
 protected:
  void ExpectSame(Network& network, double within) {
    const std::unique_ptr<Network> reference = Reference(model_);
    for (std::size_t frames : kFrames) {
      const Matrix features = RandomFeatures(static_cast<std::size_t>(GetParam().n_mels), frames);
      EXPECT_LT(Difference(network.Forward(features), reference->Forward(features)), within)
          << frames << " frames";
    }
  }

  const Model model_ = RandomModel(GetParam());
};

TEST_P(Engines, OneDnnGivesWhatLibTorchGives) {
  const std::unique_ptr<Network> network = MakeOneDnnNetwork(BuildGraph(model_));
  ExpectSame(*network, 2e-5);
}

TEST_P(Engines, OneDnnGivesTheSameOnManyThreadsAndAgain) {
  const std::unique_ptr<Network> network = MakeOneDnnNetwork(BuildGraph(model_));
  std::vector<Matrix> features;
  for (std::size_t frames : kFrames)
    features.push_back(RandomFeatures(static_cast<std::size_t>(GetParam().n_mels), frames));
  std::vector<std::vector<float>> once;
  for (const Matrix& one : features)
    once.push_back(MakeOneDnnNetwork(BuildGraph(model_))->Forward(one));
  std::vector<std::thread> threads;
  std::atomic<int> different{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 3 * features.size(); ++i) {
        const std::size_t which = (i * (2 * static_cast<std::size_t>(t) + 1)) % features.size();
        if (network->Forward(features[which]) != once[which]) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

// The weights that int8 rounds to are the model's, so LibTorch's float32 differs by what rounding
// the activations to 8 bits does.
TEST_P(Engines, Int8IsClose) {
  Model model = model_;
  QuantizeWeights(model, WeightType::kInt8);
  const std::unique_ptr<Network> network = MakeOneDnnNetwork(BuildGraph(model)),
                                 reference = Reference(model);
  for (std::size_t frames : kFrames) {
    const Matrix features = RandomFeatures(static_cast<std::size_t>(GetParam().n_mels), frames);
    const std::vector<float> found = network->Forward(features),
                             expected = reference->Forward(features);
    EXPECT_LT(Difference(found, expected), 0.05) << frames << " frames";
    EXPECT_NE(found, MakeOneDnnNetwork(BuildGraph(model_))->Forward(features));
  }
}

TEST_P(Engines, TorchScriptGivesTheSame) {
  const std::string path = test::TempPath("engines.pt");
  WriteFileAtomically(path, TorchScriptArchive(MakeScriptModule(BuildGraph(model_))));
  ExpectSame(*LoadTorchScript(path, torch::kCPU), 2e-5);
}

TEST_P(Engines, OnnxImportedAgainGivesTheSame) {
  const Model again = ImportNetwork(OnnxFile(model_), "m.onnx", {});
  EXPECT_EQ(again.info.features, model_.info.features);
  EXPECT_EQ(again.info.crop_seconds, model_.info.crop_seconds);
  const Graph graph = BuildGraph(again);
  EXPECT_LE(graph.nodes.size(), BuildGraph(model_).nodes.size());
  ExpectSame(*MakeOneDnnNetwork(graph), 1e-4);
}

#ifdef VPR_TEST_OPENCV
TEST_P(Engines, OnnxInOpenCvGivesTheSame) {
  test::OpenCvNetwork network(OnnxFile(model_));
  ExpectSame(network, 1e-4);
}
#endif

INSTANTIATE_TEST_SUITE_P(
    All, Engines,
    ::testing::Values(
        Shape{"resnet", "resnet", {}}, Shape{"resnet_squeeze", "resnet", {{"squeeze", {4}}}},
        Shape{"resnet_attention", "resnet", {{"attention", {32}}}},
        Shape{"resnet_both",
              "resnet",
              {{"squeeze", {8}}, {"attention", {16}}, {"first_stride", {2, 1}}}},
        Shape{"resnet_odd",
              "resnet",
              {{"channels", {5, 7, 9, 11}}, {"blocks", {1, 1, 2, 1}}, {"first_stride", {1, 2}}},
              77},
        Shape{"ecapa", "ecapa", {}},
        Shape{"ecapa_80", "ecapa", {{"channels", {128}}, {"scale", {4}}}, 80},
        Shape{"dwnet", "dwnet", {}},
        Shape{"dwnet_odd",
              "dwnet",
              {{"front", {3, 5, 7}},
               {"frame_stride", {1}},
               {"channels", {20}},
               {"blocks", {3}},
               {"kernel", {5}},
               {"expansion", {3}},
               {"dilation", {3}},
               {"squeeze", {0}},
               {"outputs", {2}},
               {"aggregate", {30}}},
              77},
        Shape{"campplus", "campplus", {{"layers", {2, 3, 2}}}, 80},
        Shape{"campplus_odd",
              "campplus",
              {{"front", {3}},
               {"front_blocks", {1}},
               {"frame_stride", {1}},
               {"channels", {9}},
               {"layers", {2, 1, 3}},
               {"dilations", {3, 1, 2}},
               {"growth", {5}},
               {"bottleneck", {7}},
               {"segment", {30}}},
              77},
        Shape{"ge2e", "ge2e", {}, 40},
        Shape{"ge2e_odd", "ge2e", {{"hidden", {37}}, {"layers", {1}}}, 41},
        Shape{"both_ways", "both_ways", {}, 30}, Shape{"fusion", kFusion, {}},
        Shape{"cnn", "cnn", {}}, Shape{"cnn_odd", "cnn", {{"channels", {3, 10}}}, 61}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(BuildGraph, KnowsEveryArchitecture) {
  for (const Architecture& architecture : Architectures()) {
    ModelInfo info;
    info.architecture = architecture.name;
    EXPECT_TRUE(HasGraph(info)) << architecture.name;
  }
}

TEST(BuildGraph, RefusesWhatLibTorchRefuses) {
  const Model model = RandomModel({"resnet", "resnet", {}});
  Model missing = model, renamed = model, reshaped = model, extra = model, other = model;
  missing.tensors.pop_back();
  renamed.tensors[0].name += "x";
  reshaped.tensors[0].shape.push_back(1);
  extra.tensors.push_back({"more", {1}, {0}});
  other.info.architecture = "transformer";
  for (const Model* bad : {&missing, &renamed, &reshaped, &extra, &other})
    EXPECT_THROW(BuildGraph(*bad), Error);
  for (const ArchitectureOptions& options :
       std::vector<ArchitectureOptions>{{{"channels", {16, 32, 64, 128}}},
                                        {{"blocks", {2, 2, 2, 0}}},
                                        {{"first_stride", {9999, 1}}}}) {
    Model bad = model;
    for (const auto& [name, values] : options) bad.info.architecture_options[name] = values;
    if (options.contains("channels")) bad.info.architecture_options.erase("blocks");
    EXPECT_THROW(BuildGraph(bad), Error);
  }
}

TEST(BuildGraph, RefusesAFusionWhosePartsDoNotFit) {
  const Model model = RandomModel({"", kFusion, {}});
  EXPECT_TRUE(HasGraph(model.info));
  Model without_parts = model, too_long = model, nested = model, unknown = model, other = model;
  without_parts.info.parts.clear();
  too_long.info.parts[1].embedding_dim += 1;
  nested.info.parts[0].architecture = kFusion;
  unknown.info.parts[0].architecture = "transformer";
  other.tensors[0].name = "network3.x";
  for (const Model* bad : {&without_parts, &too_long, &nested, &unknown, &other}) {
    EXPECT_THROW(BuildGraph(*bad), Error);
    EXPECT_THROW(Reference(*bad), Error);
  }
  EXPECT_FALSE(HasGraph(unknown.info));
}

// cnn on 128 bands and 100 frames: 20 x 25 on 124 x 96, 50 x 20 x 25 on 58 x 44 (half of that, less
// 4), 50 x 128, 128 x 24. A depthwise convolution multiplies each channel with its own weights
// only.
TEST(MultiplyAdds, CountsTheConvolutions) {
  Graph graph = BuildGraph(RandomModel({"cnn", "cnn", {}}));
  EXPECT_EQ(MultiplyAdds(graph, 100),
            20u * 25 * 124 * 96 + 50u * 20 * 25 * 58 * 44 + 50 * 128 + 128 * 24);
  Node depthwise;
  depthwise.op = Node::Op::kConv;
  depthwise.inputs = {0};
  depthwise.channels = depthwise.groups = 6;
  depthwise.kernel_frames = 5;
  depthwise.pad_frames = 2;
  depthwise.stride_frames = 2;
  graph.nodes.resize(1);
  graph.nodes[0].channels = 6;
  graph.nodes.push_back(depthwise);
  EXPECT_EQ(MultiplyAdds(graph, 9), 6u * 5 * 5);
}

// Two LSTMs of 5 on 7 and on 5 channels, and 5 x 24.
TEST(MultiplyAdds, CountsLstms) {
  const Graph graph = BuildGraph(RandomModel({"", "ge2e", {{"hidden", {5}}, {"layers", {2}}}, 7}));
  EXPECT_EQ(MultiplyAdds(graph, 9), 9u * 4 * 5 * (7 + 5 + 5 + 5) + 5 * 24);
}

// All that a new architecture takes: its description.
std::size_t DescribePlain(GraphBuilder& builder, const ModelInfo& info) {
  const auto channels = static_cast<std::size_t>(builder.Option("channels", 1, 1)[0]);
  GraphBuilder::Conv conv{"conv", channels, 1, false};
  conv.shape.kernel_frames = 3;
  conv.shape.pad_frames = 1;
  conv.norm = "norm";
  conv.activation = Activation::kRelu;
  const GraphBuilder::Value x = builder.Apply(conv, builder.Norm("input_norm", builder.Input()));
  return builder.Apply({"embedding", static_cast<std::size_t>(info.embedding_dim), 0},
                       builder.Statistics(x));
}

TEST(AddArchitecture, OneDescriptionIsTrainedRunAndExported) {
  AddArchitecture({"plain", 16, {{"channels", {12}}}, DescribePlain});
  Model model;
  model.info.architecture = "plain";
  model.info.features.n_mels = 20;
  model.info.embedding_dim = FindArchitecture("plain").default_embedding_dim;
  model.info.architecture_options = CompleteOptions(FindArchitecture("plain"), {});
  torch::manual_seed(3);
  const std::shared_ptr<EmbeddingNetwork> network = MakeModule(model.info);
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.05));
  const torch::Tensor features = torch::randn({8, 20, 40}), wanted = torch::randn({8, 16});
  std::vector<float> losses;
  for (int step = 0; step < 20; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss = (network->forward(features) - wanted).square().mean();
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<float>());
  }
  EXPECT_LT(losses.back(), 0.8f * losses.front());
  model.tensors = ExportTensors(*network);
  const Matrix speech = RandomFeatures(20, 50);
  const std::vector<float> expected = Reference(model)->Forward(speech);
  EXPECT_TRUE(HasGraph(model.info));
  EXPECT_LT(Difference(MakeOneDnnNetwork(BuildGraph(model))->Forward(speech), expected), 2e-5);
  const Model again = ImportNetwork(OnnxFile(model), "plain.onnx", {});
  EXPECT_LT(Difference(MakeOneDnnNetwork(BuildGraph(again))->Forward(speech), expected), 1e-4);
}

// Models made before the resnet had gates and attention do not name these options.
TEST(BuildGraph, OptionsThatCameLaterMayBeMissing) {
  Model model = RandomModel({"resnet", "resnet", {}});
  model.info.architecture_options.erase("squeeze");
  model.info.architecture_options.erase("attention");
  EXPECT_EQ(BuildGraph(model).nodes.size(),
            BuildGraph(RandomModel({"", "resnet", {}})).nodes.size());
}

// A network of one line: the means of the bands, after something else that does not count.
TEST(TorchScript, RunsOnKaldiFeatures) {
  const std::string path = test::TempPath("means.pt"), text = test::TempPath("text.pt");
  WriteFileAtomically(path, TorchScriptArchive({"def forward(self, feats: Tensor):\n"
                                                "    return feats, feats.mean([1])\n",
                                                {},
                                                {}}));
  const std::string options = "fbank40-raw";
  const EmbeddingExtractor extractor = EmbeddingExtractor::OpenTorchScript(path, options, {});
  EXPECT_EQ(extractor.info().embedding_dim, 40);
  const std::vector<float> speech = test::SyntheticUtterance(1, 1, 12);
  const Matrix features = MakeFrontEnd(options)->Compute(speech);
  std::vector<float> expected;
  for (std::size_t m = 0; m < features.rows; ++m)
    expected.push_back(std::accumulate(features.row(m), features.row(m) + features.cols, 0.0f));
  EXPECT_LT(Difference(extractor.Extract(speech), expected), 1e-5);

  WriteFileAtomically(text, TorchScriptArchive({"def forward(self, feats: Tensor):\n"
                                                "    return \"none\"\n",
                                                {},
                                                {}}));
  EXPECT_THROW(EmbeddingExtractor::OpenTorchScript(text, options, {}), Error);
}

TEST(OneDnnNetwork, TooShortIsAnError) {
  const std::unique_ptr<Network> network =
      MakeOneDnnNetwork(BuildGraph(RandomModel({"cnn", "cnn", {}})));
  EXPECT_THROW(network->Forward(RandomFeatures(128, 5)), Error);
}

// A network with an output every second frame.
TEST(Tdnn, OneDnnGivesWhatLibTorchGives) {
  TdnnShape shape;
  shape.inputs = 20;
  shape.outputs = 12;
  shape.channels = 32;
  torch::manual_seed(4);
  auto module = std::make_shared<Tdnn>(shape);
  module->train();
  for (int i = 0; i < 5; ++i) module->forward(torch::randn({4, 20, 60}) * 2 + 1);
  const std::unique_ptr<Network> network =
      MakeOneDnnNetwork(BuildTdnn(shape, ExportTensors(*module)));
  module->eval();
  for (std::size_t frames : {1, 2, 31, 32, 33, 100, 257}) {
    const Matrix features = RandomFeatures(20, frames);
    const std::vector<float> found = network->Forward(features);
    const torch::Tensor expected =
        module
            ->forward(torch::from_blob(const_cast<float*>(features.data.data()),
                                       {1, 20, static_cast<std::int64_t>(frames)}, torch::kFloat))
            .detach()[0]
            .transpose(0, 1)
            .contiguous()
            .flatten();
    ASSERT_EQ(found.size(), TdnnFrames(frames) * 12);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[static_cast<std::int64_t>(i)].item<float>(), 2e-4) << frames;
  }
}

TEST(Tdnn, RefusesTensorsThatDoNotFit) {
  TdnnShape shape;
  shape.inputs = 20;
  shape.outputs = 12;
  Tdnn module(shape);
  std::vector<Tensor> tensors = ExportTensors(module);
  shape.outputs = 13;
  EXPECT_THROW(BuildTdnn(shape, tensors), Error);
  shape.outputs = 12;
  shape.dilations = {1};
  EXPECT_THROW(BuildTdnn(shape, tensors), Error);
  shape.dilations = {1, 2, 4, 1, 2, 4};
  shape.kernel = 4;
  EXPECT_THROW(BuildTdnn(shape, tensors), Error);
}

// Of networks with features of their own, each is heard with its own, and counts by its weight.
TEST(MixedFusion, JoinsWhatItsNetworksSay) {
  Model one = RandomModel({"", "resnet", {}, 64}), other = RandomModel({"", "dwnet", {}, 80});
  other.info.features.n_fft = 512;
  other.info.features.win_length = 400;
  other.info.features.hop_length = 200;
  other.info.features.mean_norm = true;
  const Model fusion = FuseModels({one, other}, {1, 3});
  ASSERT_TRUE(IsMixed(fusion.info));
  EXPECT_THROW(BuildGraph(fusion), Error);
  const std::vector<float> speech = test::SyntheticUtterance(5, 1, 3.0);
  for (const char* backend : {"onednn", "libtorch"}) {
    ExtractorOptions options;
    options.backend = backend;
    const std::vector<float> joined = EmbeddingExtractor::Open(fusion, options).Extract(speech),
                             first = EmbeddingExtractor::Open(one, options).Extract(speech),
                             second = EmbeddingExtractor::Open(other, options).Extract(speech);
    ASSERT_EQ(joined.size(), first.size() + second.size());
    for (std::size_t i = 0; i < joined.size(); ++i) {
      const float expected = i < first.size() ? first[i] * std::sqrt(0.25f)
                                              : second[i - first.size()] * std::sqrt(0.75f);
      EXPECT_NEAR(joined[i], expected, 1e-6) << backend << " " << i;
    }
    EXPECT_THROW(EmbeddingExtractor::Open(fusion, options).ExtractFromMel(Matrix(64, 100)), Error);
  }
}

}  // namespace
}  // namespace vpr
