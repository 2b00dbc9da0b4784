// Fitting a model to other speakers and devices without training its network.
#pragma once

#include <string>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct AdaptOptions {
  std::string model;   // file to start from
  std::string data;    // prefix of a packed data set
  std::string dev;     // prefix of held-out speakers; empty: as in training
  std::string output;  // model file to write
  double hold_out_speakers = 0.1;
  int cohort_speakers = 1200;  // at most, those with the most speech
  int cohort_top = 30;         // of these, the most alike count; so many speakers must there be
  ExtractorOptions engine;
};

struct AdaptResult {
  ModelInfo model;      // as written
  double dev_eer = -1;  // on held-out speakers; negative: none
  bool plda = false;  // else scores are cosines, as PLDA is no better or there are too few speakers
};

// Replaces what the model's scores are made with (PLDA and the cohort of AS-norm) by what these
// speakers give, and its calibration and thresholds by those of held-out ones. The network stays.
// Throws what LoadModel and PackedDataset throw; kUnusable for fewer than cohort_top
// speakers, or none to hold out; kInterrupted
// if stopped.
AdaptResult Adapt(const AdaptOptions& options, Progress& progress, const StopRequested& stop);

}  // namespace vpr
