// A network as a list of operations, without an engine: what the engine without LibTorch runs and
// what exports are written from. Batch normalisation is folded into convolutions where an
// arithmetic identity allows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

enum class Activation {
  kNone,
  kRelu,
  kTanh,
  kSigmoid,
  kSilu,         // x / (1 + exp(-x))
  kClippedRelu,  // between 0 and the node's `most`
};

// A value has three dimensions: channels, bands, frames. The features are [n_mels, 1, frames].
struct Node {
  enum class Op {
    kInput,               // the features
    kAffine,              // scale[c] x + bias[c]; then the activation
    kConv,                // convolution over bands and frames, zero-padded, plus bias[c], plus the
                          // second input if there is one; then the activation
    kAdd,                 // of two values, the second may be [channels, 1, 1]; then the activation
    kMultiply,            // by the second, which may be [channels, 1, 1]
    kMaxPool,             // 2 x 2, stride 2, incomplete ones left out
    kMean,                // over bands and frames: [channels, 1, 1]
    kSegmentMean,         // of [c, 1, f], over every `segment` frames, the last of which may be
                          // fewer: [c, 1, ceil(f / segment)]
    kMultiplySegments,    // of [c, 1, f], by the second, [c, 1, ceil(f / segment)], each of whose
                          // columns is for `segment` frames
    kConcat,              // along the channels
    kSlice,               // channels [begin, begin + channels)
    kBandsAsChannels,     // [c, b, f] -> [c * b, 1, f], all bands of the first channel first
    kChannelsAsBands,     // [c, 1, f] -> [channels, c / channels, f], channels 1 but for pictures,
                          // whose planes of colour lie one below the other
    kReflect,             // pad_frames more at either end, mirrored without the last frame itself
    kSoftmax,             // over the frames
    kStatistics,          // [c, 1, f] -> [2 c, 1, 1]: means over the frames, then standard
                          // deviations, sqrt(variance + variance_floor), or of the
                          // greater of both where `floor_is_least`
    kWeightedStatistics,  // the same with weights, the second input, that sum to 1 over the frames
    kUnitLength,          // [c, 1, 1] scaled to length 1
    kLstm,                // of [c, 1, f], over its frames: [channels, 1, f], see Node::backward
    kFirstFrame,          // of [c, 1, f]: [c, 1, 1]
    kLastFrame,           // the same
  };
  Op op = Op::kInput;
  std::vector<std::size_t> inputs;  // numbers of earlier nodes
  std::size_t channels = 0;         // of the result
  Activation activation = Activation::kNone;
  std::size_t begin = 0;
  std::size_t segment = 1;
  float most = 0;  // of kClippedRelu
  float variance_floor = 1e-5f;
  bool floor_is_least = false;
  bool unbiased = false;  // kStatistics: the variance's sum is divided by f - 1, by 1 if f is 1
  // kConv: weights [channels, inputs' channels / groups, kernel_bands, kernel_frames]; each group
  // of the result's channels sees the group of the inputs' channels at the same place. As many
  // groups as channels: a depthwise convolution.
  std::size_t kernel_bands = 1, kernel_frames = 1, stride_bands = 1, stride_frames = 1,
              pad_bands = 0, pad_frames = 0, dilation_frames = 1, groups = 1;
  std::vector<float> weights, bias, scale;
  // kLstm (Hochreiter and Schmidhuber, 1997): every frame's gates are weights [4 channels, c] times
  // the frame plus recurrent [4 channels, channels] times the result for the frame before it plus
  // bias [4 channels]; those of the input, of forgetting, of the new value and of the output, one
  // after the other. Begins with zeros. `backward`: from the last frame to the first.
  std::vector<float> recurrent;
  bool backward = false;
};

struct Graph {
  std::vector<Node> nodes;  // the first is the input, the last the raw embedding [dim, 1, 1]
  bool int8 = false;        // WeightType::kInt8
};

// Frames of a node's result if its first input has so many, and its bands; 0: not enough for it.
std::size_t FramesAfter(const Node& node, std::size_t frames);
std::size_t BandsAfter(const Node& node, std::size_t bands, std::size_t channels);

// Multiplications of a weight and a value that convolutions and LSTMs make of features of `frames`
// frames, those with the padding's zeros counted too, as is usual.
std::uint64_t MultiplyAdds(const Graph& graph, std::size_t frames);

// Whether BuildGraph knows the model's architecture.
bool HasGraph(const ModelInfo& info);

// The network of a model in evaluation mode, its tensors being used up. Throws kIncompatible for an
// unknown architecture or option, and if a tensor is missing, left over, or of another shape.
Graph BuildGraph(Model model);

}  // namespace vpr
