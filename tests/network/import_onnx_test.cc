#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/testing.h"
#include "network/graph_json.h"
#include "onednn/onednn_network.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/model/average.h"
#include "vpr/model/fusion.h"
#include "vpr/network/graph.h"
#include "vpr/network/import.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kLengths[] = {120, 333};  // as in make_onnx_golden.py

Matrix Features(std::size_t frames) {
  Matrix features(80, frames);
  std::int64_t state = 1;
  for (float& value : features.data) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    value = static_cast<float>(state >> 16) / 16384 - 1;
  }
  return features;
}

std::string FileOf(const std::string& family) {
  return ReadFile(std::string(VPR_TEST_DATA "/") + family + ".onnx");
}

Model Imported(const std::string& family, const std::string& front_end = "wespeaker") {
  return ImportNetwork(FileOf(family), family + ".onnx", {"", front_end, "", ""});
}

// What the message of a refusal says.
std::string RefusalOf(const std::string& content, ErrorCode code = ErrorCode::kIncompatible,
                      const std::string& front_end = "wespeaker") {
  return MessageOf(code, [&] { ImportNetwork(content, "net.onnx", {"", front_end, "", ""}); });
}

struct Family {
  const char* name;
  const char* front_end;  // that its metadata name
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class ImportFamily : public ::testing::TestWithParam<Family> {};

// tests/network/make_onnx_golden.py: PyTorch's exporter, onnxruntime's embeddings.
TEST_P(ImportFamily, EmbedsAsOnnxruntime) {
  const Matrix golden = ReadNpy(std::string(VPR_TEST_DATA "/") + GetParam().name + "_onnx.npy");
  TestFolder folder;
  Model model = Imported(GetParam().name);
  SaveModel(folder / "net.vpr", model);
  const Model loaded = LoadModel(folder / "net.vpr");
  EXPECT_EQ(loaded.info.network_fingerprint, model.info.network_fingerprint);
  const auto network = MakeOneDnnNetwork(BuildGraph(loaded));
  for (std::size_t row = 0; row < std::size(kLengths); ++row) {
    const std::vector<float> found = network->Forward(Features(kLengths[row]));
    ASSERT_EQ(found.size(), golden.cols);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], golden(row, i), 1e-4) << kLengths[row] << " frames, value " << i;
  }
}

TEST_P(ImportFamily, FrontEndComesFromMetadata) {
  if (*GetParam().front_end == 0) {
    EXPECT_THAT(RefusalOf(FileOf(GetParam().name), ErrorCode::kInvalidArgument, ""),
                HasSubstr("give --front-end"));
  } else {
    EXPECT_EQ(Imported(GetParam().name, "").info.front_end, GetParam().front_end);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, ImportFamily,
    ::testing::Values(Family{"resnet", ""}, Family{"ecapa", "wespeaker"}, Family{"speechbrain", ""},
                      Family{"campplus", "3dspeaker"}, Family{"eres2net", "3dspeaker"},
                      Family{"titanet", "titanet"}, Family{"ge2e", ""}, Family{"bothways", ""}),
    [](const auto& family) { return family.param.name; });

TEST(ImportOnnx, GraphsOfExportersAreShort) {
  // Batch normalisations, masks, shape arithmetic and the sums of blocks are gone.
  EXPECT_LE(BuildGraph(Imported("resnet")).nodes.size(), 24u);
  EXPECT_LE(BuildGraph(Imported("titanet")).nodes.size(), 55u);
  // Input, three LSTMs, the last frame, the linear layer, its length.
  EXPECT_EQ(BuildGraph(Imported("ge2e")).nodes.size(), 7u);
}

TEST(ImportOnnx, FusionsTakeThem) {
  const Model fusion = FuseModels({Imported("resnet"), Imported("ecapa")});
  const std::vector<float> both = MakeOneDnnNetwork(BuildGraph(fusion))->Forward(Features(150));
  const std::vector<float> one =
      MakeOneDnnNetwork(BuildGraph(Imported("ecapa")))->Forward(Features(150));
  ASSERT_EQ(both.size(), 32u);
  double length = 0;
  for (float value : one) length += static_cast<double>(value) * static_cast<double>(value);
  for (std::size_t i = 0; i < one.size(); ++i)
    EXPECT_NEAR(both[16 + i], static_cast<double>(one[i]) / std::sqrt(length), 1e-5);
  TestFolder folder;
  Model saved = fusion;
  SaveModel(folder / "fusion.vpr", saved);
  const std::vector<Model> parts = PartsOf(LoadModel(folder / "fusion.vpr"));
  EXPECT_EQ(MakeOneDnnNetwork(BuildGraph(parts[1]))->Forward(Features(150)), one);
}

TEST(ImportOnnx, Int8IsClose) {
  Model model = Imported("resnet");
  const auto exact = MakeOneDnnNetwork(BuildGraph(model))->Forward(Features(200));
  QuantizeWeights(model, WeightType::kInt8);
  const auto found = MakeOneDnnNetwork(BuildGraph(model))->Forward(Features(200));
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    xy += static_cast<double>(exact[i]) * static_cast<double>(found[i]);
    xx += static_cast<double>(exact[i]) * static_cast<double>(exact[i]);
    yy += static_cast<double>(found[i]) * static_cast<double>(found[i]);
  }
  EXPECT_GT(xy / std::sqrt(xx * yy), 0.99);
}

