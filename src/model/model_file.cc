#include "vpr/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "model/feature_json.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// Layout: magic, u32 format version, u32 zero, u64 length of the JSON, the JSON padded with blanks
// to a multiple of 64, the tensors (float32, C order, one after the other), 32 characters of
// checksum.
constexpr char kMagic[] = "\x89VPR\r\n\x1a\n";  // as PNG's: shows transfers that change bytes
constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kPrologue = kMagicSize + 4 + 4 + 8;
constexpr std::size_t kChecksum = 32;

int FormatVersion(const ModelInfo& info) { return kModelFormatVersion + (info.int8 ? 1 : 0); }

std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::uint64_t FromLittleEndian(std::string_view text) {
  std::uint64_t value = 0;
  for (std::size_t i = text.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(text[i - 1]);
  return value;
}

// Weights of a convolution or linear layer, which models in int8 store rounded.
bool HasWeights(const Tensor& tensor) { return tensor.shape.size() >= 2 && tensor.shape[0] > 0; }

// The greatest of the weights of one output is 127 times its scale. Scales have 16 bits of
// mantissa, so that multiples of them are exact, and rounding once more changes nothing.
float WeightScale(const float* weights, std::size_t count) {
  float greatest = 0;
  for (std::size_t i = 0; i < count; ++i) greatest = std::max(greatest, std::abs(weights[i]));
  int exponent = 0;
  const float mantissa = std::frexp(greatest / 127, &exponent);
  return std::ldexp(std::ceil(std::ldexp(mantissa, 16)), exponent - 16);
}

// For each output of `tensor` its scale and its weights.
template <typename Function>
void ForEachOutput(Tensor& tensor, Function f) {
  const std::size_t each = tensor.data.size() / static_cast<std::size_t>(tensor.shape[0]);
  for (std::size_t begin = 0; begin < tensor.data.size(); begin += each)
    f(WeightScale(tensor.data.data() + begin, each), std::span(tensor.data).subspan(begin, each));
}

// Plus 0 makes -0 a 0, as it is read back.
float Rounded(float weight, float scale) {
  return scale > 0 ? std::nearbyint(weight / scale) + 0.0f : 0;
}

std::size_t StoredBytes(const Tensor& tensor, std::size_t values, bool int8) {
  return int8 && values > 0 && HasWeights(tensor)
             ? static_cast<std::size_t>(tensor.shape[0]) * sizeof(float) + values
             : values * sizeof(float);
}

// The values of a tensor in the file: float32, or the scales of its outputs and int8.
void AppendTensor(const Tensor& tensor, bool int8, std::string& content) {
  if (!int8 || !HasWeights(tensor)) {
    content.append(reinterpret_cast<const char*>(tensor.data.data()),
                   tensor.data.size() * sizeof(float));
    return;
  }
  std::string scales, weights;
  Tensor copy = tensor;
  ForEachOutput(copy, [&](float scale, std::span<float> output) {
    scales.append(reinterpret_cast<const char*>(&scale), sizeof(scale));
    for (float weight : output)
      weights += static_cast<char>(static_cast<std::int8_t>(Rounded(weight, scale)));
  });
  content += scales + weights;
}

void ReadTensor(const char* bytes, bool int8, Tensor& tensor) {
  if (tensor.data.empty()) return;
  if (!int8 || !HasWeights(tensor)) {
    std::memcpy(tensor.data.data(), bytes, tensor.data.size() * sizeof(float));
    return;
  }
  const auto outputs = static_cast<std::size_t>(tensor.shape[0]);
  const std::size_t each = tensor.data.size() / outputs;
  const char* weights = bytes + outputs * sizeof(float);
  for (std::size_t o = 0; o < outputs; ++o) {
    float scale = 0;
    std::memcpy(&scale, bytes + o * sizeof(float), sizeof(float));
    for (std::size_t i = o * each; i < (o + 1) * each; ++i)
      tensor.data[i] = scale * static_cast<float>(static_cast<signed char>(weights[i]));
  }
}

// Tensors that belong to the scores, beside the network's.
constexpr char kScoring[] = "scoring.", kPldaMean[] = "scoring.plda.mean",
               kPldaTransform[] = "scoring.plda.transform", kPldaBetween[] = "scoring.plda.between",
               kCohort[] = "scoring.cohort";

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

Json InfoToJson(const ModelInfo& info) {
  const DecisionThreshold& decision = info.decision;
  const TrainingProvenance& training = info.training;
  return {{"architecture", info.architecture},
          {"architecture_options", info.architecture_options},
          {"embedding_dim", info.embedding_dim},
          {"crop_seconds", info.crop_seconds},
          {"features", FeatureOptionsToJson(info.features)},
          {"decision",
           {{"threshold", decision.threshold},
            {"fmr", decision.fmr},
            {"fnmr", decision.fnmr},
            {"basis", decision.basis}}},
          {"fmr_thresholds", FmrThresholdsToJson(info.fmr_thresholds)},
          {"calibration",
           {{"scale", info.calibration.scale},
            {"offset", info.calibration.offset},
            {"duration_scale", info.calibration.duration_scale},
            {"duration_offset", info.calibration.duration_offset}}},
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
}

ModelInfo InfoFromJson(const Json& json) {
  ModelInfo info;
  info.int8 = json.value("int8", false);
  json.at("architecture").get_to(info.architecture);
  json.at("architecture_options").get_to(info.architecture_options);
  json.at("embedding_dim").get_to(info.embedding_dim);
  json.at("crop_seconds").get_to(info.crop_seconds);
  info.features = FeatureOptionsFromJson(json.at("features"));
  const Json& decision = json.at("decision");
  decision.at("threshold").get_to(info.decision.threshold);
  decision.at("fmr").get_to(info.decision.fmr);
  decision.at("fnmr").get_to(info.decision.fnmr);
  decision.at("basis").get_to(info.decision.basis);
  for (const Json& entry : json.at("fmr_thresholds")) {
    FmrThreshold one;
    entry.at("wanted_fmr").get_to(one.wanted_fmr);
    entry.at("threshold").get_to(one.threshold);
    entry.at("fmr").get_to(one.fmr);
    entry.at("fnmr").get_to(one.fnmr);
    entry.at("supported").get_to(one.supported);
    info.fmr_thresholds.push_back(one);
  }
  const Json& calibration = json.at("calibration");
  calibration.at("scale").get_to(info.calibration.scale);
  calibration.at("offset").get_to(info.calibration.offset);
  calibration.at("duration_scale").get_to(info.calibration.duration_scale);
  calibration.at("duration_offset").get_to(info.calibration.duration_offset);
  const Json& training = json.at("training");
  training.at("dataset").get_to(info.training.dataset);
  training.at("dataset_fingerprint").get_to(info.training.dataset_fingerprint);
  training.at("speakers").get_to(info.training.speakers);
  training.at("utterances").get_to(info.training.utterances);
  training.at("hours").get_to(info.training.hours);
  training.at("loss").get_to(info.training.loss);
  training.at("epochs").get_to(info.training.epochs);
  training.at("best_epoch").get_to(info.training.best_epoch);
  training.at("crops").get_to(info.training.crops);
  training.at("seed").get_to(info.training.seed);
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
  return tensors;
}

// Takes the tensors of the scores out of `model.tensors`.
void SplitScoring(Model& model) {
  ScoringModel& scoring = model.scoring;
  const std::pair<const char*, std::vector<float>*> vectors[] = {
      {kPldaMean, &scoring.plda.mean}, {kPldaBetween, &scoring.plda.between}};
  const std::pair<const char*, Matrix*> matrices[] = {{kPldaTransform, &scoring.plda.transform},
                                                      {kCohort, &scoring.cohort}};
  auto take = [&](Tensor& tensor) {
    for (auto [name, vector] : vectors) {
      if (tensor.name != name || tensor.shape.size() != 1) continue;
      *vector = std::move(tensor.data);
      return true;
    }
    for (auto [name, matrix] : matrices) {
      if (tensor.name != name || tensor.shape.size() != 2) continue;
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
  for (const char* key :
       {"architecture", "architecture_options", "embedding_dim", "crop_seconds", "features"})
    stream.Add(json.at(key).dump());
  if (info.int8) stream.Add("int8");
  for (const Tensor& tensor : tensors) {
    stream.Add(tensor.name);
    stream.Add(tensor.data.data(), tensor.data.size() * sizeof(float));
  }
  return stream.Digest();
}

std::string ScoringFingerprint(const ScoringModel& scoring) {
  FingerprintStream stream;
  stream.Add(std::to_string(scoring.top_n));
  for (const Tensor& tensor : ScoringTensors(scoring)) {
    stream.Add(tensor.name);
    stream.Add(tensor.data.data(), tensor.data.size() * sizeof(float));
  }
  return stream.Digest();
}

void SetFingerprints(Model& model) {
  model.info.network_fingerprint = NetworkFingerprint(model.info, model.tensors);
  model.info.scoring_fingerprint = ScoringFingerprint(model.scoring);
}

}  // namespace

void SaveModel(const std::string& path, Model& model) {
  Json header = InfoToJson(model.info);
  if (model.info.int8) header["int8"] = true;
  header["scoring"] = {{"cohort_top_n", model.scoring.top_n}};
  header["tensors"] = Json::array();
  std::uint64_t values = 0;
  std::vector<Tensor> tensors = model.tensors;
  for (Tensor& tensor : ScoringTensors(model.scoring)) tensors.push_back(std::move(tensor));
  for (const Tensor& tensor : tensors) {
    header["tensors"].push_back({{"name", tensor.name}, {"shape", tensor.shape}});
    values += tensor.data.size();
  }
  std::string json = header.dump(1, ' ', false, Json::error_handler_t::replace);
  json.resize((kPrologue + json.size() + 63) / 64 * 64 - kPrologue, ' ');
  std::string content(kMagic, kMagicSize);
  content.reserve(kPrologue + json.size() + values * sizeof(float) + kChecksum);
  content += LittleEndian(static_cast<std::uint64_t>(FormatVersion(model.info)), 4);
  content += LittleEndian(0, 4);
  content += LittleEndian(json.size(), 8);
  content += json;
  for (std::size_t i = 0; i < tensors.size(); ++i)  // what scores are made with stays exact
    AppendTensor(tensors[i], model.info.int8 && i < model.tensors.size(), content);
  model.info.fingerprint = Fingerprint(content);
  SetFingerprints(model);
  content += model.info.fingerprint;
  WriteFileAtomically(path, content);
}

Model LoadModel(const std::string& path) {
  std::optional<MappedFile> file;
  std::string text;  // of what cannot be mapped
  if (IsRegularFile(path)) {
    file.emplace(path);
  } else {
    text = ReadFile(path);
  }
  const std::string_view content = file ? file->text() : std::string_view(text);
  auto fail = [&](ErrorCode code, const std::string& what) {
    return Error(code, "cannot use model '" + Printable(path) + "': " + what);
  };
  if (content.size() < kPrologue || std::memcmp(content.data(), kMagic, kMagicSize) != 0)
    throw fail(ErrorCode::kCorrupt,
               content.empty() ? "the file is empty" : "it is not a vpr model file");
  std::uint64_t version = FromLittleEndian(content.substr(kMagicSize, 4));
  if (version != kModelFormatVersion && version != kModelFormatVersion + 1)
    throw fail(
        ErrorCode::kIncompatible,
        Format("it has format version %llu, this program reads versions %d and %d; train it again "
               "or use the program it came with",
               static_cast<unsigned long long>(version), kModelFormatVersion,
               kModelFormatVersion + 1));
  std::uint64_t json_size = FromLittleEndian(content.substr(kMagicSize + 8, 8));
  if (content.size() < kPrologue + kChecksum || json_size > content.size() - kPrologue - kChecksum)
    throw fail(ErrorCode::kCorrupt, Format("it is cut off after %zu bytes", content.size()));
  std::string_view body = content.substr(0, content.size() - kChecksum);
  std::string fingerprint = Fingerprint(body);
  if (content.substr(body.size()) != fingerprint)
    throw fail(ErrorCode::kCorrupt, "its checksum is wrong: the file is damaged or cut off");

  Model model;
  std::size_t offset = kPrologue + json_size;
  try {
    Json header = Json::parse(content.substr(kPrologue, json_size));
    model.info = InfoFromJson(header);
    model.info.fingerprint = fingerprint;
    if (version != static_cast<std::uint64_t>(FormatVersion(model.info)))
      throw Error(ErrorCode::kCorrupt, "its format version does not go with its description");
    for (const Json& entry : header.at("tensors")) {
      Tensor tensor;
      entry.at("name").get_to(tensor.name);
      entry.at("shape").get_to(tensor.shape);
      const bool int8 = model.info.int8 && !tensor.name.starts_with(kScoring);
      const std::uint64_t left = body.size() - offset;
      std::uint64_t count = 1;
      bool fits = true;
      for (std::int64_t extent : tensor.shape) {
        fits = fits && extent >= 0 &&
               (extent == 0 || count <= left / static_cast<std::uint64_t>(extent));
        if (fits) count *= static_cast<std::uint64_t>(extent);
      }
      const std::size_t stored = fits ? StoredBytes(tensor, count, int8) : 0;
      if (!fits || stored > left)
        throw Error(ErrorCode::kCorrupt, "tensor '" + tensor.name + "' does not fit in the file");
      tensor.data.resize(count);
      ReadTensor(body.data() + offset, int8, tensor);
      offset += stored;
      model.tensors.push_back(std::move(tensor));
    }
    SplitScoring(model);
    header.at("scoring").at("cohort_top_n").get_to(model.scoring.top_n);
    SetFingerprints(model);
  } catch (const nlohmann::json::exception& error) {
    throw fail(ErrorCode::kCorrupt,
               std::string("its description is not as expected: ") + error.what());
  } catch (const Error& error) {
    throw fail(error.code() == ErrorCode::kCorrupt ? ErrorCode::kCorrupt : ErrorCode::kIncompatible,
               error.what());
  }
  if (offset != body.size())
    throw fail(ErrorCode::kCorrupt,
               Format("%zu bytes are left over after its tensors", body.size() - offset));
  if (model.info.embedding_dim <= 0 || !(model.info.crop_seconds > 0))
    throw fail(ErrorCode::kIncompatible, "its embedding size or crop length is not positive");
  try {
    // The parts fit together, and to the network. The cohort is not prepared here, only looked at:
    // whoever scores does that once.
    const auto dim = static_cast<std::size_t>(model.info.embedding_dim);
    const ScoringModel& scoring = model.scoring;
    Scorer({scoring.plda, {}, 0}).MakeVoiceprint(std::vector<float>(dim), 1);
    if (scoring.top_n > 0 && (scoring.top_n > scoring.cohort.rows || scoring.cohort.cols != dim))
      throw Error(
          ErrorCode::kIncompatible,
          Format("its cohort is %zu x %zu; embeddings have %zu values and the best %zu count",
                 scoring.cohort.rows, scoring.cohort.cols, dim, scoring.top_n));
  } catch (const Error& error) {
    throw fail(ErrorCode::kIncompatible, error.what());
  }
  return model;
}

void QuantizeWeights(Model& model) {
  for (Tensor& tensor : model.tensors) {
    if (!HasWeights(tensor)) continue;
    ForEachOutput(tensor, [](float scale, std::span<float> output) {
      for (float& weight : output) {
        if (!std::isfinite(weight))
          throw Error(ErrorCode::kIncompatible, "the model has weights that are not numbers");
        weight = scale * Rounded(weight, scale);
      }
    });
  }
  model.info.int8 = true;
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
  Json json = {{"format_version", FormatVersion(info)},
               {"fingerprint", info.fingerprint},
               {"network_fingerprint", info.network_fingerprint}};
  json.update(InfoToJson(info));
  json["int8"] = info.int8;
  json["training"].erase("utterance_fingerprints");
  json["training"].erase("speaker_fingerprints");
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vpr
