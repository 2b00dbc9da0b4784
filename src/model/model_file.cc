#include "vpr/model/model_file.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "model/compact_weights.h"
#include "model/feature_json.h"
#include "model/score_format.h"
#include "model/tensor_file.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/features/front_end.h"
#include "vpr/model/fusion.h"
#include "vpr/model/known_score.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// The magic is like PNG's: it shows transfers that change bytes.
constexpr TensorFileFormat kFormat = {"\x89VPR\r\n\x1a\n", kModelFormatVersion,
                                      kModelFormatVersion + 1, "model", kMixedFormatVersion};

// Tensors that belong to the scores, beside the network's.
constexpr char kPldaMean[] = "scoring.plda.mean", kPldaTransform[] = "scoring.plda.transform",
               kPldaBetween[] = "scoring.plda.between", kCohort[] = "scoring.cohort",
               kCentre[] = "scoring.centre", kChannelCohort[] = "scoring.channel_cohort";

Json FmrThresholdsToJson(const std::vector<FmrThreshold>& thresholds) {
  Json list = Json::array();
  for (const FmrThreshold& one : thresholds) {
    list.push_back({{"wanted_fmr", one.wanted_fmr},
                    {"threshold", one.threshold},
                    {"fmr", one.fmr},
                    {"fnmr", one.fnmr},
                    {"supported", one.supported}});
  }
  return list;
}

Json DecisionToJson(const DecisionThreshold& decision) {
  return {{"threshold", decision.threshold},
          {"fmr", decision.fmr},
          {"fnmr", decision.fnmr},
          {"basis", decision.basis}};
}

Json CalibrationToJson(const Calibration& calibration) {
  return {{"scale", calibration.scale},
          {"offset", calibration.offset},
          {"duration_scale", calibration.duration_scale},
          {"duration_offset", calibration.duration_offset}};
}

// A number that decides something or is told: no real one is anywhere near the limits.
double NumberWithin(const Json& json, const char* name, double low, double high) {
  const double found = json.at(name).get<double>();
  if (!(found >= low && found <= high))
    throw Error(ErrorCode::kIncompatible,
                Format("its '%s' is %g; expected %g to %g", name, found, low, high));
  return found;
}

// Of the members "decision", "fmr_thresholds" and "calibration".
void ThresholdsFromJson(const Json& json, ModelInfo& info) {
  const auto score = [](const Json& of, const char* name) {
    return NumberWithin(of, name, -kMostScore, kMostScore);
  };
  // Negative: not measured.
  const auto rate = [](const Json& of, const char* name) { return NumberWithin(of, name, -1, 1); };
  const Json& decision = json.at("decision");
  info.decision.threshold = score(decision, "threshold");
  info.decision.fmr = rate(decision, "fmr");
  info.decision.fnmr = rate(decision, "fnmr");
  decision.at("basis").get_to(info.decision.basis);
  for (const Json& entry : json.at("fmr_thresholds")) {
    FmrThreshold one;
    one.wanted_fmr = rate(entry, "wanted_fmr");
    one.threshold = score(entry, "threshold");
    one.fmr = rate(entry, "fmr");
    one.fnmr = rate(entry, "fnmr");
    entry.at("supported").get_to(one.supported);
    info.fmr_thresholds.push_back(one);
  }
  const Json& calibration = json.at("calibration");
  // With a scale below 0 the more alike two voices are, the less probable they would be one.
  info.calibration.scale = NumberWithin(calibration, "scale", 0, kMostScore);
  info.calibration.offset = score(calibration, "offset");
  info.calibration.duration_scale = score(calibration, "duration_scale");
  info.calibration.duration_offset = score(calibration, "duration_offset");
}