TEST(ImportOnnx, OtherNetworksOfOneShapeAreNotAveraged) {
  EXPECT_THROW(AverageModels({Imported("resnet"), Imported("ecapa")}, {1, 1}), Error);
}

// Small files by hand: as protocol buffers are written.
std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Bytes(int field, const std::string& content) {
  return Varint(static_cast<std::uint64_t>(field) << 3 | 2) + Varint(content.size()) + content;
}
std::string Integer(int field, std::uint64_t value) {
  return Varint(static_cast<std::uint64_t>(field) << 3) + Varint(value);
}

std::string Tensor32(const std::string& name, const std::vector<std::uint64_t>& shape,
                     const std::vector<float>& values) {
  std::string bytes;
  for (std::uint64_t extent : shape) bytes += Integer(1, extent);
  std::string raw(values.size() * sizeof(float), '\0');
  if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
  return bytes + Integer(2, 1) + Bytes(8, name) + Bytes(9, raw);
}
std::string NodeOf(const std::string& type, const std::vector<std::string>& inputs,
                   const std::string& output) {
  std::string bytes;
  for (const std::string& input : inputs) bytes += Bytes(1, input);
  return bytes + Bytes(2, output) + Bytes(3, "the " + type) + Bytes(4, type);
}
std::string InputOf(const std::string& name, const std::vector<int>& shape) {
  std::string dimensions;
  for (int extent : shape)
    dimensions +=
        Bytes(1, extent < 0 ? Bytes(2, "n") : Integer(1, static_cast<std::uint64_t>(extent)));
  return Bytes(1, name) + Bytes(2, Bytes(1, Integer(1, 1) + Bytes(2, dimensions)));
}

struct File {
  std::vector<int> input = {-1, -1, 80};
  std::vector<std::string> nodes, tensors;
  std::string Write() const {
    std::string graph;
    for (const std::string& node : nodes) graph += Bytes(1, node);
    for (const std::string& tensor : tensors) graph += Bytes(5, tensor);
    graph += Bytes(11, InputOf("feats", input)) + Bytes(12, InputOf("embs", {-1, 4}));
    return Integer(1, 8) + Bytes(7, graph) + Bytes(8, Integer(2, 17));
  }
};

// The mean over the frames times a matrix.
File Plain() {
  File file;
  file.nodes = {NodeOf("ReduceMean", {"feats"}, "mean") +
                    Bytes(5, Bytes(1, "axes") + Integer(8, 1)) +
                    Bytes(5, Bytes(1, "keepdims") + Integer(3, 0)),
                NodeOf("MatMul", {"mean", "w"}, "embs")};
  file.tensors = {Tensor32("w", {80, 4}, std::vector<float>(320, 0.5f))};
  return file;
}

TEST(ImportOnnx, HandMadeFile) {
  const Model model = ImportNetwork(Plain().Write(), "n", {"", "wespeaker", "", ""});
  const std::vector<float> found = MakeOneDnnNetwork(BuildGraph(model))->Forward(Matrix(80, 50));
  EXPECT_EQ(found, std::vector<float>(4, 0.0f));
}

