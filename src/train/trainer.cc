#include "vpr/train/trainer.h"

#include "base/open_module.h"
#include "train/curves.h"
#include "train/training_loop.h"

namespace vpr {

TrainResult Train(const TrainConfig& config, Progress& progress, const StopRequested& stop) {
  config.Validate();
  TrainResult result = TrainWith(OpenInterface<StepEngines>(), config, progress, stop);
  if (result.first_process) PlotTrainingCurves(config.run_dir);
  return result;
}

}  // namespace vpr
