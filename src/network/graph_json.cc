#include "network/graph_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "base/printable_name.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Op = Node::Op;
using Json = nlohmann::ordered_json;

constexpr std::pair<Op, const char*> kOps[] = {{Op::kInput, "input"},
                                               {Op::kAffine, "affine"},
                                               {Op::kConv, "conv"},
                                               {Op::kAdd, "add"},
                                               {Op::kMultiply, "multiply"},
                                               {Op::kMaxPool, "max_pool"},
                                               {Op::kMean, "mean"},
                                               {Op::kSegmentMean, "segment_mean"},
                                               {Op::kMultiplySegments, "multiply_segments"},
                                               {Op::kConcat, "concat"},
                                               {Op::kSlice, "slice"},
                                               {Op::kBandsAsChannels, "bands_as_channels"},
                                               {Op::kChannelsAsBands, "channels_as_bands"},
                                               {Op::kReflect, "reflect"},
                                               {Op::kSoftmax, "softmax"},
                                               {Op::kStatistics, "statistics"},
                                               {Op::kWeightedStatistics, "weighted_statistics"},
                                               {Op::kUnitLength, "unit_length"},
                                               {Op::kLstm, "lstm"},
                                               {Op::kFirstFrame, "first_frame"},
                                               {Op::kLastFrame, "last_frame"}};
constexpr std::pair<Activation, const char*> kActivations[] = {
    {Activation::kNone, "none"}, {Activation::kRelu, "relu"},
    {Activation::kTanh, "tanh"}, {Activation::kSigmoid, "sigmoid"},
    {Activation::kSilu, "silu"}, {Activation::kClippedRelu, "clipped_relu"}};

// Sizes, by the names that they have in the JSON; those that are as in a Node{} are left out.
constexpr std::pair<std::size_t Node::*, const char*> kSizes[] = {
    {&Node::begin, "begin"},
    {&Node::segment, "segment"},
    {&Node::kernel_bands, "kernel_bands"},
    {&Node::kernel_frames, "kernel_frames"},
    {&Node::stride_bands, "stride_bands"},
    {&Node::stride_frames, "stride_frames"},
    {&Node::pad_bands, "pad_bands"},
    {&Node::pad_frames, "pad_frames"},
    {&Node::dilation_frames, "dilation_frames"},
    {&Node::groups, "groups"}};

constexpr std::size_t kMostNodes = 1 << 16, kMostChannels = 1 << 16, kMostSize = 1 << 16,
                      kMostInputs = 1 << 10;
// For a frame of the features: values of a node, of all nodes, and multiplications.
constexpr double kMostValuesOfOne = 1 << 16, kMostValues = 1 << 22,
                 kMostMultiplyAdds = 4294967296.0;
// What a value without frames counts.
constexpr double kSingleShare = 1e-3;

Error Unsound(std::size_t n, const std::string& what) {
  return Error(ErrorCode::kIncompatible, Format("operation %zu of its graph ", n) + what);
}

template <typename Enum, std::size_t kCount>
const char* NameIn(const std::pair<Enum, const char*> (&names)[kCount], Enum value) {
  for (const auto& [one, name] : names) {
    if (one == value) return name;
  }
  return "";
}

template <typename Enum, std::size_t kCount>
Enum ByName(const std::pair<Enum, const char*> (&names)[kCount], std::size_t n,
            const std::string& wanted) {
  for (const auto& [one, name] : names) {
    if (wanted == name) return one;
  }
  throw Unsound(n, "is '" + PrintableName(wanted) + "', which this program does not know");
}

Json ToJson(const Node& node) {
  static const Node kPlain;
  Json json = {{"op", NameIn(kOps, node.op)}};
  if (!node.inputs.empty()) json["inputs"] = node.inputs;
  json["channels"] = node.channels;
  if (node.activation != Activation::kNone)
    json["activation"] = NameIn(kActivations, node.activation);
  if (node.activation == Activation::kClippedRelu) json["most"] = node.most;
  for (const auto& [size, name] : kSizes) {
    if (node.*size != kPlain.*size) json[name] = node.*size;
  }
  if (node.op == Op::kStatistics || node.op == Op::kWeightedStatistics) {
    json["variance_floor"] = node.variance_floor;
    if (node.floor_is_least) json["floor_is_least"] = true;
    if (node.unbiased) json["unbiased"] = true;
  }
  if (node.backward) json["backward"] = true;
  return json;
}

std::size_t Size(const Json& json, const char* name, std::size_t n) {
  const auto value = WholeNumber<std::size_t>(json, name);
  if (value > kMostSize) throw Unsound(n, Format("has a '%s' of %zu", name, value));
  return value;
}

