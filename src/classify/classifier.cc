#include "vpr/classify/classifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_reading.h"
#include "base/open_module.h"
#include "classify/provenance_json.h"
#include "model/feature_json.h"
#include "model/tensor_file.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/classify/example.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr TensorFileFormat kFormat = {"\x89VPC\r\n\x1a\n", kClassifierFormatVersion, 0,
                                      "classifier"};
constexpr std::array<const char*, 3> kKinds = {"svm", "mlp", "cnn"};

std::vector<double> Softmax(const std::vector<float>& logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> probabilities;
  double sum = 0;
  for (float logit : logits) {
    probabilities.push_back(std::exp(static_cast<double>(logit) - highest));
    sum += probabilities.back();
  }
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

Tensor VectorTensor(const char* name, const std::vector<float>& values) {
  return {name, {static_cast<std::int64_t>(values.size())}, values};
}

constexpr char kMean[] = "standardizer.mean", kScale[] = "standardizer.scale",
               kShares[] = "balance.shares";
constexpr char kBalance[] = "balance";  // the setting

std::vector<Tensor> With(const Standardizer& standardizer, std::vector<Tensor> tensors) {
  tensors.push_back(VectorTensor(kMean, standardizer.mean));
  tensors.push_back(VectorTensor(kScale, standardizer.scale));
  return tensors;
}

class SvmClassifier : public TrainedClassifier {
 public:
  SvmClassifier(Standardizer standardizer, Svm svm)
      : standardizer_(std::move(standardizer)), svm_(std::move(svm)) {
    if (standardizer_.mean.size() != svm_.num_values())
      throw Error(ErrorCode::kIncompatible, "its parts are of different sizes");
  }
  std::vector<double> Probabilities(const Matrix& input) const override {
    Matrix scaled = input;
    standardizer_.Apply(scaled);
    return svm_.Probabilities(scaled.data);
  }
  std::vector<Tensor> Tensors() const override { return With(standardizer_, svm_.Tensors()); }

 private:
  Standardizer standardizer_;
  Svm svm_;
};

class NetworkClassifier : public TrainedClassifier {
 public:
  NetworkClassifier(Standardizer standardizer, const NetworkShape& shape,
                    std::vector<Tensor> tensors, int crop_frames)
      : standardizer_(std::move(standardizer)),
        crop_frames_(static_cast<std::size_t>(crop_frames)),
        tensors_(std::move(tensors)),
        network_(OpenInterface<ClassifierEngine>().MakeNetwork(shape, tensors_)) {}

  std::vector<double> Probabilities(const Matrix& input) const override {
    // As in training, short recordings are repeated.
    Matrix scaled(input.rows, std::max(input.cols, crop_frames_));
    for (std::size_t r = 0; r < input.rows; ++r)
      for (std::size_t t = 0; t < scaled.cols; ++t) scaled(r, t) = input(r, t % input.cols);
    standardizer_.Apply(scaled);
    return Softmax(network_->Forward(scaled));
  }
  std::vector<Tensor> Tensors() const override { return With(standardizer_, tensors_); }

 private:
  Standardizer standardizer_;
  std::size_t crop_frames_;
  std::vector<Tensor> tensors_;
  std::unique_ptr<Network> network_;
};

// ClassifierSettings::balance.
class BalancedClassifier : public TrainedClassifier {
 public:
  BalancedClassifier(std::unique_ptr<TrainedClassifier> plain, std::vector<float> shares)
      : plain_(std::move(plain)), shares_(std::move(shares)) {}

  std::vector<double> Probabilities(const Matrix& input) const override {
    std::vector<double> probabilities = plain_->Probabilities(input);
    double sum = 0;
    for (std::size_t c = 0; c < probabilities.size(); ++c) {
      // A class that nothing was learnt from stays impossible.
      probabilities[c] = shares_[c] > 0 ? probabilities[c] / static_cast<double>(shares_[c]) : 0;
      sum += probabilities[c];
    }
    if (!(sum > 0)) return plain_->Probabilities(input);
    for (double& probability : probabilities) probability /= sum;
    return probabilities;
  }
  std::vector<Tensor> Tensors() const override {
    std::vector<Tensor> tensors = plain_->Tensors();
    tensors.push_back(VectorTensor(kShares, shares_));
    return tensors;
  }

 private:
  std::unique_ptr<TrainedClassifier> plain_;
  std::vector<float> shares_;
};

NetworkShape ShapeOf(const std::string& network, std::size_t rows, int classes) {
  NetworkShape shape;
  shape.network = network;
  shape.rows = static_cast<int>(rows);
  shape.classes = classes;
  return shape;
}

std::vector<int> FoldsOf(const std::vector<int>& classes, const std::vector<int>& groups,
                         std::uint64_t seed) {
  return AssignParts(classes, groups, std::vector<double>(3, 1.0 / 3), seed);
}

Json FeatureSetToJson(const FeatureSet& set) {
  Json json = {{"kind", ToString(set.kind)}, {"n_mfcc", set.acoustic.n_mfcc}};
  json["frames"] = FeatureOptionsToJson(set.acoustic.frames);
  json["features"] = Json::array();
  for (AcousticFeature feature : set.acoustic.features)
    json["features"].push_back(ToString(feature));
  json["statistics"] = Json::array();
  for (Statistic statistic : set.statistics) json["statistics"].push_back(ToString(statistic));
  json["embedding_network"] = set.embedding_network;
  return json;
}

FeatureSet FeatureSetFromJson(const Json& json) {
  FeatureSet set;
  set.kind = ParseFeatureSetKind(json.at("kind").get<std::string>());
  ReadWhole(json, "n_mfcc", set.acoustic.n_mfcc);
  set.acoustic.frames = FeatureOptionsFromJson(json.at("frames"));
  for (const Json& name : json.at("features"))
    set.acoustic.features.push_back(ParseAcousticFeature(name.get<std::string>()));
  for (const Json& name : json.at("statistics"))
    set.statistics.push_back(ParseStatistic(name.get<std::string>()));
  json.at("embedding_network").get_to(set.embedding_network);
  return set;
}

Json InfoToJson(const ClassifierInfo& info) {
  return {{"classifier", ToString(info.kind)},
          {"network", info.network},
          {"labels", info.labels},
          {"features", FeatureSetToJson(info.features)},
          {"row_names", info.row_names},
          {"settings", info.settings},
          {"training", ProvenanceToJson(info.training)}};
}

ClassifierInfo InfoFromJson(const Json& json) {
  ClassifierInfo info;
  info.kind = ParseClassifierKind(json.at("classifier").get<std::string>());
  json.at("network").get_to(info.network);
  json.at("labels").get_to(info.labels);
  info.features = FeatureSetFromJson(json.at("features"));
  json.at("row_names").get_to(info.row_names);
  json.at("settings").get_to(info.settings);
  info.training = ProvenanceFromJson(json.at("training"));
  if (info.labels.size() < 2 || info.labels.size() != info.training.counts.size())
    throw Error(ErrorCode::kIncompatible, "it has no two labels, or not a count for each");
  return info;
}

std::vector<float> TakeVector(std::vector<Tensor>& tensors, const char* name) {
  for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
    if (tensor->name != name || tensor->shape.size() != 1) continue;
    std::vector<float> values = std::move(tensor->data);
    tensors.erase(tensor);
    return values;
  }
  throw Error(ErrorCode::kIncompatible, std::string("it has no tensor '") + name + "'");
}

