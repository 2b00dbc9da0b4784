// Training of transcribers' networks.
#pragma once

#include <vector>

#include "vpr/base/progress.h"
#include "vpr/transcribe/transcriber_training.h"

namespace vpr {

// As TranscriberEngine::Train.
std::vector<Tensor> TrainTranscriberWithTorch(const TranscriberTask& task, Progress& progress,
                                              const StopRequested& stop);

}  // namespace vpr
