// ClassifierProvenance in the description of a classifier file.
#pragma once

#include <nlohmann/json.hpp>

#include "vpr/classify/classifier.h"

namespace vpr {

nlohmann::ordered_json ProvenanceToJson(const ClassifierProvenance& training);
// Throws what nlohmann::json throws, and kIncompatible.
ClassifierProvenance ProvenanceFromJson(const nlohmann::ordered_json& json);

}  // namespace vpr
