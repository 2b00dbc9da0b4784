// Thresholds and log-likelihood ratios for a model, from trials of the user's own.
#pragma once

#include <string>

#include "vpr/evaluate/trial_run.h"

namespace vpr {

// Scores the trials with the model in the file `model` and writes it to `output` with the
// calibration and the thresholds that they give; returns what is written. Warns of rates for which
// the trials are too few. Throws what ScoreTrials and FindThresholds throw; kUnusable if higher
// scores do not mean the same speaker.
ModelInfo CalibrateModel(const std::string& model, const ExtractorOptions& engine,
                         const TrialSource& trials, const std::string& output, Progress& progress,
                         const StopRequested& stop);

}  // namespace vpr