std::unique_ptr<TrainedClassifier> TrainPlain(const std::vector<const Matrix*>& inputs,
                                              const std::vector<int>& classes,
                                              const std::vector<int>& groups, int num_classes,
                                              const ClassifierSettings& settings,
                                              std::uint64_t seed,
                                              std::map<std::string, double>& used,
                                              Progress& progress, const StopRequested& stop) {
  Standardizer standardizer = Standardizer::Fit(inputs);
  std::vector<Matrix> scaled;
  for (const Matrix* input : inputs) standardizer.Apply(scaled.emplace_back(*input));
  const int threads = settings.threads > 0 ? settings.threads : HardwareThreads();
  used.clear();
  if (settings.kind == ClassifierKind::kSvm) {
    Matrix rows(scaled.size(), scaled[0].rows);
    for (std::size_t i = 0; i < scaled.size(); ++i)
      std::copy(scaled[i].data.begin(), scaled[i].data.end(), rows.row(i));
    SvmSettings svm = settings.svm;
    if (!(svm.c > 0 && svm.gamma > 0)) {
      constexpr std::size_t kMostForSearch = 2000;
      const SvmSettings found =
          SearchSvmSettings(rows, classes, groups, FoldsOf(classes, groups, seed), kMostForSearch,
                            seed, threads, stop);
      if (!(svm.c > 0)) svm.c = found.c;
      if (!(svm.gamma > 0)) svm.gamma = found.gamma;
    }
    used = {{"c", svm.c}, {"gamma", svm.gamma}};
    return std::make_unique<SvmClassifier>(std::move(standardizer),
                                           Svm(rows, classes, num_classes, svm, seed));
  }
  NetworkTask task;
  task.shape = ShapeOf(settings.network_name(), scaled[0].rows, num_classes);
  task.training = settings.network;
  task.training.seed = seed;
  // Layers this small lose by being divided.
  task.training.threads = settings.kind == ClassifierKind::kMlp ? 1 : threads;
  task.classes = classes;
  for (const Matrix& input : scaled) task.inputs.push_back(&input);
  std::vector<Tensor> tensors = OpenInterface<ClassifierEngine>().Train(task, progress, stop);
  used = {{"epochs", task.training.epochs},
          {"batch_size", task.training.batch_size},
          {"lr", task.training.lr},
          {"weight_decay", task.training.weight_decay},
          {"label_smoothing", task.training.label_smoothing},
          {"crop_frames", task.training.crop_frames},
          {"freq_mask", task.training.freq_mask},
          {"time_mask", task.training.time_mask}};
  return std::make_unique<NetworkClassifier>(std::move(standardizer), task.shape,
                                             std::move(tensors), task.training.crop_frames);
}

}  // namespace