// What only some models have is left out of the others' files.
Json InfoToJson(const ModelInfo& info) {
  const TrainingProvenance& training = info.training;
  Json shape = {{"architecture", info.architecture},
                {"architecture_options", info.architecture_options}};
  for (const NetworkPart& part : info.parts) {
    Json entry = {{"architecture", part.architecture},
                  {"architecture_options", part.architecture_options},
                  {"embedding_dim", part.embedding_dim}};
    if (part.features) entry["features"] = FeatureOptionsToJson(*part.features);
    if (part.weight != 1) entry["weight"] = part.weight;
    shape["parts"].push_back(std::move(entry));
  }
  shape["embedding_dim"] = info.embedding_dim;
  if (info.weights != WeightType::kFloat32) shape["weight_type"] = Name(info.weights);
  if (info.is_imported()) {
    shape["imported"] = {{"front_end", info.front_end},
                         {"source", info.source},
                         {"licence", info.licence},
                         {"credit", info.credit}};
  }
  const Json rest = {{"crop_seconds", info.crop_seconds},
                     {"features", FeatureOptionsToJson(info.features)},
                     {"decision", DecisionToJson(info.decision)},
                     {"fmr_thresholds", FmrThresholdsToJson(info.fmr_thresholds)},
                     {"calibration", CalibrationToJson(info.calibration)},
                     {"training",
                      {{"dataset", training.dataset},
                       {"dataset_fingerprint", training.dataset_fingerprint},
                       {"speakers", training.speakers},
                       {"utterances", training.utterances},
                       {"hours", training.hours},
                       {"loss", training.loss},
                       {"epochs", training.epochs},
                       {"best_epoch", training.best_epoch},
                       {"crops", training.crops},
                       {"seed", training.seed},
                       {"dev_dataset_fingerprint", training.dev_dataset_fingerprint},
                       {"dev_eer", training.dev_eer},
                       {"program", training.program},
                       {"utterance_fingerprints", training.utterance_fingerprints},
                       {"speaker_fingerprints", training.speaker_fingerprints}}}};
  shape.update(rest);
  return shape;
}

ModelInfo InfoFromJson(const Json& json) {
  ModelInfo info;
  json.at("architecture").get_to(info.architecture);
  ReadWholeLists(json, "architecture_options", info.architecture_options);
  if (json.contains("parts")) {
    for (const Json& entry : json.at("parts")) {
      NetworkPart part;
      entry.at("architecture").get_to(part.architecture);
      ReadWholeLists(entry, "architecture_options", part.architecture_options);
      ReadWhole(entry, "embedding_dim", part.embedding_dim);
      if (entry.contains("features")) part.features = FeatureOptionsFromJson(entry.at("features"));
      if (entry.contains("weight"))
        part.weight = NumberWithin(entry, "weight", kLeastPartWeight, kMostPartWeight);
      info.parts.push_back(part);
    }
  }
  ReadWhole(json, "embedding_dim", info.embedding_dim);
  if (json.contains("imported")) {
    const Json& imported = json.at("imported");
    imported.at("front_end").get_to(info.front_end);
    imported.at("source").get_to(info.source);
    imported.at("licence").get_to(info.licence);
    imported.at("credit").get_to(info.credit);
    if (!info.is_imported())
      throw Error(ErrorCode::kCorrupt, "it is imported, and does not say for what front end");
    MakeFrontEnd(info.front_end);
  }
  if (json.contains("graph")) info.graph = json.at("graph").dump();
  json.at("crop_seconds").get_to(info.crop_seconds);
  info.features = FeatureOptionsFromJson(json.at("features"));
  ThresholdsFromJson(json, info);
  const Json& training = json.at("training");
  training.at("dataset").get_to(info.training.dataset);
  training.at("dataset_fingerprint").get_to(info.training.dataset_fingerprint);
  ReadWhole(training, "speakers", info.training.speakers);
  ReadWhole(training, "utterances", info.training.utterances);
  training.at("hours").get_to(info.training.hours);
  training.at("loss").get_to(info.training.loss);
  ReadWhole(training, "epochs", info.training.epochs);
  ReadWhole(training, "best_epoch", info.training.best_epoch);
  ReadWhole(training, "crops", info.training.crops);
  ReadWhole(training, "seed", info.training.seed);
  training.at("dev_dataset_fingerprint").get_to(info.training.dev_dataset_fingerprint);
  training.at("dev_eer").get_to(info.training.dev_eer);
  training.at("program").get_to(info.training.program);
  training.at("utterance_fingerprints").get_to(info.training.utterance_fingerprints);
  training.at("speaker_fingerprints").get_to(info.training.speaker_fingerprints);
  return info;
}

