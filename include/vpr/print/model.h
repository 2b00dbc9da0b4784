// Model files, and what was made of them, as words and as JSON (docs/json.md).
#pragma once

#include <string>

#include "vpr/model/model_file.h"
#include "vpr/model/reference_check.h"

namespace vpr {

// Everything that a model, read from `path`, says of itself: a line a value, "training.epochs  20".
std::string ToText(const Model& model, const std::string& path);
// The same as one JSON object on many lines.
std::string ToJson(const Model& model, const std::string& path);

std::string ToText(const ReferenceCheck& check);
std::string ToJson(const ReferenceCheck& check);

// Of a model that was written to `path`: made of others' networks, which `what` says, so without
// thresholds; or imported.
std::string MadeText(const std::string& path, const std::string& what);
std::string ImportedText(const std::string& path, const ModelInfo& info, bool calibrated);

}  // namespace vpr