const char* ToString(ClassifierKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

ClassifierKind ParseClassifierKind(const std::string& name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (name == kKinds[i]) return static_cast<ClassifierKind>(i);
  throw Error(ErrorCode::kIncompatible,
              "classifier '" + Printable(name) + "' is unknown; there are svm, mlp and cnn");
}

int ClassifierInfo::majority() const {
  const auto& counts = training.counts;
  return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

Standardizer Standardizer::Fit(const std::vector<const Matrix*>& inputs) {
  Standardizer standardizer;
  for (std::size_t r = 0; r < inputs.at(0)->rows; ++r) {
    double sum = 0, count = 0, square = 0;
    for (const Matrix* input : inputs) {
      for (std::size_t t = 0; t < input->cols; ++t) sum += static_cast<double>((*input)(r, t));
      count += static_cast<double>(input->cols);
    }
    const double mean = sum / count;
    for (const Matrix* input : inputs)
      for (std::size_t t = 0; t < input->cols; ++t)
        square += std::pow(static_cast<double>((*input)(r, t)) - mean, 2);
    const double deviation = std::sqrt(square / count);
    // What differs by rounding only does not vary.
    const bool varies = deviation > 1e-6 * std::max(std::abs(mean), 1e-6);
    standardizer.mean.push_back(static_cast<float>(mean));
    standardizer.scale.push_back(varies ? static_cast<float>(1 / deviation) : 0.0f);
  }
  return standardizer;
}

void Standardizer::Apply(Matrix& input) const {
  if (input.rows != mean.size() || scale.size() != mean.size())
    throw Error(ErrorCode::kIncompatible,
                Format("the classifier takes %zu values, found %zu", mean.size(), input.rows));
  for (std::size_t r = 0; r < input.rows; ++r)
    for (std::size_t t = 0; t < input.cols; ++t) input(r, t) = (input(r, t) - mean[r]) * scale[r];
}

std::string ClassifierSettings::network_name() const {
  return kind == ClassifierKind::kSvm ? "" : kind == ClassifierKind::kMlp ? "mlp" : cnn;
}

ClassifierSettings DefaultClassifierSettings(ClassifierKind kind) {
  ClassifierSettings settings;
  settings.kind = kind;
  settings.svm = {0, 0};
  if (kind == ClassifierKind::kCnn) {
    settings.network.epochs = 20;
    settings.network.crop_frames = 128;
    settings.network.freq_mask = 8;
    settings.network.time_mask = 16;
    settings.network.label_smoothing = 0.1;
  }
  return settings;
}

int Best(const std::vector<double>& probabilities) {
  return static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) -
                          probabilities.begin());
}

