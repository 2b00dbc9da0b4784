// Training a classifier on a labelled folder or list, with the measurements that say what it is
// worth; and classifying many files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vpr/classify/classification_report.h"
#include "vpr/classify/classifier.h"
#include "vpr/classify/example.h"

namespace vpr {

struct ClassifierTrainOptions {
  std::string source;  // folder or list
  ExampleListOptions list;
  FeatureSet features;
  bool own_rate = false;        // features.acoustic.frames at the rate of the first recording
  std::string embedding_model;  // for features of kind kEmbedding; empty: FindModel's
  ExtractorOptions engine;      // its device, and the threads that read files
  ClassifierSettings settings;
  double test_size = 0.2;  // share of the recordings held out; 0: none
  int folds = 5;           // of the cross-validation among the others; below 2: none
  // Recordings of a class and group that are learnt from at most, drawn by the seed; 0: all. Tested
  // on are all.
  std::size_t per_group = 0;
  // Learns from the mean input of what a group has of a class, so that every group counts as much;
  // not for a cnn, and instead of per_group.
  bool group_means = false;
  // Leaves out of the learning what a classifier of other recordings gives another label, in a
  // cross-validation of five folds: where labels are partly wrong (the classification filter of
  // Brodley and Friedl, "Identifying mislabeled training data", 1999). Tested on are all.
  bool filter_labels = false;
  std::uint64_t seed = 1;
  std::string output;  // classifier file to write
};

// What is learnt and from what, in words.
struct ClassifierChoice {
  std::string kind = "svm";  // "svm", "mlp", "cnn"
  // For svm and mlp: acoustic features with commas between, "summary" or "embedding"; empty:
  // kDefaultAcousticFeatures. A cnn takes a log-mel spectrogram.
  std::string features;
  std::string statistics = "mean,std,min,max";  // of the acoustic features over time
  std::string rate = "16000";                   // Hz, or "file": that of the first recording
  std::string cnn;                              // architecture; empty: the default one
  std::optional<int> epochs;                    // nothing: those recommended
  double top_db = 60;                           // silence below it is cut out; 0: none is
  bool balance = false;                         // see ClassifierSettings
  double svm_c = 0, svm_gamma = 0;              // 0: found by a cross-validation
};
inline constexpr char kDefaultAcousticFeatures[] =
    "mfcc,chroma,contrast,centroid,bandwidth,flatness,zcr,rms";

// Sets the recommended settings of the kind, with what was chosen, and the features in `options`,
// whose other fields stay. Throws kInvalidArgument and kIncompatible for what there is not, or what
// does not go together.
void ApplyChoice(const ClassifierChoice& choice, ClassifierTrainOptions& options);

struct CrossValidation {
  std::vector<double> accuracies;  // of the folds
  double mean = 0, std = 0;        // of the accuracies (std: of the sample)
  ClassificationReport report;     // of all folds together
};

// A recording that filter_labels left out; with group_means a group, and its first recording.
struct DoubtedLabel {
  std::string path, group;
  std::string label, answer;                             // the answer of the others' classifier
  double label_probability = 0, answer_probability = 0;  // and what it gives either
};

struct ClassifierTrainResult {
  ClassifierInfo info;  // as written
  std::size_t recordings = 0, unlabelled = 0;
  std::vector<FailedFile> skipped;
  std::vector<DoubtedLabel> doubted;
  std::optional<CrossValidation> cross_validation;
  std::optional<ClassificationReport> test;
  std::vector<std::pair<std::string, std::string>> samples;  // label and path of one of each class
};

// Reads the recordings (those that cannot be used are skipped and listed), holds test_size of them
// out, cross-validates on the rest, each fold with a standardization, C and gamma of its own,
// trains on the rest, measures on what was held out, and writes the classifier. All parts are
// stratified and keep groups whole.
//
// Throws what ListExamples and FeatureExtractor throw; kUnusable for fewer than two classes, or a
// class with a single recording (or group), since it cannot be both learnt and tested, or for one
// that filter_labels leaves nothing of; kInterrupted.
ClassifierTrainResult TrainClassifier(const ClassifierTrainOptions& options, Progress& progress,
                                      const StopRequested& stop);

// The answers in the order of the paths; nothing where a file cannot be used, which is reported to
// `on_bad`. Several files are worked on at once. Throws kInterrupted if stopped.
std::vector<std::optional<Classifier::Answer>> ClassifyFiles(
    const std::vector<std::string>& paths, const Classifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const FailedFile&)>& on_bad);

// The same, and then gives `on_file` each path in its order, with its answer, or without one and
// why. Warns of files that cannot be used, and throws kUnusable at the end if there were any,
// at once if there are no others.
void ClassifyEach(const std::vector<std::string>& paths, const Classifier& classifier, int threads,
                  Progress& progress, const StopRequested& stop,
                  const std::function<void(const std::string& path, const Classifier::Answer*,
                                           const std::string& reason)>& on_file);

}  // namespace vpr