Node FromJson(const Json& json, std::size_t n) {
  Node node;
  node.op = ByName(kOps, n, json.at("op").get<std::string>());
  if (json.contains("inputs")) {
    for (const Json& input : json.at("inputs")) node.inputs.push_back(Size(input, "inputs", n));
  }
  node.channels = Size(json.at("channels"), "channels", n);
  if (json.contains("activation"))
    node.activation = ByName(kActivations, n, json.at("activation").get<std::string>());
  if (json.contains("most")) json.at("most").get_to(node.most);
  for (const auto& [size, name] : kSizes) {
    if (json.contains(name)) node.*size = Size(json.at(name), name, n);
  }
  if (json.contains("variance_floor")) json.at("variance_floor").get_to(node.variance_floor);
  if (json.contains("floor_is_least")) json.at("floor_is_least").get_to(node.floor_is_least);
  if (json.contains("unbiased")) json.at("unbiased").get_to(node.unbiased);
  if (json.contains("backward")) json.at("backward").get_to(node.backward);
  return node;
}

std::string TensorName(std::size_t n, const char* what) { return Format("node%zu.%s", n, what); }

bool HasBias(Op op) { return op == Op::kConv || op == Op::kAffine || op == Op::kLstm; }

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

// How the number of frames follows from that of the features: (frames - less) / by + 1 for every
// stage but the last, which only takes off; or none, where there is one value for all.
struct FrameCount {
  struct Stage {
    std::int64_t less = 0, by = 1;
    bool operator==(const Stage&) const = default;
  };
  std::vector<Stage> stages = {{}};
  bool single = false;
  bool operator==(const FrameCount&) const = default;

  void Less(std::int64_t count) { stages.back().less += count; }
  void DivideBy(std::int64_t count) {
    if (count == 1) return;
    stages.back().less += 1;
    stages.back().by = count;
    stages.push_back({-1, 1});
  }
};

class Checker {
 public:
  explicit Checker(const Graph& graph) : nodes_(graph.nodes) {}

  void Check() {
    if (nodes_.size() < 2 || nodes_.size() > kMostNodes || nodes_[0].op != Op::kInput)
      throw Error(ErrorCode::kIncompatible, "its graph has no operations, or too many");
    if (nodes_[0].channels < 1 || nodes_[0].channels > kMostChannels || !nodes_[0].inputs.empty())
      throw Unsound(0, "is no input");
    frames_.emplace_back();
    bands_.push_back(1);
    share_.push_back(1);
    for (n_ = 1; n_ < nodes_.size(); ++n_) Check(nodes_[n_]);
    if (!frames_.back().single || bands_.back() != 1)
      throw Unsound(nodes_.size() - 1, "makes no embedding: it still has frames or bands");
  }

 private:
  void Need(bool condition, const char* what) const {
    if (!condition) throw Unsound(n_, what);
  }

