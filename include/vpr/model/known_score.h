// Scores for networks whose weights are not ours to give away: what vpr calibrate finds for one
// (cohorts, weights, thresholds), without the network, in a small file that is attached to the
// network when it is imported. docs/formats.md gives every byte.
#pragma once

#include <string>

#include "vpr/model/model_file.h"

namespace vpr {

// Writes the score of a calibrated model, cohorts in float16, for networks of its
// network_fingerprint. Throws kIo; kUnusable for a model without thresholds.
void SaveKnownScore(const std::string& path, const Model& model);

// Gives a model score, thresholds and calibration. Throws kNotFound, kIo; kCorrupt for what is no
// such file; kIncompatible if it is for another network than model.info.network_fingerprint.
void AttachKnownScore(const std::string& path, Model& model);

// Sets the model's fingerprints of its network and score, which SaveModel and LoadModel set too.
void SetFingerprints(Model& model);

// The file that came with vpr for a network, by its fingerprint; empty: there is none.
std::string FindKnownScore(const std::string& network_fingerprint);

}  // namespace vpr
