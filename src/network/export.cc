#include "vpr/network/export.h"

#include <nlohmann/json.hpp>

#include "base/open_module.h"
#include "model/feature_json.h"
#include "network/onnx_writer.h"
#include "network/torchscript.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

std::string Milliseconds(int samples, const FeatureOptions& options) {
  return Format("%.9g", 1000.0 * samples / options.sample_rate);
}

}  // namespace

std::map<std::string, std::string> ExportMetadata(const ModelInfo& info) {
  std::map<std::string, std::string> metadata = {
      {"framework", "vpr"},
      {"version", Version()},
      {"model_type", info.architecture},
      {"comment", "speaker embeddings"},
      {"language", "unknown"},
      {"sample_rate", std::to_string(info.features.sample_rate)},
      {"output_dim", std::to_string(info.embedding_dim)},
      {"normalize_samples", "1"},  // they lie between -1 and 1
      {"feat_dim", std::to_string(info.features.n_mels)},
      {"window_type", "hann"},
      {"window_size_ms", Milliseconds(info.features.win_length, info.features)},
      {"window_stride_ms", Milliseconds(info.features.hop_length, info.features)},
      {"feature_normalize_type", info.features.mean_norm ? "per_feature" : ""},
      {"vpr.crop_seconds", Format("%.9g", info.crop_seconds)},
      {"vpr.fingerprint", info.fingerprint},
      {"vpr.network_fingerprint", info.network_fingerprint}};
  if (info.is_imported()) {
    // The features are the family's, of which FeatureOptions says nothing.
    metadata["vpr.front_end"] = info.front_end;
    metadata["vpr.source"] = info.source;
    metadata["licence"] = info.licence;
    metadata["credit"] = info.credit;
    for (const char* name : {"window_type", "normalize_samples", "feature_normalize_type"})
      metadata.erase(name);
    return metadata;
  }
  const nlohmann::ordered_json features = FeatureOptionsToJson(info.features);
  for (const auto& [name, value] : features.items())
    metadata["vpr." + name] = value.is_string() ? value.get<std::string>() : value.dump();
  return metadata;
}

std::string OnnxFile(const Model& model) {
  const Graph graph = BuildGraph(model);
  const auto write = reinterpret_cast<OnnxWriter*>(OpenModule("vpr_onnx", kOnnxEntry));
  std::string content;
  write(graph, ExportMetadata(model.info), content);
  return content;
}

std::string TorchScriptFile(const Model& model) {
  ScriptModule script = MakeScriptModule(BuildGraph(model));
  script.extra_files.emplace_back("metadata.json",
                                  nlohmann::json(ExportMetadata(model.info)).dump());
  return OpenInterface<ScriptEngine>().Archive(script);
}

}  // namespace vpr
