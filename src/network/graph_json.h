// A graph in a model file: its operations as JSON (docs/formats.md), its weights as tensors.
#pragma once

#include <string>

#include "vpr/network/graph.h"

namespace vpr {

inline constexpr const char* kGraphArchitecture = "graph";

// Gives the model the architecture "graph" with this one's operations and weights.
void StoreGraph(Graph graph, Model& model);

// The graph of `info.graph`, the tensors whose names begin with `prefix` being used up. Throws
// kIncompatible for one that is not sound: see CheckGraph.
Graph GraphOf(Model& model, const ModelInfo& info, const std::string& prefix);

// Throws kIncompatible unless the weights have the sizes that the operations need, values that are
// combined have the same channels, bands and frames for any number of frames, and the sizes are
// such that no recording takes more memory than a network needs.
void CheckGraph(const Graph& graph);

}  // namespace vpr
