// A graph run by oneDNN on one thread of the processor.
#pragma once

#include <memory>

#include "vpr/model/embedding_extractor.h"
#include "vpr/network/graph.h"

namespace vpr {

std::unique_ptr<Network> MakeOneDnnNetwork(Graph graph);

}  // namespace vpr
