// A described network as a LibTorch module.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "torch/registry.h"
#include "vpr/network/architecture.h"

namespace vpr {

// Parameters and buffers have the description's names, order and shapes; the weights are drawn at
// random from LibTorch's generator as its own layers draw theirs.
std::shared_ptr<EmbeddingNetwork> MakeGraphNetwork(const Description& description);

}  // namespace vpr
