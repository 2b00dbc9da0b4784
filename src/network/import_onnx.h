// Networks in ONNX files.
#pragma once

#include <string>
#include <string_view>

#include "vpr/model/model_file.h"
#include "vpr/network/import.h"

namespace vpr {

// The network of an ONNX file as a graph, with the front end and the features that the file's
// metadata or `options` name. Fingerprints, source and what is said of the weights are left to the
// caller. Throws as ImportNetwork does.
Model ImportOnnx(std::string_view content, const ImportOptions& options);

}  // namespace vpr
