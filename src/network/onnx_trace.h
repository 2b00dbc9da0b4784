// An ONNX graph as one of ours, for a number of frames: everything that depends on shapes is a
// number then, and what is left are the operations on features, among which those that make up a
// pooling are recognised.
#pragma once

#include <string>
#include <vector>

#include "network/onnx_reader.h"
#include "vpr/network/graph.h"

namespace vpr {

struct TracedGraph {
  Graph graph;
  std::vector<std::string> names;  // of the operations that the nodes come from
};

// How the features come in.
struct OnnxInterface {
  std::size_t bands_axis = 2, frames_axis = 1, rank = 3;
  std::int64_t bands = 0;
  std::string output;
};

// Throws kIncompatible for an operation that is not understood, naming it.
TracedGraph TraceOnnx(const OnnxGraph& onnx, const OnnxInterface& interface, std::int64_t frames);

}  // namespace vpr
