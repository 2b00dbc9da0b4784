#include "vpr/model/fusion.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::string PartPrefix(std::size_t index) { return Format("network%zu.", index + 1); }

bool IsMixed(const ModelInfo& info) {
  return std::any_of(info.parts.begin(), info.parts.end(), [](const NetworkPart& part) {
    return part.features.has_value() || part.weight != 1;
  });
}

Model FuseModels(const std::vector<Model>& models, const std::vector<double>& weights) {
  if (models.size() < 2)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a fusion needs two or more models, found %zu", models.size()));
  if (!weights.empty() && weights.size() != models.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("there are %zu models and %zu weights", models.size(), weights.size()));
  const double most = weights.empty() ? 1 : *std::max_element(weights.begin(), weights.end());
  for (double weight : weights) {
    if (!(weight >= kLeastPartWeight * most && std::isfinite(most) && most > 0))
      throw Error(ErrorCode::kInvalidArgument,
                  Format("weights must be numbers above 0, the least at least %g of the largest",
                         kLeastPartWeight));
  }
  const ModelInfo& first = models.front().info;
  Model fusion;
  fusion.info = first;
  fusion.info.architecture = kFusion;
  fusion.info.architecture_options.clear();
  fusion.info.graph.clear();
  fusion.info.embedding_dim = 0;
  fusion.info.weights = WeightType::kFloat32;
  SetThresholds({}, fusion.info);
  TrainingProvenance& training = fusion.info.training;
  training.dev_eer = -1;
  training.crops = 0;
  nlohmann::ordered_json graphs;
  bool any_graph = false;
  for (std::size_t m = 0; m < models.size(); ++m) {
    const ModelInfo& info = models[m].info;
    auto fail = [&](const char* what) {
      return Error(ErrorCode::kIncompatible, Format("model %zu cannot be fused: ", m + 1) + what);
    };
    if (info.architecture == kFusion) throw fail("it is a fusion itself");
    if (info.front_end != first.front_end) throw fail("its front end is not the first's");
    if (info.features.sample_rate != first.features.sample_rate ||
        info.features.trim_top_db != first.features.trim_top_db)
      throw fail("its sample rate or its trimming is not the first's");
    NetworkPart& part = fusion.info.parts.emplace_back();
    part.architecture = info.architecture;
    part.architecture_options = info.architecture_options;
    part.embedding_dim = info.embedding_dim;
    if (info.features != first.features) part.features = info.features;
    if (!weights.empty()) part.weight = weights[m] / most;
    any_graph = any_graph || !info.graph.empty();
    graphs.push_back(info.graph.empty() ? nlohmann::ordered_json()
                                        : nlohmann::ordered_json::parse(info.graph));
    fusion.info.embedding_dim += info.embedding_dim;
    fusion.info.crop_seconds = std::min(fusion.info.crop_seconds, info.crop_seconds);
    training.crops += info.training.crops;
    training.utterance_fingerprints =
        MergeFingerprints(training.utterance_fingerprints, info.training.utterance_fingerprints);
    training.speaker_fingerprints =
        MergeFingerprints(training.speaker_fingerprints, info.training.speaker_fingerprints);
    for (Tensor tensor : models[m].tensors) {
      tensor.name.insert(0, PartPrefix(m));
      fusion.tensors.push_back(std::move(tensor));
    }
  }
  if (any_graph) fusion.info.graph = graphs.dump();
  return fusion;
}

// Of the networks whose architecture is none of ours; null for the others.
static std::vector<nlohmann::ordered_json> GraphsOf(const ModelInfo& info) {
  std::vector<nlohmann::ordered_json> graphs(info.parts.size());
  if (info.graph.empty()) return graphs;
  const auto all = nlohmann::ordered_json::parse(info.graph, nullptr, /*allow_exceptions=*/false);
  if (!all.is_array() || all.size() != graphs.size())
    throw Error(ErrorCode::kIncompatible, "the parts of its network do not fit together");
  std::copy(all.begin(), all.end(), graphs.begin());
  return graphs;
}

std::vector<ModelInfo> PartInfos(const ModelInfo& info) {
  std::vector<ModelInfo> parts;
  int dim = 0;
  const std::vector<nlohmann::ordered_json> graphs = GraphsOf(info);
  for (const NetworkPart& shape : info.parts) {
    ModelInfo& part = parts.emplace_back();
    part.architecture = shape.architecture;
    part.architecture_options = shape.architecture_options;
    part.embedding_dim = shape.embedding_dim;
    if (!graphs[parts.size() - 1].is_null()) part.graph = graphs[parts.size() - 1].dump();
    part.features = shape.features.value_or(info.features);
    part.front_end = info.front_end;
    part.source = info.source;
    part.licence = info.licence;
    part.credit = info.credit;
    part.crop_seconds = info.crop_seconds;
    part.weights = info.weights;
    if (shape.architecture == kFusion || shape.embedding_dim <= 0 ||
        shape.embedding_dim > info.embedding_dim - dim)
      throw Error(ErrorCode::kIncompatible, "the parts of its network do not fit together");
    dim += shape.embedding_dim;
  }
  if (parts.empty() || dim != info.embedding_dim)
    throw Error(ErrorCode::kIncompatible, "the parts of its network do not fit together");
  return parts;
}

void CheckTensorsOfParts(const Model& model) {
  for (const Tensor& tensor : model.tensors) {
    bool known = false;
    for (std::size_t p = 0; p < model.info.parts.size(); ++p)
      known = known || tensor.name.starts_with(PartPrefix(p));
    if (!known)
      throw Error(ErrorCode::kIncompatible,
                  "the model has a tensor '" + tensor.name + "' that none of its networks has");
  }
}

std::vector<Model> LoadModels(const std::vector<std::string>& paths) {
  std::vector<Model> models;
  for (const std::string& path : paths) models.push_back(LoadModel(path));
  return models;
}

std::vector<Model> PartsOf(const Model& model) {
  std::vector<Model> parts;
  for (ModelInfo& info : PartInfos(model.info)) {
    // Which of them heard what is not kept, nor how much.
    info.training = model.info.training;
    info.training.crops = 0;
    parts.push_back({std::move(info), {}, {}});
  }
  CheckTensorsOfParts(model);
  for (const Tensor& tensor : model.tensors) {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (!tensor.name.starts_with(PartPrefix(p))) continue;
      parts[p].tensors.push_back(tensor);
      parts[p].tensors.back().name.erase(0, PartPrefix(p).size());
    }
  }
  return parts;
}

Model PartOf(const Model& model, std::size_t number, const std::string& name) {
  if (model.info.architecture != kFusion)
    throw Error(ErrorCode::kIncompatible,
                "'" + Printable(name) + "' is one network (" + model.info.architecture +
                    "), not a fusion: there is nothing to take out of it");
  std::vector<Model> parts = PartsOf(model);
  if (number < 1 || number > parts.size())
    throw Error(ErrorCode::kInvalidArgument, Format("'%s' has networks 1 to %zu, not %zu",
                                                    Printable(name).c_str(), parts.size(), number));
  return std::move(parts[number - 1]);
}

}  // namespace vpr
