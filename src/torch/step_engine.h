// Steps of a training by LibTorch.
#pragma once

#include "vpr/train/step_engine.h"

namespace vpr {

std::unique_ptr<StepEngine> MakeTorchStepEngine(const TrainConfig& config);

}  // namespace vpr
