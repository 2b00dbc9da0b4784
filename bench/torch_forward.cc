// The least that a program on LibTorch costs: it loads the library, makes the default network with
// random weights, computes the embedding of 4 s, and ends. No audio, no features, no model file.
#include <cstdio>

#include "torch/torch_network.h"

int main() {
  vpr::ModelInfo info;
  info.architecture = "resnet";
  info.embedding_dim = 192;
  const auto network = vpr::WrapModule(vpr::MakeModule(info), torch::kCPU);
  const vpr::Matrix features(128, 251);
  std::printf("%zu dimensions\n", network->Forward(features).size());
}
