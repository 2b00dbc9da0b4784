#include "vpr/clips/clip_classifier.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "classify/provenance_json.h"
#include "model/compact_weights.h"
#include "model/feature_json.h"
#include "model/tensor_file.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kMagic[] = "\x89VPC\r\n\x1a\n";
constexpr TensorFileFormat kFormat = {kMagic, kClipFormatVersion, kCompactClipFormatVersion,
                                      "classifier"};
constexpr char kMean[] = "standardizer.mean", kScale[] = "standardizer.scale";

Json InfoToJson(const ClipClassifierInfo& info) {
  return {{"classifier", "clips"},
          {"labels", info.labels},
          {"image", info.shape.image},
          {"sound", info.shape.sound},
          {"fusion", ToString(info.shape.fusion)},
          {"image_network", info.shape.image_network},
          {"side", info.shape.side},
          {"frames", info.clips.frames},
          {"face", info.clips.face},
          {"features", FeatureOptionsToJson(info.clips.features)},
          {"most_seconds", info.clips.most_seconds},
          {"settings", info.settings},
          {"training", ProvenanceToJson(info.training)}};
}

ClipClassifierInfo InfoFromJson(const Json& json) {
  if (json.at("classifier").get<std::string>() != "clips")
    throw Error(ErrorCode::kIncompatible, "it is a classifier of something else");
  ClipClassifierInfo info;
  json.at("labels").get_to(info.labels);
  ClipShape& shape = info.shape;
  json.at("image").get_to(shape.image);
  json.at("sound").get_to(shape.sound);
  shape.fusion = ParseClipFusion(json.at("fusion").get<std::string>());
  json.at("image_network").get_to(shape.image_network);
  ReadWhole(json, "side", shape.side);
  ReadWhole(json, "frames", info.clips.frames);
  json.at("face").get_to(info.clips.face);
  info.clips.features = FeatureOptionsFromJson(json.at("features"));
  json.at("most_seconds").get_to(info.clips.most_seconds);
  json.at("settings").get_to(info.settings);
  info.training = ProvenanceFromJson(json.at("training"));
  info.clips.image = shape.image;
  info.clips.sound = shape.sound;
  info.clips.side = shape.side;
  shape.bands = info.clips.features.n_mels;
  shape.classes = static_cast<int>(info.labels.size());
  if (info.labels.size() != info.training.counts.size())
    throw Error(ErrorCode::kIncompatible, "it has not a count for each of its labels");
  if (!std::is_sorted(info.labels.begin(), info.labels.end()))
    throw Error(ErrorCode::kIncompatible, "its labels are not in order");
  info.clips.Validate();
  shape.Validate();
  return info;
}

// Batch normalisation that only scales and shifts has these, which compact files leave out.
constexpr float kNormFloor = 1e-5f, kPlainMean = 0, kPlainVariance = 1 - kNormFloor;

bool IsRunning(const Tensor& tensor) {
  return tensor.name.ends_with(".running_mean") || tensor.name.ends_with(".running_var");
}

// Makes scales and shifts of all batch normalisation.
void MakeNormsPlain(std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i + 3 < tensors.size(); ++i) {
    Tensor &mean = tensors[i + 2], &variance = tensors[i + 3];
    if (!mean.name.ends_with(".running_mean")) continue;
    Tensor &weight = tensors[i], &bias = tensors[i + 1];
    for (std::size_t c = 0; c < mean.data.size(); ++c) {
      weight.data[c] /= std::sqrt(variance.data[c] + kNormFloor);
      bias.data[c] -= weight.data[c] * mean.data[c];
    }
    std::fill(mean.data.begin(), mean.data.end(), kPlainMean);
    std::fill(variance.data.begin(), variance.data.end(), kPlainVariance);
  }
}

std::vector<float> TakeVector(std::vector<Tensor>& tensors, const char* name, int size) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  if (found == tensors.end() || found->shape != std::vector<std::int64_t>{size})
    throw Error(ErrorCode::kIncompatible, Format("it has no tensor '%s' of %d values", name, size));
  std::vector<float> values = std::move(found->data);
  tensors.erase(found);
  return values;
}

}  // namespace

int ClipClassifierInfo::majority() const {
  return static_cast<int>(std::max_element(training.counts.begin(), training.counts.end()) -
                          training.counts.begin());
}

bool HoldsClipModel(const std::string& path) {
  if (!IsRegularFile(path)) return false;  // a pipe is read once
  std::ifstream file(path, std::ios::binary);
  char head[12] = {};
  file.read(head, sizeof(head));
  return file.gcount() == sizeof(head) && std::equal(head, head + 8, kMagic) &&
         head[8] >= kClipFormatVersion && head[9] == 0 && head[10] == 0 && head[11] == 0;
}

