// Scores for networks whose weights are not ours to give away: what vpr calibrate finds for one
// (cohorts, weights, thresholds), without the network, in a small file that is attached to the
// network when it is imported. docs/formats.md gives every byte.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// What a network makes of two seconds of a sound that is always the same: [embedding_dim], of
// length
// 1. The same weights give the same answer to rounding whatever file they come from, a PyTorch
// archive or any exporter's ONNX, and with other features they give another. Throws what
// MakeNetwork throws.
std::vector<float> NetworkAnswer(const Model& model);

// Are they of one network? Cosine of at least 0.9999: rounding in another order, or to float16, is
// within it, 8-bit weights are not.
bool SameAnswer(std::span<const float> a, std::span<const float> b);

// Writes the score of a calibrated model, cohorts in float16, for networks of its
// network_fingerprint or of this answer. Throws kIo; kUnusable for a model without thresholds.
void SaveKnownScore(const std::string& path, const Model& model, std::span<const float> answer);

// Gives a model, whose answer it is, score, thresholds and calibration. Throws kNotFound, kIo;
// kCorrupt for what is no such file; kIncompatible if it is for another network.
void AttachKnownScore(const std::string& path, std::span<const float> answer, Model& model);

// Sets the model's fingerprints of its network and score, which SaveModel and LoadModel set too.
void SetFingerprints(Model& model);

// The file that came with vpr for a network of this fingerprint or answer; empty: there is none.
std::string FindKnownScore(const std::string& network_fingerprint, std::span<const float> answer);

}  // namespace vpr
