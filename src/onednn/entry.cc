#include <utility>

#include "onednn/onednn_network.h"
#include "vpr/model/network_engine.h"

extern "C" __attribute__((visibility("default"))) vpr::Network* vpr_onednn_network(
    vpr::Model& model) {
  if (!vpr::HasGraph(model.info)) return nullptr;
  return vpr::MakeOneDnnNetwork(vpr::BuildGraph(std::move(model))).release();
}

extern "C" __attribute__((visibility("default"))) vpr::Network* vpr_onednn_graph(
    vpr::Graph& graph) {
  return vpr::MakeOneDnnNetwork(std::move(graph)).release();
}