void SaveClipModel(const std::string& path, ClipModel& model) {
  std::vector<Tensor> tensors = model.tensors;
  if (model.info.weights != WeightType::kFloat32) std::erase_if(tensors, IsRunning);
  const std::size_t compact = tensors.size();
  if (model.info.shape.sound) {
    const auto add = [&](const char* name, const std::vector<float>& values) {
      tensors.push_back({name, {static_cast<std::int64_t>(values.size())}, values});
    };
    add(kMean, model.standardizer.mean);
    add(kScale, model.standardizer.scale);
  }
  model.info.fingerprint =
      WriteTensorFile(path, kFormat, InfoToJson(model.info), tensors, model.info.weights, compact);
}

ClipModel LoadClipModel(const std::string& path) {
  TensorFile file = ReadTensorFile(path, kFormat);
  ClipModel model;
  try {
    model.info = InfoFromJson(file.header);
    model.info.fingerprint = file.fingerprint;
    model.info.weights = file.weights;
    if (model.info.shape.sound)
      model.standardizer = {TakeVector(file.tensors, kMean, model.info.shape.bands),
                            TakeVector(file.tensors, kScale, model.info.shape.bands)};
    model.tensors = std::move(file.tensors);
  } catch (const nlohmann::json::exception& error) {
    throw CannotUse(path, kFormat, ErrorCode::kCorrupt,
                    std::string("its description is not as expected: ") + JsonReason(error));
  } catch (const Error& error) {
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible, error.what());
  }
  const std::vector<Tensor> expected = ClipTensorShapes(model.info.shape);
  for (std::size_t i = 0; file.weights != WeightType::kFloat32 && i < expected.size(); ++i) {
    if (!IsRunning(expected[i]) || i > model.tensors.size()) continue;
    Tensor plain = expected[i];
    plain.data.assign(static_cast<std::size_t>(plain.shape[0]),
                      plain.name.ends_with("mean") ? kPlainMean : kPlainVariance);
    model.tensors.insert(model.tensors.begin() + static_cast<std::ptrdiff_t>(i), std::move(plain));
  }
  bool fits = expected.size() == model.tensors.size();
  for (std::size_t i = 0; fits && i < expected.size(); ++i)
    fits = expected[i].name == model.tensors[i].name && expected[i].shape == model.tensors[i].shape;
  if (!fits)
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible,
                    "its tensors are not those of the network it describes");
  return model;
}

void QuantizeClipModel(ClipModel& model, WeightType type) {
  MakeNormsPlain(model.tensors);
  for (Tensor& tensor : model.tensors)
    if (HasWeights(tensor)) RoundWeights(tensor, type);
  model.info.weights = type;
}

struct ClipEar::Impl {
  MelComputer mel;
  Standardizer standardizer;
};

ClipEar::ClipEar(const FeatureOptions& features, const Standardizer& standardizer)
    : impl_(new Impl{MelComputer(features), standardizer}) {}
ClipEar::~ClipEar() = default;
ClipEar::ClipEar(ClipEar&&) noexcept = default;

Matrix ClipEar::Features(std::span<const float> samples) const {
  return impl_->mel.Compute(samples);
}

Matrix ClipEar::Hear(std::span<const float> samples) const {
  Matrix features = Features(samples);
  impl_->standardizer.Apply(features);
  return features;
}

struct ClipClassifier::Impl {
  ClipClassifierInfo info;
  ClipEar ear;
  ClipNetwork network;
};

ClipClassifier::ClipClassifier(ClipModel model, const ExtractorOptions& engine)
    : impl_(new Impl{model.info, ClipEar(model.info.clips.features, model.standardizer),
                     ClipNetwork(model.info.shape, model.tensors, engine)}) {}
ClipClassifier::~ClipClassifier() = default;
ClipClassifier::ClipClassifier(ClipClassifier&&) noexcept = default;

ClipClassifier ClipClassifier::Load(const std::string& path, const ExtractorOptions& engine) {
  ClipModel model = LoadClipModel(path);
  try {
    return {std::move(model), engine};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIncompatible) throw;
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible, error.what());
  }
}

const ClipClassifierInfo& ClipClassifier::info() const { return impl_->info; }

ClipClassifier::Answer ClipClassifier::Classify(const ClipFiles& files) const {
  return Classify(ReadClip(files, impl_->info.clips));
}

ClipClassifier::Answer ClipClassifier::Classify(const ClipInput& input) const {
  std::vector<Matrix> pictures;
  for (const Image& picture : input.pictures) pictures.push_back(PictureMatrix(picture));
  Answer answer;
  static_cast<ClipAnswer&>(answer) = impl_->network.Forward(
      pictures,
      impl_->info.shape.sound && input.heard() ? impl_->ear.Hear(input.samples) : Matrix());
  answer.best = Best(answer.probabilities);
  answer.fingerprints = input.fingerprints;
  answer.missing = input.missing;
  return answer;
}

}  // namespace vpr
