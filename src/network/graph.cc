#include "vpr/network/graph.h"

#include <algorithm>
#include <map>

#include "network/fold.h"
#include "network/graph_json.h"
#include "vpr/base/error.h"
#include "vpr/model/fusion.h"
#include "vpr/network/architecture.h"

namespace vpr {
namespace {

bool HasArchitecture(const std::string& name) {
  const std::vector<Architecture>& known = Architectures();
  return std::any_of(known.begin(), known.end(),
                     [&](const Architecture& one) { return name == one.name; });
}

// The network of `info` among the model's, whose tensors' names begin with `prefix`.
Graph Single(Model& model, const ModelInfo& info, const std::string& prefix) {
  if (info.architecture == kGraphArchitecture) return GraphOf(model, info, prefix);
  std::map<std::string, Tensor*> tensors;
  for (Tensor& tensor : model.tensors) {
    if (tensor.name.starts_with(prefix)) tensors[tensor.name.substr(prefix.size())] = &tensor;
  }
  Graph graph = Fold(Describe(info), std::move(tensors));
  graph.int8 = info.weights == WeightType::kInt8;
  return graph;
}

// All networks on one input, their embeddings of length 1 one after the other.
Graph Fusion(Model& model) {
  const std::vector<ModelInfo> parts = PartInfos(model.info);
  if (IsMixed(model.info))
    throw Error(ErrorCode::kIncompatible,
                "its networks have features or weights of their own, which one graph cannot have; "
                "take them out with 'vpr model part'");
  CheckTensorsOfParts(model);
  Graph fusion;
  Node all;
  all.op = Node::Op::kConcat;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    Graph graph = Single(model, parts[p], PartPrefix(p));
    if (fusion.nodes.empty()) fusion.nodes.push_back(graph.nodes.front());
    fusion.int8 = graph.int8;
    const std::size_t before = fusion.nodes.size() - 1;  // the input is the first one's
    for (std::size_t n = 1; n < graph.nodes.size(); ++n) {
      Node& node = fusion.nodes.emplace_back(std::move(graph.nodes[n]));
      for (std::size_t& input : node.inputs) input += input == 0 ? 0 : before;
    }
    Node unit;
    unit.op = Node::Op::kUnitLength;
    unit.inputs = {fusion.nodes.size() - 1};
    unit.channels = fusion.nodes.back().channels;
    all.inputs.push_back(fusion.nodes.size());
    all.channels += unit.channels;
    fusion.nodes.push_back(std::move(unit));
  }
  fusion.nodes.push_back(std::move(all));
  return fusion;
}

std::size_t ConvExtent(std::size_t extent, std::size_t kernel, std::size_t stride, std::size_t pad,
                       std::size_t dilation) {
  const std::size_t reach = dilation * (kernel - 1) + 1;
  if (extent + 2 * pad < reach) return 0;
  return (extent + 2 * pad - reach) / stride + 1;
}

}  // namespace

std::size_t FramesAfter(const Node& node, std::size_t frames) {
  switch (node.op) {
    case Node::Op::kConv:
      return ConvExtent(frames, node.kernel_frames, node.stride_frames, node.pad_frames,
                        node.dilation_frames);
    case Node::Op::kMaxPool:
      return frames / 2;
    case Node::Op::kReflect:
      return frames > node.pad_frames ? frames + 2 * node.pad_frames : 0;
    case Node::Op::kSegmentMean:
      return (frames + node.segment - 1) / node.segment;
    case Node::Op::kMean:
    case Node::Op::kStatistics:
    case Node::Op::kWeightedStatistics:
    case Node::Op::kFirstFrame:
    case Node::Op::kLastFrame:
      return 1;
    default:
      return frames;
  }
}

std::size_t BandsAfter(const Node& node, std::size_t bands, std::size_t channels) {
  switch (node.op) {
    case Node::Op::kConv:
      return ConvExtent(bands, node.kernel_bands, node.stride_bands, node.pad_bands, 1);
    case Node::Op::kMaxPool:
      return bands / 2;
    case Node::Op::kChannelsAsBands:
      return channels / node.channels;
    case Node::Op::kMean:
    case Node::Op::kBandsAsChannels:
    case Node::Op::kStatistics:
    case Node::Op::kWeightedStatistics:
      return 1;
    default:
      return bands;
  }
}

std::uint64_t MultiplyAdds(const Graph& graph, std::size_t frames) {
  std::vector<std::size_t> all_frames = {frames}, all_bands = {1};
  std::uint64_t sum = 0;
  for (std::size_t n = 1; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const std::size_t in = node.inputs[0];
    all_frames.push_back(FramesAfter(node, all_frames[in]));
    all_bands.push_back(BandsAfter(node, all_bands[in], graph.nodes[in].channels));
    if (node.op == Node::Op::kConv)
      sum += static_cast<std::uint64_t>(all_frames[n]) * all_bands[n] * node.channels *
             (graph.nodes[in].channels / node.groups) * node.kernel_bands * node.kernel_frames;
    if (node.op == Node::Op::kLstm)
      sum += static_cast<std::uint64_t>(all_frames[n]) * 4 * node.channels *
             (graph.nodes[in].channels + node.channels);
  }
  return sum;
}

bool HasGraph(const ModelInfo& info) {
  auto known = [](const std::string& name) {
    return name == kGraphArchitecture || HasArchitecture(name);
  };
  if (info.architecture != kFusion) return known(info.architecture);
  return std::all_of(info.parts.begin(), info.parts.end(),
                     [&](const NetworkPart& part) { return known(part.architecture); });
}

Graph BuildGraph(Model model) try {
  return model.info.architecture == kFusion ? Fusion(model) : Single(model, model.info, "");
} catch (const Error& error) {
  throw Error(ErrorCode::kIncompatible, std::string("cannot use this model: ") + error.what());
}

}  // namespace vpr