TEST(ImportOnnx, HostileFilesAreOneLine) {
  EXPECT_THAT(RefusalOf("", ErrorCode::kCorrupt), HasSubstr("no ONNX file"));
  EXPECT_THAT(RefusalOf("RIFF0000WAVE", ErrorCode::kCorrupt), HasSubstr("no ONNX file"));
  const std::string whole = Plain().Write();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try {
      ImportNetwork(whole.substr(0, size), "n", {"", "wespeaker", "", ""});
      ADD_FAILURE() << size << " bytes were read";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
  File file = Plain();
  file.tensors.clear();
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("'the MatMul' needs 'w', which no operation"));
  file = Plain();
  file.tensors[0] = Tensor32("w", {std::uint64_t{1} << 31, 4}, {});
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("2147483648"));
  file.tensors[0] = Tensor32("w", {0, std::uint64_t{1} << 62, std::uint64_t{1} << 62}, {});
  RefusalOf(file.Write());
  file.tensors[0] = Tensor32("w", {static_cast<std::uint64_t>(-4)}, {});
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("-4"));
  file.tensors[0] = Tensor32("w", {80, 5}, std::vector<float>(320));
  EXPECT_THAT(RefusalOf(file.Write(), ErrorCode::kCorrupt), HasSubstr("320 values"));
  file.tensors[0] = Tensor32("w", {80, 4}, {}) +
                    Bytes(13, Bytes(1, "location") + Bytes(2, "/etc/passwd")) + Integer(14, 1);
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("'w' is kept in another file"));
  file = Plain();
  file.nodes = {NodeOf("Relu", {"b"}, "a"), NodeOf("Relu", {"a"}, "b"),
                NodeOf("Add", {"a", "b"}, "embs")};
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("needs 'b', which no operation before it makes"));
  file = Plain();
  file.nodes.push_back(NodeOf("Relu", {"mean"}, "mean"));
  EXPECT_THAT(RefusalOf(file.Write(), ErrorCode::kCorrupt), HasSubstr("'mean' is given twice"));
  file = Plain();
  file.nodes[1] = NodeOf("If", {"mean"}, "embs") + Bytes(5, Bytes(1, "then_branch") + Bytes(6, ""));
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("If 'the If'"));
  file = Plain();
  file.nodes[1] = NodeOf("NonMaxSuppression\x1b[2J", {"mean"}, "embs");
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("\\x1b"));
  file.nodes[1] = NodeOf(std::string(1 << 20, 'N'), {"mean"}, "embs");
  EXPECT_LT(RefusalOf(file.Write()).size(), 400u);
}

TEST(ImportOnnx, RefusalsSayWhatIsWrongWithWeights) {
  File file = Plain();
  file.tensors[0] = Tensor32("w", {80, 4}, std::vector<float>(320, NAN));
  EXPECT_THAT(RefusalOf(file.Write(), ErrorCode::kCorrupt), HasSubstr("'the MatMul' has weights"));
  file.tensors[0] = Tensor32("w", {80, 4}, std::vector<float>(320, INFINITY));
  EXPECT_THAT(RefusalOf(file.Write(), ErrorCode::kCorrupt), HasSubstr("'the MatMul' has weights"));
  file.tensors[0] = Tensor32("w", {std::uint64_t{1} << 31, 4}, {});
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("tensor 'w' with a dimension of 2147483648"));
  file.tensors[0] = Integer(1, 80) + Integer(1, 4) + Integer(2, 7) + Bytes(8, "w") +
                    Bytes(9, std::string(320 * 8, '\1'));  // int64
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("has integers as its input 2"));
  file = Plain();
  file.nodes[1] = NodeOf("MatMul", {}, "embs");
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("'the MatMul' has no input"));
  file.nodes[1] = NodeOf("MatMul", {"w", "w"}, "embs");
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("works on known values alone"));
}

std::string TextAttribute(const std::string& name, const std::string& text) {
  return Bytes(5, Bytes(1, name) + Bytes(4, text));
}
std::string IntegerAttribute(const std::string& name, std::uint64_t value) {
  return Bytes(5, Bytes(1, name) + Integer(3, value));
}

