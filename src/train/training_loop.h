// The training loop, whatever engine makes the steps.
#pragma once

#include "vpr/train/step_engine.h"
#include "vpr/train/trainer.h"

namespace vpr {

// vpr::Train without the picture. Two trainings must not use one run folder at once.
TrainResult TrainWith(StepEngines& engines, const TrainConfig& config, Progress& progress,
                      const StopRequested& stop);

}  // namespace vpr
