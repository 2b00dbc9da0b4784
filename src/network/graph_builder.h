// How the architectures are described: calls that append nodes, with parameters taken from the
// model's tensors by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "vpr/network/graph.h"

namespace vpr {

// Batch normalisation in evaluation mode: scale x + shift.
struct Norm {
  std::vector<float> scale, shift;
};

class GraphBuilder {
 public:
  using Value = std::size_t;  // the number of a node

  // A network of `info` among the model's, whose tensors' names begin with `prefix`; their values
  // are moved into the graph. Both must outlive the builder.
  GraphBuilder(Model& model, const ModelInfo& info, const std::string& prefix);

  // The numbers of an architecture's option; throws kIncompatible if the model has none or another
  // count of them, or one below `lowest`.
  const std::vector<int>& Option(const std::string& name, std::size_t count, int lowest) const;
  // One that switches something on, and came after the first models: 0 without it.
  std::size_t Switch(const std::string& name) const;

  Value Input() const { return 0; }
  std::size_t channels(Value value) const { return graph_.nodes[value].channels; }
  Norm ReadNorm(const std::string& name, std::size_t channels);

  Value Affine(Value x, const Norm& norm, Activation activation = Activation::kNone);

  struct ConvShape {
    std::size_t kernel_bands = 1, kernel_frames = 1, stride_bands = 1, stride_frames = 1,
                pad_bands = 0, pad_frames = 0, dilation_frames = 1, groups = 1;
  };
  // A convolution named `name` with weights [out, in / groups, bands, frames], or without the bands
  // where `dimensions` is 1, or without both where it is 0 (a linear layer). `norm` comes after it
  // and is folded in, then `residual` is added.
  struct Conv {
    std::string name;
    std::size_t out = 0;
    int dimensions = 2;
    bool bias = true;
    ConvShape shape = {};
    Activation activation = Activation::kNone;
    std::string norm = {};
  };
  static constexpr Value kNothing = static_cast<Value>(-1);
  Value Apply(const Conv& conv, Value x, Value residual = kNothing);

  Value Add(Value a, Value b, Activation activation = Activation::kNone);
  Value Slice(Value x, std::size_t begin, std::size_t channels);
  Value Concat(const std::vector<Value>& values);
  Value BandsAsChannels(Value x, std::size_t bands);
  Value ChannelsAsBands(Value x);
  // An operation without parameters whose result has the channels of its first input.
  Value Plain(Node::Op op, const std::vector<Value>& inputs);
  // Statistics over the frames; those of x [c, 1, frames] have 2 c channels.
  Value Statistics(Value x, float variance_floor = 1e-5f, bool unbiased = false);
  // Means of every `segment` frames, and x times the gates that were made of them.
  Value SegmentMean(Value x, std::size_t segment);
  Value MultiplySegments(Value x, Value gates, std::size_t segment);

  // The layers of src/torch/architectures/layers.h by the same names.
  Value SqueezeExcitation(const std::string& name, Value x, std::size_t bottleneck);
  Value AttentiveStatistics(const std::string& name, Value x, std::size_t bottleneck, bool context);

  // The graph that ends with `output`; throws kIncompatible if tensors are left over.
  Graph Finish(Value output);

 private:
  std::vector<float> Take(const std::string& name, const std::vector<std::int64_t>& shape);
  Value Append(Node node);

  const ModelInfo& info_;
  std::map<std::string, Tensor*> tensors_;  // not yet taken
  Graph graph_;
};

// Each in the file of its name; they return the raw embedding.
GraphBuilder::Value BuildResNet(GraphBuilder& builder, const ModelInfo& info);
GraphBuilder::Value BuildEcapa(GraphBuilder& builder, const ModelInfo& info);
GraphBuilder::Value BuildDwNet(GraphBuilder& builder, const ModelInfo& info);
GraphBuilder::Value BuildCampPlus(GraphBuilder& builder, const ModelInfo& info);
GraphBuilder::Value BuildCnn(GraphBuilder& builder, const ModelInfo& info);

}  // namespace vpr
