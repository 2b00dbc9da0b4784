// A classifier: from a recording to the probabilities of its labels. One self-describing file holds
// everything but the speaker model of a classifier of embeddings; docs/formats.md gives every byte.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vpr/classify/feature_set.h"
#include "vpr/classify/network_classifier.h"
#include "vpr/classify/svm.h"

namespace vpr {

// The version this program writes, and the only one it reads.
inline constexpr int kClassifierFormatVersion = 1;

enum class ClassifierKind { kSvm, kMlp, kCnn };
const char* ToString(ClassifierKind kind);                    // "svm", "mlp", "cnn"
ClassifierKind ParseClassifierKind(const std::string& name);  // throws kIncompatible

// Where a classifier comes from.
struct ClassifierProvenance {
  std::string source;                 // folder or list
  std::vector<std::uint64_t> counts;  // recordings trained on, by class
  std::string group_by;               // empty: no groups
  std::uint64_t groups = 0;
  std::uint64_t seed = 0;
  // Right answers; negative: not measured.
  double cv_mean = -1, cv_std = -1;               // over the folds of the cross-validation
  double test_accuracy = -1, test_baseline = -1;  // on recordings held out
  std::uint64_t test_recordings = 0;
  std::string fingerprints;  // SpeechFingerprint of the recordings trained on (vpr/audio/pcm16.h)
  std::string program;       // "vpr 0.1.0, libsvm 3.24"
};

struct ClassifierInfo {
  ClassifierKind kind = ClassifierKind::kSvm;
  std::string network;              // "mlp" or the architecture of a cnn; empty for svm
  std::vector<std::string> labels;  // sorted; a class's number is its place
  FeatureSet features;
  std::vector<std::string> row_names;      // of the inputs
  std::map<std::string, double> settings;  // what it was trained with: {"c": 8, "gamma": 0.01}
  ClassifierProvenance training;
  std::string fingerprint;  // of the file's content; set by Load and Save

  int majority() const;  // the class most frequent in training
};

// Scales inputs so that every row has mean 0 and standard deviation 1 over the recordings (and
// frames) it was fitted on. Rows that do not vary become 0.
struct Standardizer {
  std::vector<float> mean, scale;  // one a row: x -> (x - mean) * scale

  static Standardizer Fit(const std::vector<const Matrix*>& inputs);
  void Apply(Matrix& input) const;  // throws kIncompatible for another number of rows
};

// The part that was learnt, apart from where its inputs come from.
class TrainedClassifier {
 public:
  virtual ~TrainedClassifier() = default;
  // Of a raw input, one a class, summing to 1. May be called from several threads at once.
  virtual std::vector<double> Probabilities(const Matrix& input) const = 0;
  virtual std::vector<Tensor> Tensors() const = 0;
};

struct ClassifierSettings {
  ClassifierKind kind = ClassifierKind::kSvm;
  SvmSettings svm;             // c 0 or gamma 0: found by a cross-validation
  std::string cnn = "resnet";  // the architecture of kCnn
  NetworkTraining network;     // of kMlp and kCnn
  // The probabilities are those of classes that are equally frequent, whatever they are among the
  // recordings learnt from: each divided by its class's share of those (Saerens, Latinne and
  // Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002).
  bool balance = false;
  int threads = 0;  // 0: all

  std::string network_name() const;  // as ClassifierInfo::network
};

// The recommended settings of a kind.
ClassifierSettings DefaultClassifierSettings(ClassifierKind kind);

// Learns from inputs of one form, at least two classes of which are there. `used` is what goes into
// ClassifierInfo::settings. `groups` part the examples in the search for C and gamma. Throws
// kUnusable for a single class, kInterrupted if stopped.
std::unique_ptr<TrainedClassifier> TrainOn(const std::vector<const Matrix*>& inputs,
                                           const std::vector<int>& classes,
                                           const std::vector<int>& groups, int num_classes,
                                           const ClassifierSettings& settings, std::uint64_t seed,
                                           std::map<std::string, double>& used, Progress& progress,
                                           const StopRequested& stop);

// Writes atomically and sets info.fingerprint. Throws kIo.
void SaveClassifier(const std::string& path, ClassifierInfo& info,
                    const TrainedClassifier& trained);

class Classifier {
 public:
  // `embedding_model`: the speaker model of a classifier of embeddings; empty: FindModel's. Throws
  // kNotFound, kIo, kCorrupt and kIncompatible as LoadModel does.
  static Classifier Load(const std::string& path, const std::string& embedding_model,
                         const ExtractorOptions& engine);
  Classifier(Classifier&&) noexcept;
  ~Classifier();

  const ClassifierInfo& info() const;

  struct Answer {
    int best = 0;                       // class number
    std::vector<double> probabilities;  // by class
    std::string fingerprint;            // of the recording
  };
  // Throws what FeatureExtractor::Extract throws. May be called from several threads at once.
  Answer Classify(const std::string& path) const;

 private:
  Classifier();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The class with the highest probability, the first of equal ones.
int Best(const std::vector<double>& probabilities);

}  // namespace vpr
