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
// either. They may be of different features, if of one sample rate and one trimming. `weights`, one
// a model or none for equal ones, are those of the networks' cosines in the cosine of the fusion.
// Throws kInvalidArgument for fewer than two models or weights that are not a number above 0 for
// each, kIncompatible if their sound differs or one is a fusion itself.
Model FuseModels(const std::vector<Model>& models, const std::vector<double>& weights = {});

// Whether the networks of a fusion differ in features or weight: such are run one by one, not as
// one graph.
bool IsMixed(const ModelInfo& info);

// Of a fusion's part; the largest is taken as 1.
inline constexpr double kLeastPartWeight = 1e-3, kMostPartWeight = 1;

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
