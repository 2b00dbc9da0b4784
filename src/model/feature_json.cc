#include "model/feature_json.h"

#include "base/json_reading.h"
#include "vpr/base/error.h"

namespace vpr {

nlohmann::ordered_json FeatureOptionsToJson(const FeatureOptions& options) {
  return {{"sample_rate", options.sample_rate},
          {"n_fft", options.n_fft},
          {"win_length", options.win_length},
          {"hop_length", options.hop_length},
          {"n_mels", options.n_mels},
          {"fmin", options.fmin},
          {"fmax", options.fmax},
          {"kind", ToString(options.kind)},
          {"log_floor", options.log_floor},
          {"mean_norm", options.mean_norm},
          {"level_norm", options.level_norm},
          {"trim_top_db", options.trim_top_db}};
}

FeatureOptions FeatureOptionsFromJson(const nlohmann::ordered_json& json) {
  FeatureOptions options;
  for (const auto& item : json.items()) {
    if (!FeatureOptionsToJson(options).contains(item.key()))
      throw Error(ErrorCode::kIncompatible,
                  "feature setting '" + item.key() + "' is unknown to this version");
  }
  ReadWhole(json, "sample_rate", options.sample_rate);
  ReadWhole(json, "n_fft", options.n_fft);
  ReadWhole(json, "win_length", options.win_length);
  ReadWhole(json, "hop_length", options.hop_length);
  ReadWhole(json, "n_mels", options.n_mels);
  json.at("fmin").get_to(options.fmin);
  json.at("fmax").get_to(options.fmax);
  options.kind = ParseFeatureKind(json.at("kind").get<std::string>());
  json.at("log_floor").get_to(options.log_floor);
  json.at("mean_norm").get_to(options.mean_norm);
  json.at("level_norm").get_to(options.level_norm);
  json.at("trim_top_db").get_to(options.trim_top_db);
  options.Validate();
  return options;
}

}  // namespace vpr
