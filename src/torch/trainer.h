// The training loop.
#pragma once

#include "vpr/train/trainer.h"

namespace vpr {

// vpr::Train without the picture. Two files of one run folder must not be trained at once.
TrainResult TrainWithTorch(const TrainConfig& config, Progress& progress,
                           const StopRequested& stop);

}  // namespace vpr