std::vector<Tensor> ScoringTensors(const ScoringModel& scoring) {
  std::vector<Tensor> tensors;
  auto add_vector = [&](const char* name, const std::vector<float>& values) {
    tensors.push_back({name, {static_cast<std::int64_t>(values.size())}, values});
  };
  auto add_matrix = [&](const char* name, const Matrix& matrix) {
    tensors.push_back(
        {name,
         {static_cast<std::int64_t>(matrix.rows), static_cast<std::int64_t>(matrix.cols)},
         matrix.data});
  };
  if (!scoring.plda.empty()) {
    add_vector(kPldaMean, scoring.plda.mean);
    add_matrix(kPldaTransform, scoring.plda.transform);
    add_vector(kPldaBetween, scoring.plda.between);
  }
  if (scoring.top_n > 0) add_matrix(kCohort, scoring.cohort);
  if (!scoring.conditional.empty()) {
    add_vector(kCentre, scoring.conditional.centre);
    if (scoring.channel_cohort.rows > 0) add_matrix(kChannelCohort, scoring.channel_cohort);
  }
  return tensors;
}

Json ConditionalToJson(const ConditionalScore& score) {
  Json scale, offset;
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
    scale[kConditionTermNames[k]] = score.scale[k];
    offset[kConditionTermNames[k]] = score.offset[k];
  }
  return {{"scale", scale},
          {"offset", offset},
          {"most_llr", score.most_llr},
          {"stranger_mean", score.stranger_mean},
          {"stranger_deviation", score.stranger_deviation}};
}

// All but the centre.
void ConditionalFromJson(const Json& json, ConditionalScore& score) {
  const auto number = [](const Json& of, const char* name) {
    return NumberWithin(of, name, -kMostScore, kMostScore);
  };
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
    score.scale[k] = number(json.at("scale"), kConditionTermNames[k]);
    score.offset[k] = number(json.at("offset"), kConditionTermNames[k]);
  }
  score.most_llr = NumberWithin(json, "most_llr", 0, kMostScore);
  score.stranger_mean = number(json, "stranger_mean");
  score.stranger_deviation = NumberWithin(json, "stranger_deviation", 0, kMostScore);
}

// A number of embeddings is at most 1, those of PLDA as many times as voices differ. Beyond these
// bounds scores would say nothing of voices, or not be numbers at all.
constexpr float kMostOfEmbedding = 1e3f, kMostOfPlda = 1e6f;

void CheckScoringTensor(const Tensor& tensor) {
  const bool plda = tensor.name == kPldaTransform || tensor.name == kPldaBetween;
  const float most = plda ? kMostOfPlda : kMostOfEmbedding;
  for (float value : tensor.data) {
    if (!(std::abs(value) <= most))
      throw Error(ErrorCode::kIncompatible,
                  Format("its '%s' has a value of %g; expected at most %g", tensor.name.c_str(),
                         double{value}, double{most}));
  }
}

// Takes the tensors of the scores out of `model.tensors`.
void SplitScoring(Model& model) {
  ScoringModel& scoring = model.scoring;
  const std::pair<const char*, std::vector<float>*> vectors[] = {
      {kPldaMean, &scoring.plda.mean},
      {kPldaBetween, &scoring.plda.between},
      {kCentre, &scoring.conditional.centre}};
  const std::pair<const char*, Matrix*> matrices[] = {{kPldaTransform, &scoring.plda.transform},
                                                      {kCohort, &scoring.cohort},
                                                      {kChannelCohort, &scoring.channel_cohort}};
  auto take = [&](Tensor& tensor) {
    for (auto [name, vector] : vectors) {
      if (tensor.name != name || tensor.shape.size() != 1) continue;
      CheckScoringTensor(tensor);
      *vector = std::move(tensor.data);
      return true;
    }
    for (auto [name, matrix] : matrices) {
      if (tensor.name != name || tensor.shape.size() != 2) continue;
      CheckScoringTensor(tensor);
      matrix->rows = static_cast<std::size_t>(tensor.shape[0]);
      matrix->cols = static_cast<std::size_t>(tensor.shape[1]);
      matrix->data = std::move(tensor.data);
      return true;
    }
    return false;
  };
  std::erase_if(model.tensors, take);
}

