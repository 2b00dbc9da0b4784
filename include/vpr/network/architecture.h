// The architectures: each describes its network once, and that is what LibTorch trains and what
// becomes the graph that the other engines run and exports are written from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"
#include "vpr/network/graph.h"

namespace vpr {

// An operation of a graph with the names of its parameters instead of their values, and with batch
// normalisation that has not been folded.
struct Layer {
  enum class Kind {
    kOperation,            // one without parameters: the node says all
    kNorm,                 // batch normalisation; then the node's activation
    kConv,                 // convolution; batch normalisation if `norm` names one; plus the second
                           // input if there is one; then the node's activation
    kDropout,              // of single values, or of whole examples, while training
    kAttentiveStatistics,  // attentive statistics pooling (Okabe et al., Interspeech 2018), a
                           // weight for every channel and frame; with `context` the attention
                           // also sees the statistics of the whole utterance (Desplanques et al.,
                           // "ECAPA-TDNN", Interspeech 2020)
    kLstm,                 // with the weights NAME.input of the frames, NAME.state of its results
  };
  Kind kind = Kind::kOperation;
  Node node;              // its inputs are numbers of earlier layers; without values
  std::string name = {};  // of what learns: NAME.weight, and NAME.bias with `bias`
  std::string norm = {};  // kConv
  // kConv: the weights' dimensions after the channels: 2, bands and frames; 1, frames; 0, none, a
  // linear layer on single values.
  int dimensions = 2;
  bool bias = true;
  bool context = false;        // kAttentiveStatistics
  std::size_t bottleneck = 0;  // kAttentiveStatistics
  double dropped = 0;          // kDropout: the share
  bool whole = false;          // kDropout: of examples
};

// Tensors that belong together: NAME.weight and perhaps NAME.bias, drawn at random when training
// begins; or a batch normalisation's NAME.weight, NAME.bias, NAME.running_mean, NAME.running_var.
struct Parameters {
  std::string name;
  std::vector<std::int64_t> shape;  // of the weight
  bool bias = true;
  bool is_norm = false;
  // Not 0: drawn evenly from -range to range. Else the range is one over the root of the number of
  // inputs.
  double range = 0;
};

// A network as it is trained.
struct Description {
  std::vector<Layer> layers;           // the first is the input, the last the raw embedding
  std::vector<Parameters> parameters;  // in the order in which optimizers number them
};

class GraphBuilder;  // src/network/graph_builder.h

struct Architecture {
  const char* name;
  int default_embedding_dim;
  ArchitectureOptions default_options;
  // Describes the network of `info`, whose options are complete, with the builder's calls, and
  // returns the number of the layer that makes the raw embedding. Throws kIncompatible for options
  // that do not fit.
  std::size_t (*describe)(GraphBuilder& builder, const ModelInfo& info);
};

const std::vector<Architecture>& Architectures();
// One more, from then on known by its name; before any thread uses them.
void AddArchitecture(const Architecture& architecture);

// Throw kInvalidArgument for an unknown name or option, naming the known ones.
const Architecture& FindArchitecture(const std::string& name);
ArchitectureOptions CompleteOptions(const Architecture& architecture,
                                    const ArchitectureOptions& given);

// The network of one model that is no fusion. Throws kIncompatible for an unknown architecture or
// an option that does not fit.
Description Describe(const ModelInfo& info);

}  // namespace vpr
