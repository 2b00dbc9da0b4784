#include "vpr/print/model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// A leaf, or a list of leaves, as it is read: "16, 32, 64".
std::string Shown(const Json& value) {
  if (value.is_string()) return Printable(value.get<std::string>());
  if (value.is_number_float()) return Format("%.10g", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& one : value) text += (text.empty() ? "" : ", ") + Shown(one);
  return text.empty() ? "none" : text;
}

// Every leaf as "training.epochs  20", those of a list as "networks.1.architecture  resnet".
void AppendLines(const Json& json, const std::string& prefix, std::string& text) {
  std::size_t number = 0;
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix + (json.is_array() ? std::to_string(++number) : key);
    const bool is_list =
        value.is_array() && std::any_of(value.begin(), value.end(),
                                        [](const Json& one) { return one.is_structured(); });
    if (value.is_object() || is_list) {
      AppendLines(value, name + ".", text);
    } else {
      text += Format("%-34s %s\n", Printable(name).c_str(), Shown(value).c_str());
    }
  }
}

Json Describe(const Model& model, const std::string& path) {
  Json json = {{"model", path}};
  json.update(Json::parse(InfoAsJson(model.info)));
  json["scoring"] = Json::parse(ScoringAsJson(model.scoring));
  std::size_t weights = 0;
  for (const Tensor& tensor : model.tensors) weights += tensor.data.size();
  json["weights"] = weights;
  return json;
}

}  // namespace

std::string ToText(const Model& model, const std::string& path) {
  std::string text;
  AppendLines(Describe(model, path), "", text);
  return text;
}

std::string ToJson(const Model& model, const std::string& path) {
  return JsonLine(Describe(model, path), 1);
}

std::string ToText(const ReferenceCheck& check) {
  return Format("compared      %zu files (%zu left out)\n", check.compared, check.left_out) +
         Format("mean cosine   %.6f\nlowest cosine %.6f  %s\nbelow %-7.6g %zu files\n", check.mean,
                check.lowest, Printable(check.lowest_file).c_str(), check.least, check.below);
}

std::string ToJson(const ReferenceCheck& check) {
  return JsonLine({{"compared", check.compared},
                   {"left_out", check.left_out},
                   {"lowest", check.lowest},
                   {"lowest_file", check.lowest_file},
                   {"mean", check.mean},
                   {"least", check.least},
                   {"below", check.below}});
}

std::string MadeText(const std::string& path, const std::string& what) {
  return Printable(path) + ": " + what + ", without thresholds; next: vpr adapt\n";
}

std::string ImportedText(const std::string& path, const ModelInfo& info, bool calibrated) {
  return Format("%s: %s, %d dimensions, %s\n", Printable(path).c_str(),
                Printable(info.architecture).c_str(), info.embedding_dim,
                calibrated ? "a known network: calibrated" : "uncalibrated; next: vpr calibrate");
}

}  // namespace vpr