// [batch, frames, 80] turned round, an LSTM of 3, its last state times a matrix.
File WithLstm(const std::string& attributes,
              const std::vector<std::string>& inputs = {"x", "w", "r", "b"}) {
  std::string states = NodeOf("LSTM", inputs, "y") + Bytes(2, "state") + attributes;
  File file;
  file.nodes = {NodeOf("Transpose", {"feats"}, "x") +
                    Bytes(5, Bytes(1, "perm") + Integer(8, 1) + Integer(8, 0) + Integer(8, 2)),
                states, NodeOf("MatMul", {"state", "m"}, "embs")};
  file.tensors = {Tensor32("w", {1, 12, 80}, std::vector<float>(960, 0.1f)),
                  Tensor32("r", {1, 12, 3}, std::vector<float>(36, 0.1f)),
                  Tensor32("b", {1, 24}, std::vector<float>(24, 0.5f)),
                  Tensor32("m", {3, 4}, std::vector<float>(12, 1.0f))};
  return file;
}

// All weights alike: every gate is 0.1 (sum of x + 3 h) + 1.
TEST(ImportOnnx, HandMadeLstm) {
  const Model model = ImportNetwork(WithLstm(IntegerAttribute("hidden_size", 3)).Write(), "n",
                                    {"", "wespeaker", "", ""});
  Matrix features(80, 5);
  for (std::size_t t = 0; t < 5; ++t) features(7, t) = static_cast<float>(t) - 2;
  double h = 0, c = 0;
  for (int t = 0; t < 5; ++t) {
    const double gate = 0.1 * (t - 2 + 3 * h) + 1, share = 1 / (1 + std::exp(-gate));
    c = share * c + share * std::tanh(gate);
    h = share * std::tanh(c);
  }
  for (float value : MakeOneDnnNetwork(BuildGraph(model))->Forward(features))
    EXPECT_NEAR(value, 3 * h, 1e-5);
}

TEST(ImportOnnx, LstmsThatAreNotUnderstoodAreOneLine) {
  auto refusal = [](const std::string& attributes, const std::vector<std::string>& inputs) {
    return RefusalOf(WithLstm(attributes, inputs).Write());
  };
  const std::vector<std::string> plain = {"x", "w", "r", "b"};
  EXPECT_THAT(refusal(IntegerAttribute("hidden_size", std::uint64_t{1} << 31), plain),
              HasSubstr("LSTM 'the LSTM' has a hidden size of 2147483648; expected 1 to 65536"));
  EXPECT_THAT(refusal(IntegerAttribute("hidden_size", static_cast<std::uint64_t>(-1)), plain),
              HasSubstr("hidden size of -1"));
  EXPECT_THAT(refusal(IntegerAttribute("hidden_size", 4), plain),
              HasSubstr("has weights W of shape [1, 12, 80], expected [1, 16, 80]"));
  EXPECT_THAT(refusal(TextAttribute("direction", "sideways"), plain),
              HasSubstr("goes 'sideways'; expected forward, reverse or bidirectional"));
  EXPECT_THAT(refusal(TextAttribute("direction", "bidirectional"), plain),
              HasSubstr("has weights W of shape [1, 12, 80], expected [2, 12, 80]"));
  EXPECT_THAT(refusal("", {"x", "w"}), HasSubstr("needs weights that are known as its input 3"));
  EXPECT_THAT(refusal("", {"x", "", "r"}),
              HasSubstr("needs weights that are known as its input 2"));
  EXPECT_THAT(refusal("", {"x", "w", "x"}),
              HasSubstr("needs weights that are known as its input 3"));
  EXPECT_THAT(refusal("", {"x", "w", "r", "w"}),
              HasSubstr("has a bias B of shape [1, 12, 80], expected [1, 24]"));
  EXPECT_THAT(refusal("", {"x", "r", "w", "b"}), HasSubstr("has weights W of shape [1, 12, 3]"));
  EXPECT_THAT(refusal("", {"feats", "w", "r", "b"}), HasSubstr("other than [frames, 1, channels]"));
  EXPECT_THAT(refusal("", {"x", "w", "r", "b", "", "m"}), HasSubstr("a state that is not zero"));
  EXPECT_THAT(refusal("", {"x", "w", "r", "b", "m"}), HasSubstr("fewer frames than there are"));
  EXPECT_THAT(refusal("", {"x", "w", "r", "b", "", "", "", "m"}), HasSubstr("peephole"));
  EXPECT_THAT(refusal(IntegerAttribute("layout", 1), plain), HasSubstr("layout 1"));
  EXPECT_THAT(refusal(IntegerAttribute("input_forget", 1), plain), HasSubstr("input_forget"));
  EXPECT_THAT(refusal(Bytes(5, Bytes(1, "activations") + Bytes(9, "Relu")), plain),
              HasSubstr("activations other than"));
  File file = WithLstm("");
  file.tensors[1] = Tensor32("r", {1, 12, std::uint64_t{1} << 31}, {});
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("tensor 'r' with a dimension of 2147483648"));
  file.tensors[1] = Tensor32("r", {}, {1.0f});
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("has a hidden size of 0"));
}

