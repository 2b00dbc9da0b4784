// Networks with a value a class, and their training.
#pragma once

#include "torch/registry.h"
#include "vpr/base/progress.h"
#include "vpr/classify/network_classifier.h"

namespace vpr {

// Throws kInvalidArgument for an unknown network or a shape without rows or classes.
std::shared_ptr<EmbeddingNetwork> MakeClassifierModule(const NetworkShape& shape);

// As ClassifierEngine::Train.
std::vector<Tensor> TrainClassifierWithTorch(const NetworkTask& task, Progress& progress,
                                             const StopRequested& stop);

}  // namespace vpr
