#include "network/fold.h"

#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

using Op = Node::Op;
using Kind = Layer::Kind;

constexpr double kNormEpsilon = 1e-5;  // LibTorch's

class Folder {
 public:
  Folder(const Description& description, std::map<std::string, Tensor*> tensors)
      : description_(description), tensors_(std::move(tensors)) {
    for (const Parameters& one : description_.parameters) parameters_[one.name] = &one;
  }

  Graph Run() {
    for (const Layer& layer : description_.layers) {
      Node node = layer.node;
      for (std::size_t& input : node.inputs) input = place_[input];
      place_.push_back(Append(layer, std::move(node)));
    }
    if (!tensors_.empty())
      throw Error(ErrorCode::kIncompatible, "the model has a tensor '" + tensors_.begin()->first +
                                                "' that its architecture has not");
    return std::move(graph_);
  }

 private:
  // Batch normalisation in evaluation mode: scale x + shift.
  struct Norm {
    std::vector<float> scale, shift;
  };

  // The number of the node that makes the layer's result, of whose operation `node` is.
  std::size_t Append(const Layer& layer, Node node) {
    switch (layer.kind) {
      case Kind::kOperation:
        break;
      case Kind::kDropout:
        return node.inputs[0];
      case Kind::kNorm: {
        Norm norm = TakeNorm(layer.name);
        node.scale = std::move(norm.scale);
        node.bias = std::move(norm.shift);
        break;
      }
      case Kind::kConv:
        Convolution(layer, node);
        break;
      case Kind::kLstm:
        node.weights = TakeWeight(layer.name + ".input");
        node.bias = TakeBias(layer.name + ".input");
        node.recurrent = TakeWeight(layer.name + ".state");
        break;
      case Kind::kAttentiveStatistics:
        return Attention(layer, std::move(node));
    }
    return Append(std::move(node));
  }

  std::size_t Append(Node node) {
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.size() - 1;
  }

  std::vector<float> Take(const std::string& name, const std::vector<std::int64_t>& shape) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
      throw Error(ErrorCode::kIncompatible, "the model has no tensor '" + name + "'");
    Tensor& tensor = *found->second;
    if (tensor.shape != shape)
      throw Error(ErrorCode::kIncompatible, "the model's tensor '" + name + "' has another shape");
    tensors_.erase(found);
    return std::move(tensor.data);
  }
  std::vector<float> TakeWeight(const std::string& name) {
    return Take(name + ".weight", parameters_.at(name)->shape);
  }
  std::vector<float> TakeBias(const std::string& name) {
    return Take(name + ".bias", {parameters_.at(name)->shape[0]});
  }

  Norm TakeNorm(const std::string& name) {
    const std::vector<std::int64_t>& shape = parameters_.at(name)->shape;
    const std::vector<float> gain = TakeWeight(name), bias = TakeBias(name),
                             mean = Take(name + ".running_mean", shape),
                             variance = Take(name + ".running_var", shape);
    Norm norm;
    for (std::size_t c = 0; c < gain.size(); ++c) {
      const double scale = gain[c] / std::sqrt(variance[c] + kNormEpsilon);
      norm.scale.push_back(static_cast<float>(scale));
      norm.shift.push_back(static_cast<float>(bias[c] - mean[c] * scale));
    }
    return norm;
  }

  void Convolution(const Layer& layer, Node& node) {
    node.weights = TakeWeight(layer.name);
    node.bias = layer.bias ? TakeBias(layer.name) : std::vector<float>(node.channels);
    if (layer.norm.empty()) return;
    const Norm norm = TakeNorm(layer.norm);
    const std::size_t each = node.weights.size() / node.channels;
    for (std::size_t c = 0; c < node.channels; ++c) {
      for (std::size_t i = 0; i < each; ++i) node.weights[c * each + i] *= norm.scale[c];
      node.bias[c] = node.bias[c] * norm.scale[c] + norm.shift[c];
    }
  }

  // `pooled`: the weighted statistics, with the input alone.
  std::size_t Attention(const Layer& layer, Node pooled) {
    const std::size_t x = pooled.inputs[0], own = pooled.channels / 2,
                      seen = layer.context ? 3 * own : own;
    const std::string hidden = layer.name + ".hidden", scores = layer.name + ".weights";
    const std::vector<float> weights = TakeWeight(hidden);
    auto part = [&](std::size_t begin, std::size_t end) {
      std::vector<float> columns;
      for (std::size_t r = 0; r < layer.bottleneck; ++r)
        columns.insert(columns.end(), weights.data() + r * seen + begin,
                       weights.data() + r * seen + end);
      return columns;
    };
    Node node;
    node.op = Op::kConv;
    node.channels = layer.bottleneck;
    node.inputs = {x};
    node.weights = part(0, own);
    node.bias = TakeBias(hidden);
    node.activation = Activation::kTanh;
    if (layer.context) {
      // The context is the same for all frames: its part of the product is computed once.
      Node statistics, of_context = node;
      statistics.op = Op::kStatistics;
      statistics.inputs = {x};
      statistics.channels = 2 * own;
      of_context.inputs = {Append(std::move(statistics))};
      of_context.weights = part(own, seen);
      of_context.activation = node.activation = Activation::kNone;
      node.bias.assign(layer.bottleneck, 0.0f);
      const std::size_t of_frames = Append(std::move(node));
      node = {};
      node.op = Op::kAdd;
      node.channels = layer.bottleneck;
      node.inputs = {of_frames, Append(std::move(of_context))};
      node.activation = Activation::kTanh;
    }
    Node score, softmax;
    score.op = Op::kConv;
    score.channels = softmax.channels = own;
    score.inputs = {Append(std::move(node))};
    score.weights = TakeWeight(scores);
    score.bias = TakeBias(scores);
    softmax.op = Op::kSoftmax;
    softmax.inputs = {Append(std::move(score))};
    pooled.inputs.push_back(Append(std::move(softmax)));
    return Append(std::move(pooled));
  }

  const Description& description_;
  std::map<std::string, Tensor*> tensors_;  // not yet taken
  std::map<std::string, const Parameters*> parameters_;
  std::vector<std::size_t> place_;  // of each layer, the node that makes its result
  Graph graph_;
};

}  // namespace

Graph Fold(const Description& description, std::map<std::string, Tensor*> tensors) {
  return Folder(description, std::move(tensors)).Run();
}

}  // namespace vpr
