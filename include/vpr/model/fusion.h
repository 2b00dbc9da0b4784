// Several networks as one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// What is to be made into one. Throws what LoadModel throws.
std::vector<Model> LoadModels(const std::vector<std::string>& paths);

// A model whose embedding is those of all the networks, each scaled to length 1, one after the
// other. It has no scores, cohort or thresholds: those are of what made them ("vpr adapt").
// Networks of different kinds err on different recordings, so PLDA over both is better than over
// either. Throws kInvalidArgument for fewer than two models, kIncompatible if their features differ
// or one is a fusion itself.
Model FuseModels(const std::vector<Model>& models);

// What the networks of a fusion say of themselves, if each was a model of its own. Throws
// kIncompatible if they do not add up to the model.
std::vector<ModelInfo> PartInfos(const ModelInfo& info);

// The networks of a fusion, each as a model of its own without scores, taken to have learnt from
// all that the fusion has. Throws kIncompatible if the parts do not add up to the model.
std::vector<Model> PartsOf(const Model& model);

// One of them, from 1. Throws kIncompatible also for a model that is no fusion, kInvalidArgument
// for a number that it does not have. `name`, of the model, is used in messages.
Model PartOf(const Model& model, std::size_t number, const std::string& name);

// Throws kIncompatible if there are tensors that belong to none of the networks.
void CheckTensorsOfParts(const Model& model);

// What the names of the tensors of part `index` begin with: "network1." for 0.
std::string PartPrefix(std::size_t index);

inline constexpr const char* kFusion = "fusion";  // ModelInfo::architecture

}  // namespace vpr