std::string NetworkFingerprint(const ModelInfo& info, const std::vector<Tensor>& tensors) {
  FingerprintStream stream;
  const Json json = InfoToJson(info);
  for (const char* key : {"architecture", "architecture_options", "parts", "embedding_dim",
                          "crop_seconds", "features"})
    if (json.contains(key)) stream.Add(json.at(key).dump());
  for (const std::string& text : {info.front_end, info.graph}) {
    if (!text.empty()) stream.Add(text);
  }
  if (info.weights == WeightType::kInt8) stream.Add("int8");
  for (const Tensor& tensor : tensors) {
    stream.Add(tensor.name);
    stream.Add(tensor.data.data(), tensor.data.size() * sizeof(float));
  }
  return stream.Digest();
}

std::string ScoringFingerprint(const ScoringModel& scoring) {
  FingerprintStream stream;
  stream.Add(std::to_string(scoring.top_n));
  auto add = [&](const char* name, const std::vector<float>& values) {
    stream.Add(name);
    stream.Add(values.data(), values.size() * sizeof(float));
  };
  if (!scoring.plda.empty()) {
    add(kPldaMean, scoring.plda.mean);
    add(kPldaTransform, scoring.plda.transform.data);
    add(kPldaBetween, scoring.plda.between);
  }
  if (scoring.top_n > 0) add(kCohort, scoring.cohort.data);
  if (!scoring.conditional.empty()) {
    add(kCentre, scoring.conditional.centre);
    add(kChannelCohort, scoring.channel_cohort.data);
    stream.Add(ConditionalToJson(scoring.conditional).dump());
  }
  return stream.Digest();
}

int FormatVersion(const Model& model) {
  if (IsMixed(model.info)) return kMixedFormatVersion;
  if (model.info.is_imported() || !model.info.graph.empty()) return kImportedFormatVersion;
  if (!model.scoring.conditional.empty()) return kConditionalFormatVersion;
  return kModelFormatVersion + (model.info.weights == WeightType::kFloat32 ? 0 : 1);
}

// The settings decide how much is computed and held for a recording, whatever the file's size: far
// beyond what a network is trained with, and small enough to be computed.
void CheckLimits(const ModelInfo& info) {
  constexpr int kMostDim = 1 << 16, kMostSampleRate = 192000;
  constexpr double kMostCropSeconds = 60, kMostValuesASecond = 1 << 20;
  const auto outside = [](const std::string& what, double found, double most) {
    return Error(
        ErrorCode::kIncompatible,
        Format("%s is %.10g; expected more than 0 and at most %.10g", what.c_str(), found, most));
  };
  auto check_features = [&](const FeatureOptions& features) {
    if (features.sample_rate > kMostSampleRate)
      throw outside("its sample rate", features.sample_rate, kMostSampleRate);
    const double frames = double{1} * features.sample_rate / features.hop_length;
    const double values = frames * std::max(features.n_mels, features.n_fft);
    if (!(values <= 64 * kMostValuesASecond) || !(frames * features.n_mels <= kMostValuesASecond))
      throw Error(ErrorCode::kIncompatible,
                  Format("its features are %.9g frames a second of %d bands by transforms of %d "
                         "samples, more than any network needs",
                         frames, features.n_mels, features.n_fft));
  };
  auto check_dim = [&](int dim) {
    if (dim <= 0 || dim > kMostDim) throw outside("its embedding size", dim, kMostDim);
  };
  check_dim(info.embedding_dim);
  auto check_options = [&](const ArchitectureOptions& options) {
    for (const auto& [name, values] : options) {
      for (int value : values) {
        if (value < 0 || value > kMostDim)
          throw Error(ErrorCode::kIncompatible,
                      Format("option '%s' of its network is %d; expected 0 to %d", name.c_str(),
                             value, kMostDim));
      }
    }
  };
  check_options(info.architecture_options);
  for (const NetworkPart& part : info.parts) {
    check_dim(part.embedding_dim);
    check_options(part.architecture_options);
    if (!part.features) continue;
    check_features(*part.features);
    if (part.features->sample_rate != info.features.sample_rate ||
        part.features->trim_top_db != info.features.trim_top_db)
      throw Error(ErrorCode::kIncompatible,
                  "the networks of the fusion are not of one sample rate and one trimming");
  }
  if (!(info.crop_seconds > 0 && info.crop_seconds <= kMostCropSeconds))
    throw outside("its crop length in seconds", info.crop_seconds, kMostCropSeconds);
  check_features(info.features);
}

