// One network from several.
#pragma once

#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// The weighted mean of the weights of networks of one shape (Wortsman et al., "Model soups", ICML
// 2022): of stages of one training, or of fine-tunings of one network, which can be better than
// each of them; of networks trained apart it is worthless. `weights`: one each, above 0, scaled to
// a sum of 1; none: all the same. What the model says of its training is the last one's, with the
// fingerprints of all training data. It has no PLDA, cohort, thresholds or calibration, which are
// not those of another network: see Adapt. Throws kInvalidArgument, and kIncompatible for networks
// of different shapes or features.
Model AverageModels(const std::vector<Model>& models, const std::vector<double>& weights);

}  // namespace vpr
