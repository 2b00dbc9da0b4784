// How the architectures are described: calls that append layers, with parameters by name.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "vpr/network/architecture.h"

namespace vpr {

class GraphBuilder {
 public:
  using Value = std::size_t;  // the number of a layer

  // `info` must outlive the builder.
  explicit GraphBuilder(const ModelInfo& info);

  // The numbers of an architecture's option; throws kIncompatible if the model has none or another
  // count of them, or one below `lowest`.
  const std::vector<int>& Option(const std::string& name, std::size_t count, int lowest) const;
  // One that switches something on, and came after the first models: 0 without it.
  std::size_t Switch(const std::string& name) const;

  Value Input() const { return 0; }
  std::size_t channels(Value value) const { return description_.layers[value].node.channels; }

  // Batch normalisation.
  Value Norm(const std::string& name, Value x, Activation activation = Activation::kNone);

  struct ConvShape {
    std::size_t kernel_bands = 1, kernel_frames = 1, stride_bands = 1, stride_frames = 1,
                pad_bands = 0, pad_frames = 0, dilation_frames = 1, groups = 1;
  };
  // A convolution named `name` with weights [out, in / groups, bands, frames], or without the bands
  // where `dimensions` is 1, or without both where it is 0 (a linear layer). `norm` comes after it,
  // then `residual` is added.
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
  // Parameters are numbered in the order in which they are named first, which model files and
  // checkpoints keep: this names those of a convolution of `in` channels that is applied later.
  void Name(const Conv& conv, std::size_t in);

  Value Add(Value a, Value b, Activation activation = Activation::kNone);
  Value Slice(Value x, std::size_t begin, std::size_t channels);
  Value Concat(const std::vector<Value>& values);
  Value BandsAsChannels(Value x, std::size_t bands);
  Value ChannelsAsBands(Value x, std::size_t parts = 1);
  Value Dropout(Value x, double share);
  // Leaves out all of an example (stochastic depth, Huang et al., ECCV 2016).
  Value DropWhole(Value x, double share);
  // An operation without parameters whose result has the channels of its first input.
  Value Plain(Node::Op op, const std::vector<Value>& inputs);
  // Statistics over the frames; those of x [c, 1, frames] have 2 c channels.
  Value Statistics(Value x, float variance_floor = 1e-5f, bool unbiased = false);
  // Means of every `segment` frames, and x times the gates that were made of them.
  Value SegmentMean(Value x, std::size_t segment);
  Value MultiplySegments(Value x, Value gates, std::size_t segment);

  // Over the frames of x [c, 1, frames], and back: `out` channels. One of either: those of both.
  Value Lstm(const std::string& name, Value x, std::size_t out, bool backward = false);
  Value LstmBothWays(const std::string& name, Value x, std::size_t out);

  // Squeeze and excitation (Hu et al., CVPR 2018): every channel times a gate that sees the means
  // of all.
  Value SqueezeExcitation(const std::string& name, Value x, std::size_t bottleneck);
  Value AttentiveStatistics(const std::string& name, Value x, std::size_t bottleneck, bool context);

  // The network that ends with `output`.
  Description Finish(Value output);

 private:
  Value Append(Layer layer);
  void Name(Parameters parameters);
  void NameNorm(const std::string& name, std::size_t channels);

  const ModelInfo& info_;
  std::set<std::string> named_;
  Description description_;
};

}  // namespace vpr