// The tensors have been taken out.
void ScoringFromJson(const Json& json, ScoringModel& scoring) {
  ReadWhole(json, "cohort_top_n", scoring.top_n);
  if (json.contains("conditional"))
    ConditionalFromJson(json.at("conditional"), scoring.conditional);
  if (json.contains("conditional") == scoring.conditional.empty())
    throw Error(ErrorCode::kCorrupt, "its score has weights without a centre, or the reverse");
}

Json ScoringToJson(const ScoringModel& scoring) {
  Json json = {{"cohort_top_n", scoring.top_n}};
  if (!scoring.conditional.empty()) json["conditional"] = ConditionalToJson(scoring.conditional);
  return json;
}

// Throws kIncompatible where the parts of the score do not fit together, or to the network.
void CheckScoring(const Model& model) {
  // The parts fit together, and to the network. The cohort is not prepared here, only looked at:
  // whoever scores does that once.
  const auto dim = static_cast<std::size_t>(model.info.embedding_dim);
  const ScoringModel& scoring = model.scoring;
  Scorer({scoring.plda, {}, 0, {}, {}}).MakeVoiceprint(std::vector<float>(dim), 1);
  if (!scoring.conditional.empty() && scoring.conditional.centre.size() != dim)
    throw Error(ErrorCode::kIncompatible,
                Format("the centre of its score has %zu values; embeddings have %zu",
                       scoring.conditional.centre.size(), dim));
  if (!scoring.conditional.empty() && !scoring.plda.empty())
    throw Error(ErrorCode::kIncompatible, "it has PLDA and a conditional score");
  for (float value : scoring.conditional.centre) {
    if (!std::isfinite(value))
      throw Error(ErrorCode::kIncompatible, "the centre of its score is not finite");
  }
  const Matrix& channel = scoring.channel_cohort;
  if (channel.rows > 0 &&
      (scoring.conditional.empty() || channel.cols != dim || channel.rows < scoring.top_n))
    throw Error(ErrorCode::kIncompatible,
                Format("its channel cohort is %zu x %zu; embeddings have %zu values and the best "
                       "%zu count",
                       channel.rows, channel.cols, dim, scoring.top_n));
  if (scoring.top_n > 0 && (scoring.top_n > scoring.cohort.rows || scoring.cohort.cols != dim))
    throw Error(ErrorCode::kIncompatible,
                Format("its cohort is %zu x %zu; embeddings have %zu values and the best %zu count",
                       scoring.cohort.rows, scoring.cohort.cols, dim, scoring.top_n));
}

}  // namespace

void SetFingerprints(Model& model) {
  model.info.network_fingerprint = NetworkFingerprint(model.info, model.tensors);
  model.info.scoring_fingerprint = ScoringFingerprint(model.scoring);
}

void SaveModel(const std::string& path, Model& model) {
  Json header = InfoToJson(model.info);
  header["scoring"] = ScoringToJson(model.scoring);
  if (!model.info.graph.empty()) header["graph"] = Json::parse(model.info.graph);
  std::vector<Tensor> tensors = model.tensors;
  for (Tensor& tensor : ScoringTensors(model.scoring)) tensors.push_back(std::move(tensor));
  model.info.fingerprint = WriteTensorFile(
      path, kFormat, std::move(header), tensors, model.info.weights, model.tensors.size(),
      FormatVersion(model) > kModelFormatVersion + 1 ? FormatVersion(model) : 0);
  model.info.format_version = FormatVersion(model);
  SetFingerprints(model);
}

Model LoadModel(const std::string& path) {
  TensorFile file = ReadTensorFile(path, kFormat);
  auto fail = [&](ErrorCode code, const std::string& what) {
    return CannotUse(path, kFormat, code, what);
  };
  Model model;
  try {
    model.info = InfoFromJson(file.header);
    model.info.fingerprint = file.fingerprint;
    model.tensors = std::move(file.tensors);
    model.info.weights = file.weights;
    SplitScoring(model);
    ScoringFromJson(file.header.at("scoring"), model.scoring);
    model.info.format_version = file.version;
    SetFingerprints(model);
  } catch (const nlohmann::json::exception& error) {
    throw fail(ErrorCode::kCorrupt,
               std::string("its description is not as expected: ") + JsonReason(error));
  } catch (const Error& error) {
    throw fail(error.code() == ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kIncompatible,
               error.what());
  }
  try {
    CheckLimits(model.info);
  } catch (const Error& error) {
    throw fail(ErrorCode::kIncompatible, error.what());
  }
  try {
    CheckScoring(model);
  } catch (const Error& error) {
    throw fail(ErrorCode::kIncompatible, error.what());
  }
  return model;
}