std::unique_ptr<TrainedClassifier> TrainOn(const std::vector<const Matrix*>& inputs,
                                           const std::vector<int>& classes,
                                           const std::vector<int>& groups, int num_classes,
                                           const ClassifierSettings& settings, std::uint64_t seed,
                                           std::map<std::string, double>& used, Progress& progress,
                                           const StopRequested& stop) {
  VPR_CHECK(!inputs.empty() && inputs.size() == classes.size() && classes.size() == groups.size());
  if (std::all_of(classes.begin(), classes.end(), [&](int c) { return c == classes[0]; }))
    throw Error(ErrorCode::kUnusable, "cannot train a classifier on recordings of one class only");
  std::unique_ptr<TrainedClassifier> trained =
      TrainPlain(inputs, classes, groups, num_classes, settings, seed, used, progress, stop);
  if (!settings.balance) return trained;
  used[kBalance] = 1;
  std::vector<float> shares(static_cast<std::size_t>(num_classes));
  for (int c : classes)
    shares[static_cast<std::size_t>(c)] += 1 / static_cast<float>(classes.size());
  return std::make_unique<BalancedClassifier>(std::move(trained), std::move(shares));
}

void SaveClassifier(const std::string& path, ClassifierInfo& info,
                    const TrainedClassifier& trained) {
  info.fingerprint = WriteTensorFile(path, kFormat, InfoToJson(info), trained.Tensors());
}

struct Classifier::Impl {
  ClassifierInfo info;
  std::optional<FeatureExtractor> extractor;
  std::unique_ptr<TrainedClassifier> trained;
};

Classifier::Classifier() : impl_(std::make_unique<Impl>()) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Classifier Classifier::Load(const std::string& path, const std::string& embedding_model,
                            const ExtractorOptions& engine) {
  TensorFile file = ReadTensorFile(path, kFormat);
  Classifier classifier;
  Impl& impl = *classifier.impl_;
  try {
    impl.info = InfoFromJson(file.header);
    impl.info.fingerprint = file.fingerprint;
    Standardizer standardizer{TakeVector(file.tensors, kMean), TakeVector(file.tensors, kScale)};
    const auto num_classes = static_cast<int>(impl.info.labels.size());
    std::vector<float> shares;
    if (impl.info.settings.contains(kBalance)) {
      shares = TakeVector(file.tensors, kShares);
      if (shares.size() != impl.info.labels.size() ||
          !std::all_of(shares.begin(), shares.end(),
                       [](float share) { return share >= 0 && share <= 1; }) ||
          std::count_if(shares.begin(), shares.end(), [](float share) { return share > 0; }) < 2)
        throw Error(ErrorCode::kIncompatible, "its classes' shares are not shares of its labels");
    }
    if (impl.info.kind == ClassifierKind::kSvm) {
      impl.trained =
          std::make_unique<SvmClassifier>(std::move(standardizer), Svm(file.tensors, num_classes));
    } else {
      const std::size_t rows = standardizer.mean.size();
      const double crop = impl.info.settings.at("crop_frames");
      if (!(crop >= 0 && crop <= 1e6))
        throw Error(ErrorCode::kIncompatible, "its crops are of an impossible length");
      impl.trained = std::make_unique<NetworkClassifier>(
          std::move(standardizer), ShapeOf(impl.info.network, rows, num_classes),
          std::move(file.tensors), static_cast<int>(crop));
    }
    if (!shares.empty())
      impl.trained =
          std::make_unique<BalancedClassifier>(std::move(impl.trained), std::move(shares));
  } catch (const nlohmann::json::exception& error) {
    throw CannotUse(path, kFormat, ErrorCode::kCorrupt,
                    std::string("its description is not as expected: ") + JsonReason(error));
  } catch (const std::out_of_range&) {
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible, "a setting of its network is missing");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) throw;  // the engine
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible, error.what());
  }
  const bool embeds = impl.info.features.kind == FeatureSetKind::kEmbedding;
  impl.extractor.emplace(impl.info.features, embeds ? FindModel(embedding_model) : "", engine);
  return classifier;
}

const ClassifierInfo& Classifier::info() const { return impl_->info; }

Classifier::Answer Classifier::Classify(const std::string& path) const {
  const FeatureExtractor::Input input = impl_->extractor->Extract(path);
  Answer answer;
  answer.probabilities = impl_->trained->Probabilities(input.features);
  answer.best = Best(answer.probabilities);
  answer.fingerprint = input.fingerprint;
  return answer;
}

}  // namespace vpr
