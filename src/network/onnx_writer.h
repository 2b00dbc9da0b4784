// A graph as an ONNX file, written with the library's own protocol buffers. In a module, opened at
// first need.
#pragma once

#include <map>
#include <string>

#include "vpr/network/graph.h"

namespace vpr {

using OnnxWriter = void(const Graph& graph, const std::map<std::string, std::string>& metadata,
                        std::string& content);

// The module's entry point; the name changes with this interface.
inline constexpr const char* kOnnxEntry = "vpr_onnx_writer_v3";

}  // namespace vpr