void SaveKnownScore(const std::string& path, const Model& model, std::span<const float> answer) {
  if (model.info.decision.basis.empty())
    throw Error(ErrorCode::kUnusable, "the model has no thresholds; vpr calibrate finds them");
  const ModelInfo& info = model.info;
  const Json header = {{"network_fingerprint", info.network_fingerprint},
                       {"answer", std::vector<float>(answer.begin(), answer.end())},
                       {"scoring", ScoringToJson(model.scoring)},
                       {"decision", DecisionToJson(info.decision)},
                       {"fmr_thresholds", FmrThresholdsToJson(info.fmr_thresholds)},
                       {"calibration", CalibrationToJson(info.calibration)}};
  std::vector<Tensor> tensors = ScoringTensors(model.scoring);
  for (Tensor& tensor : tensors) {
    if (HasWeights(tensor)) RoundWeights(tensor, WeightType::kFloat16);
  }
  WriteTensorFile(path, kScoreFormat, header, tensors, WeightType::kFloat16, tensors.size());
}

void AttachKnownScore(const std::string& path, std::span<const float> answer, Model& model) {
  TensorFile file = ReadTensorFile(path, kScoreFormat);
  auto fail = [&](ErrorCode code, const std::string& what) {
    return CannotUse(path, kScoreFormat, code, what);
  };
  Model scored;
  scored.info.embedding_dim = model.info.embedding_dim;
  scored.tensors = std::move(file.tensors);
  try {
    SplitScoring(scored);
    if (!scored.tensors.empty())
      throw Error(ErrorCode::kCorrupt,
                  "it has a tensor '" + scored.tensors[0].name + "' that no score has");
    ScoringFromJson(file.header.at("scoring"), scored.scoring);
    ThresholdsFromJson(file.header, scored.info);
    // Of a file from before answers there is the fingerprint alone.
    if (file.header.at("network_fingerprint").get<std::string>() !=
            model.info.network_fingerprint &&
        !SameAnswer(answer, file.header.value("answer", std::vector<float>())))
      throw Error(ErrorCode::kIncompatible, "it was made for another network");
    CheckScoring(scored);
  } catch (const nlohmann::json::exception& error) {
    throw fail(ErrorCode::kCorrupt,
               std::string("its description is not as expected: ") + JsonReason(error));
  } catch (const Error& error) {
    throw fail(error.code(), error.what());
  }
  model.scoring = std::move(scored.scoring);
  model.info.decision = scored.info.decision;
  model.info.fmr_thresholds = scored.info.fmr_thresholds;
  model.info.calibration = scored.info.calibration;
  SetFingerprints(model);
}

void QuantizeWeights(Model& model, WeightType type) {
  for (Tensor& tensor : model.tensors) {
    if (HasWeights(tensor)) RoundWeights(tensor, type);
  }
  model.info.weights = type;
}

void SetThresholds(const ScoreThresholds& thresholds, ModelInfo& info) {
  info.decision = thresholds.decision;
  info.fmr_thresholds = thresholds.fmr_thresholds;
  info.calibration = thresholds.calibration;
}

std::string SpeakerFingerprint(std::string_view label) {
  return Fingerprint(label).substr(0, kFingerprintDigits);
}

std::string InfoAsJson(const ModelInfo& info) {
  Json json = {{"format_version", info.format_version},
               {"fingerprint", info.fingerprint},
               {"network_fingerprint", info.network_fingerprint}};
  json.update(InfoToJson(info));
  json["weight_type"] = Name(info.weights);
  json["training"].erase("utterance_fingerprints");
  json["training"].erase("speaker_fingerprints");
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ScoringAsJson(const ScoringModel& scoring) {
  Json json = ScoringToJson(scoring);
  json["plda"] = !scoring.plda.empty();
  json["cohort"] = scoring.cohort.rows;
  if (!json.contains("conditional")) json["conditional"] = nullptr;
  return json.dump();
}

}  // namespace vpr
