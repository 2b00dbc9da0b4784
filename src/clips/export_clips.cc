#include "vpr/clips/export_clips.h"

#include <nlohmann/json.hpp>

#include "base/open_module.h"
#include "clips/onnx_writer.h"
#include "model/feature_json.h"
#include "vpr/base/version.h"

namespace vpr {

std::string ClipOnnxFile(const ClipModel& model) {
  const ClipClassifierInfo& info = model.info;
  std::map<std::string, std::string> metadata = {
      {"framework", "vpr"},
      {"version", Version()},
      {"model_type", "clips"},
      {"comment", "labels of clips by what is seen and heard"},
      {"vpr.fusion", info.shape.fused() ? ToString(info.shape.fusion) : ""},
      {"vpr.fingerprint", info.fingerprint}};
  for (const std::string& label : info.labels) {
    std::string& labels = metadata["vpr.labels"];
    labels += (labels.empty() ? "" : "\n") + label;
  }
  if (info.shape.sound) {
    const nlohmann::ordered_json features = FeatureOptionsToJson(info.clips.features);
    for (const auto& [name, value] : features.items())
      metadata["vpr." + name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  Graph pictures;
  if (info.shape.image) {
    metadata["vpr.image_network"] = info.shape.image_network;
    metadata["vpr.crop"] = info.clips.face ? "face" : "frame";
    metadata["vpr.frames"] = std::to_string(info.clips.frames);
    pictures = BuildGraph(ImageModelOf(info.shape, model.tensors));
  }
  const auto write = reinterpret_cast<ClipOnnxWriter*>(OpenModule("vpr_onnx", kClipOnnxEntry));
  std::string content;
  write(model, pictures, metadata, content);
  return content;
}

}  // namespace vpr
