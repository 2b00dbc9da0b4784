#include "vpr/train/trainer.h"

#include "train/curves.h"
#include "vpr/model/backend.h"

namespace vpr {

TrainResult Train(const TrainConfig& config, Progress& progress, const StopRequested& stop) {
  config.Validate();
  TrainResult result = OpenBackend().Train(config, progress, stop);
  if (result.first_process) PlotTrainingCurves(config.run_dir);
  return result;
}

}  // namespace vpr