TEST(ImportOnnx, InputsThatAreNoFeaturesAreRefused) {
  File file = Plain();
  file.input = {-1, -1};
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("sound is not"));
  file.input = {-1, 200, 80};
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("200 frames and no other number"));
  file.input = {4, -1, 80};
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("4 recordings at once"));
  file.input = {-1, -1, 40};
  RefusalOf(file.Write());
}

// What depends on the number of frames other than by pooling.
TEST(ImportOnnx, SumsOverFramesAreRefused) {
  File file = Plain();
  file.nodes[0] = NodeOf("ReduceSum", {"feats", "axes"}, "mean") +
                  Bytes(5, Bytes(1, "keepdims") + Integer(3, 0));
  file.tensors.push_back(Integer(1, 1) + Integer(2, 7) + Bytes(7, Varint(1)) + Bytes(8, "axes"));
  EXPECT_THAT(RefusalOf(file.Write()), HasSubstr("depends on the number of frames"));
}

class GraphOfModel : public ::testing::Test {
 protected:
  // The message for a graph in which `from` is `to`.
  std::string RefusalOf(const std::string& from, const std::string& to,
                        const std::string& family = "ecapa") const {
    Model model = Imported(family);
    const std::size_t at = model.info.graph.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    model.info.graph.replace(at, from.size(), to);
    return MessageOf(ErrorCode::kIncompatible, [&] { BuildGraph(model); });
  }
};

TEST_F(GraphOfModel, UnsoundOnesAreRefused) {
  EXPECT_THAT(RefusalOf("\"op\":\"add\"", "\"op\":\"evil\""), HasSubstr("'evil'"));
  EXPECT_THAT(RefusalOf("\"inputs\":[0]", "\"inputs\":[9]"), HasSubstr("comes later"));
  EXPECT_THAT(RefusalOf("\"inputs\":[0]", "\"inputs\":[-1]"), HasSubstr("its 'inputs' is -1"));
  EXPECT_THAT(RefusalOf("\"inputs\":[0]", "\"inputs\":[0.5]"), HasSubstr("its 'inputs' is 0.5"));
  EXPECT_THAT(RefusalOf("\"channels\":16", "\"channels\":16.5"),
              HasSubstr("its 'channels' is 16.5"));
  EXPECT_THAT(RefusalOf("\"channels\":16", "\"channels\":65537"),
              HasSubstr("has a 'channels' of 65537"));
  EXPECT_THAT(RefusalOf("\"channels\":16", "\"channels\":17"), HasSubstr("number of weights"));
  EXPECT_THAT(RefusalOf("\"pad_frames\":4", "\"pad_frames\":5"), HasSubstr("shape"));
  EXPECT_THAT(RefusalOf("\"begin\":4", "\"begin\":16"), HasSubstr("not there"));
  EXPECT_THAT(RefusalOf("\"op\":\"softmax\"", "\"op\":\"mean\""), HasSubstr("shape"));
}

TEST_F(GraphOfModel, UnsoundLstmsAreRefused) {
  auto refusal = [this](const std::string& from, const std::string& to) {
    return RefusalOf(from, to, "ge2e");
  };
  EXPECT_THAT(
      refusal("\"lstm\",\"inputs\":[0],\"channels\":12", "\"lstm\",\"inputs\":[0],\"channels\":13"),
      HasSubstr("operation 1 of its graph has another number of weights"));
  EXPECT_THAT(refusal("\"lstm\",\"inputs\":[0],\"channels\":12",
                      "\"lstm\",\"inputs\":[0],\"channels\":65536"),
              HasSubstr("number of weights"));
  EXPECT_THAT(refusal("\"op\":\"last_frame\"", "\"op\":\"mean\",\"backward\":1"),
              HasSubstr("not as expected"));
  EXPECT_THAT(refusal("\"op\":\"last_frame\"", "\"op\":\"softmax\""), HasSubstr("has frames"));
}

}  // namespace
}  // namespace vpr
