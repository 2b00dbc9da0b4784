// Networks as LibTorch modules, between model files and memory.
#pragma once

#include <memory>
#include <vector>

#include "torch/registry.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/network/architecture.h"

namespace vpr {

// A network with the shape that `info` describes. Throws kIncompatible for an unknown architecture.
std::shared_ptr<EmbeddingNetwork> MakeModule(const ModelInfo& info);

// All state of a network by name, but the counters of batch normalisation, which only matter for a
// cumulative average that we do not use.
std::vector<std::pair<std::string, torch::Tensor>> NetworkState(const torch::nn::Module& network);

// That state as float32.
std::vector<Tensor> ExportTensors(const torch::nn::Module& network);

// Sets every parameter and buffer. Throws kIncompatible if one is missing, left over, or of another
// shape.
void ImportTensors(const std::vector<Tensor>& tensors, torch::nn::Module& network);

// Moves the state of `average` towards that of `network`, of the same shape:
// average = decay * average + (1 - decay) * network.
void MoveAverage(EmbeddingNetwork& average, const EmbeddingNetwork& network, double decay);

// `network` as the extractor wants it; it is put into evaluation mode and stays shared. Each call
// runs on `threads` threads; 0: on as many as LibTorch has been set to.
std::unique_ptr<Network> WrapModule(std::shared_ptr<EmbeddingNetwork> network,
                                    const torch::Device& device, int threads = 0);

}  // namespace vpr
