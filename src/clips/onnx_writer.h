// A classifier of clips as an ONNX file: what the module vpr_onnx exports.
#pragma once

#include <map>
#include <string>

#include "vpr/clips/clip_classifier.h"
#include "vpr/network/graph.h"

namespace vpr {

// `pictures`: the graph of the image branch's network; empty without that branch.
using ClipOnnxWriter = void(const ClipModel& model, const Graph& pictures,
                            const std::map<std::string, std::string>& metadata,
                            std::string& content);
inline constexpr const char* kClipOnnxEntry = "vpr_onnx_clip_writer_v1";

}  // namespace vpr
