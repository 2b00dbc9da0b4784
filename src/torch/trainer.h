// The training loop.
#pragma once

#include "vpr/train/trainer.h"

namespace vpr {

// vpr::Train without the picture. Two trainings must not use one run folder at once.
TrainResult TrainWithTorch(const TrainConfig& config, Progress& progress,
                           const StopRequested& stop);

}  // namespace vpr
