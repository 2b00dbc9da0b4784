// metrics.csv and its picture.
#pragma once

#include <string>
#include <vector>

#include "vpr/train/trainer.h"

namespace vpr {

// Writes RUN_DIR/metrics.csv, whole, atomically.
void WriteMetrics(const std::string& run_dir, const std::vector<EpochMetrics>& epochs);

// Draws RUN_DIR/curves.png from RUN_DIR/metrics.csv; nothing if there is no epoch in it yet.
void PlotTrainingCurves(const std::string& run_dir);

}  // namespace vpr
