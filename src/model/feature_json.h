// FeatureOptions as JSON: the form in which they stand in model files.
#pragma once

#include <nlohmann/json.hpp>

#include "vpr/features/feature_options.h"

namespace vpr {

nlohmann::ordered_json FeatureOptionsToJson(const FeatureOptions& options);

// Every field must be there and nothing else: a model is not usable with guessed settings. Throws
// nlohmann::json::exception or Error (kIncompatible).
FeatureOptions FeatureOptionsFromJson(const nlohmann::ordered_json& json);

}  // namespace vpr