  void Check(const Node& node) {
    const auto& [least, most] = InputsOf(node.op);
    Need(node.inputs.size() >= least && node.inputs.size() <= most, "has the wrong inputs");
    for (std::size_t input : node.inputs) Need(input < n_, "needs one that comes later");
    Need(node.channels >= 1 && node.channels <= kMostChannels, "makes no channels, or too many");
    for (std::size_t size : {node.kernel_bands, node.kernel_frames, node.stride_bands,
                             node.stride_frames, node.dilation_frames, node.groups, node.segment})
      Need(size >= 1 && size <= kMostSize, "has a size out of range");
    Need(node.pad_bands <= kMostSize && node.pad_frames <= kMostSize, "has a size out of range");
    Need(node.most >= 0 && node.variance_floor >= 0, "has a bound below 0");
    Need(node.activation == Activation::kNone || node.op == Op::kAffine || node.op == Op::kConv ||
             node.op == Op::kAdd,
         "has an activation, which none of its kind has");
    const std::size_t x = node.inputs[0], y = node.inputs.back();
    FrameCount frames = frames_[x];
    double share = share_[x];
    std::size_t channels = nodes_[x].channels;
    const std::size_t bands = BandsAfter(node, bands_[x], channels);
    Need(bands >= 1 && bands <= kMostChannels, "leaves no bands, or too many");
    switch (node.op) {
      case Op::kInput:
        Need(false, "is a second input");
        break;
      case Op::kAffine:
        Need(node.scale.size() == channels && node.bias.size() == channels,
             "has another number of weights");
        break;
      case Op::kConv:
        Need(channels % node.groups == 0 && node.channels % node.groups == 0,
             "has groups that do not fit");
        channels = node.channels;
        Convolution(node, x, frames, share);
        if (node.inputs.size() > 1)
          Need(nodes_[y].channels == channels && bands_[y] == bands && frames_[y] == frames,
               "adds what has another shape");
        break;
      case Op::kAdd:
      case Op::kMultiply:
        Need(nodes_[y].channels == channels && ((bands_[y] == bands && frames_[y] == frames) ||
                                                (bands_[y] == 1 && frames_[y].single)),
             "combines values of different shapes");
        break;
      case Op::kMaxPool:
        Need(!frames.single, "has no frames");
        frames.Less(1);
        frames.DivideBy(2);
        share /= 2;
        break;
      case Op::kMean:
        frames = {{}, true};
        break;
      case Op::kSegmentMean:
        Need(!frames.single && bands_[x] == 1, "has no frames, or bands");
        Segments(node, frames, share);
        break;
      case Op::kMultiplySegments: {
        Need(!frames.single && bands_[x] == 1 && bands_[y] == 1 && nodes_[y].channels == channels,
             "combines values of different shapes");
        FrameCount segments = frames;
        double segment_share = share;
        Segments(node, segments, segment_share);
        Need(segments == frames_[y], "combines values of different shapes");
        break;
      }
      case Op::kConcat:
        channels = 0;
        for (std::size_t input : node.inputs) {
          Need(bands_[input] == bands && frames_[input] == frames, "joins different shapes");
          channels += nodes_[input].channels;
        }
        break;
      case Op::kSlice:
        Need(node.begin <= channels && node.channels <= channels - node.begin,
             "takes channels that are not there");
        channels = node.channels;
        break;
      case Op::kBandsAsChannels:
        channels *= bands_[x];
        break;
      case Op::kChannelsAsBands:
        Need(bands_[x] == 1, "has bands");
        Need(channels % node.channels == 0, "has parts that do not fit");
        channels = node.channels;
        break;
      case Op::kReflect:
        Need(!frames.single, "has no frames");
        frames.Less(-2 * Signed(node.pad_frames));
        break;
      case Op::kSoftmax:
        Need(bands_[x] == 1, "has bands");
        break;
      case Op::kStatistics:
      case Op::kWeightedStatistics:
        Need(bands_[x] == 1, "has bands");
        if (node.op == Op::kWeightedStatistics)
          Need(nodes_[y].channels == channels && bands_[y] == 1 && frames_[y] == frames,
               "combines values of different shapes");
        frames = {{}, true};
        channels *= 2;
        break;
      case Op::kUnitLength:
        Need(frames.single && bands_[x] == 1, "has frames, or bands");
        break;
      case Op::kLstm:
        Need(!frames.single && bands_[x] == 1, "has no frames, or bands");
        Lstm(node, channels, share);
        channels = node.channels;
        break;
      case Op::kFirstFrame:
      case Op::kLastFrame:
        Need(!frames.single && bands_[x] == 1, "has no frames, or bands");
        frames = {{}, true};
        break;
    }
    Need(channels == node.channels, "makes another number of channels than it says");
    if (frames.single) share = 0;
    frames_.push_back(std::move(frames));
    bands_.push_back(bands);
    share_.push_back(share);
    const double values =
        static_cast<double>(bands) * static_cast<double>(channels) * (share + kSingleShare);
    values_ += values;
    Need(values <= kMostValuesOfOne && values_ <= kMostValues,
         "needs more memory than any network");
    Need(products_ <= kMostMultiplyAdds, "needs more time than any network");
  }

  static std::pair<std::size_t, std::size_t> InputsOf(Op op) {
    switch (op) {
      case Op::kInput:
        return {0, 0};
      case Op::kConv:
        return {1, 2};
      case Op::kAdd:
      case Op::kMultiply:
      case Op::kMultiplySegments:
      case Op::kWeightedStatistics:
        return {2, 2};
      case Op::kConcat:
        return {1, kMostInputs};
      default:
        return {1, 1};
    }
  }

  void Convolution(const Node& node, std::size_t x, FrameCount& frames, double& share) {
    const std::uint64_t each = static_cast<std::uint64_t>(nodes_[x].channels / node.groups) *
                               node.kernel_bands * node.kernel_frames;
    Need(node.weights.size() % node.channels == 0 && node.weights.size() / node.channels == each &&
             node.bias.size() == node.channels,
         "has another number of weights");
    const std::int64_t less =
        Signed(node.dilation_frames * (node.kernel_frames - 1)) - 2 * Signed(node.pad_frames);
    if (frames.single) {
      Need(less == 0, "has no frames to work on");
    } else {
      frames.Less(less);
      frames.DivideBy(Signed(node.stride_frames));
      share /= static_cast<double>(node.stride_frames);
    }
    const std::size_t bands = BandsAfter(node, bands_[x], nodes_[x].channels);
    products_ += static_cast<double>(node.weights.size()) * static_cast<double>(bands) *
                 (share + kSingleShare);
  }

  void Lstm(const Node& node, std::size_t inputs, double share) {
    const std::size_t gates = 4 * node.channels;
    Need(node.weights.size() == gates * inputs && node.recurrent.size() == gates * node.channels &&
             node.bias.size() == gates,
         "has another number of weights");
    products_ += static_cast<double>(node.weights.size() + node.recurrent.size()) * share;
  }

  void Segments(const Node& node, FrameCount& frames, double& share) const {
    // (frames + segment - 1) / segment: as a stride of a whole segment over frames that are there.
    frames.DivideBy(Signed(node.segment));
    share /= static_cast<double>(node.segment);
  }

  const std::vector<Node>& nodes_;
  std::size_t n_ = 0;
  std::vector<FrameCount> frames_;
  std::vector<std::size_t> bands_;
  std::vector<double> share_;  // of the features' frames
  double values_ = 0, products_ = 0;
};

}  // namespace

void StoreGraph(Graph graph, Model& model) {
  Json nodes = Json::array();
  model.tensors.clear();
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    Node& node = graph.nodes[n];
    nodes.push_back(ToJson(node));
    if (node.op == Op::kConv)
      model.tensors.push_back(
          {TensorName(n, "weight"),
           {Signed(node.channels), Signed(graph.nodes[node.inputs[0]].channels / node.groups),
            Signed(node.kernel_bands), Signed(node.kernel_frames)},
           std::move(node.weights)});
    if (node.op == Op::kAffine)
      model.tensors.push_back(
          {TensorName(n, "scale"), {Signed(node.channels)}, std::move(node.scale)});
    if (node.op == Op::kLstm) {
      const std::size_t gates = 4 * node.channels, inputs = graph.nodes[node.inputs[0]].channels;
      model.tensors.push_back(
          {TensorName(n, "weight"), {Signed(gates), Signed(inputs)}, std::move(node.weights)});
      model.tensors.push_back({TensorName(n, "recurrent"),
                               {Signed(gates), Signed(node.channels)},
                               std::move(node.recurrent)});
    }
    if (HasBias(node.op)) {
      const std::size_t size = node.bias.size();
      model.tensors.push_back({TensorName(n, "bias"), {Signed(size)}, std::move(node.bias)});
    }
  }
  model.info.architecture = kGraphArchitecture;
  model.info.architecture_options.clear();
  model.info.graph = nodes.dump();
}

Graph GraphOf(Model& model, const ModelInfo& info, const std::string& prefix) {
  std::map<std::string, Tensor*> tensors;
  for (Tensor& tensor : model.tensors) {
    if (tensor.name.starts_with(prefix)) tensors[tensor.name.substr(prefix.size())] = &tensor;
  }
  auto take = [&](std::size_t n, const char* what) {
    const auto found = tensors.find(TensorName(n, what));
    if (found == tensors.end())
      throw Error(ErrorCode::kIncompatible,
                  "the model has no tensor '" + TensorName(n, what) + "'");
    std::vector<float> data = std::move(found->second->data);
    tensors.erase(found);
    return data;
  };
  Graph graph;
  graph.int8 = info.weights == WeightType::kInt8;
  try {
    const Json nodes = Json::parse(info.graph);
    if (!nodes.is_array() || nodes.size() > kMostNodes)
      throw Error(ErrorCode::kIncompatible, "its graph has no operations, or too many");
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      Node node = FromJson(nodes[n], n);
      if (node.op == Op::kConv || node.op == Op::kLstm) node.weights = take(n, "weight");
      if (node.op == Op::kLstm) node.recurrent = take(n, "recurrent");
      if (node.op == Op::kAffine) node.scale = take(n, "scale");
      if (HasBias(node.op)) node.bias = take(n, "bias");
      graph.nodes.push_back(std::move(node));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kIncompatible,
                std::string("its graph is not as expected: ") + JsonReason(error));
  }
  if (!tensors.empty())
    throw Error(ErrorCode::kIncompatible,
                "the model has a tensor '" + tensors.begin()->first + "' that its graph has not");
  CheckGraph(graph);
  if (graph.nodes[0].channels != static_cast<std::size_t>(info.features.n_mels))
    throw Error(ErrorCode::kIncompatible,
                Format("the network takes %zu bands, its features have %d", graph.nodes[0].channels,
                       info.features.n_mels));
  if (graph.nodes.back().channels != static_cast<std::size_t>(info.embedding_dim))
    throw Error(ErrorCode::kIncompatible, "the network's embeddings have another size");
  return graph;
}

void CheckGraph(const Graph& graph) { Checker(graph).Check(); }

}  // namespace vpr
