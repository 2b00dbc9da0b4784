#include "vpr/classify/train_classifier.h"

#include <libsvm/svm.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "classify/class_check.h"
#include "classify/reading.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kPerGroupStream = 43 };

constexpr std::size_t kFilterFolds = 5;

std::vector<std::string> PathsOf(const std::vector<Example>& examples) {
  std::vector<std::string> paths;
  for (const Example& example : examples) paths.push_back(example.path);
  return paths;
}

// What was read of the recordings that can be used.
struct Data {
  std::vector<Example> examples;
  std::vector<FeatureExtractor::Input> inputs;
  std::vector<int> classes, groups;
};

// A choice of recordings to learn from or to test on.
struct Part {
  std::vector<std::size_t> at;
  std::vector<std::shared_ptr<const Matrix>> inputs;
  std::vector<int> classes, groups;

  void Add(const Data& data, std::size_t i) {
    // Data outlives it.
    Add(data, i, std::shared_ptr<const Matrix>(std::shared_ptr<void>(), &data.inputs[i].features));
  }
  void Add(const Data& data, std::size_t i, std::shared_ptr<const Matrix> input) {
    at.push_back(i);
    inputs.push_back(std::move(input));
    classes.push_back(data.classes[i]);
    groups.push_back(data.groups[i]);
  }
};

int MostFrequent(const std::vector<int>& classes, std::size_t num_classes) {
  std::vector<std::size_t> counts(num_classes);
  for (int c : classes) ++counts[static_cast<std::size_t>(c)];
  return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

class TrainRun {
 public:
  TrainRun(const ClassifierTrainOptions& options, Progress& progress, const StopRequested& stop)
      : options_(options), progress_(progress), stop_(stop) {}

  ClassifierTrainResult Run() {
    if (options_.group_means && options_.settings.kind == ClassifierKind::kCnn)
      throw Error(ErrorCode::kInvalidArgument,
                  "a cnn learns from spectrograms, which have no mean; means of groups are for svm "
                  "and mlp");
    Read();
    const std::vector<std::string>& labels = result_.info.labels;
    Part train, test;
    Divide(train, test);
    result_.cross_validation = CrossValidate(train);
    const Part learnt = ToLearnFrom(train, &result_.doubted);
    const std::unique_ptr<TrainedClassifier> trained = Train(learnt, result_.info.settings);
    ClassifierProvenance& training = result_.info.training;
    training.counts.assign(labels.size(), 0);
    for (int c : learnt.classes) ++training.counts[static_cast<std::size_t>(c)];
    training.groups = std::set<int>(train.groups.begin(), train.groups.end()).size();
    std::vector<std::string> fingerprints;
    for (std::size_t i : train.at) fingerprints.push_back(data_.inputs[i].fingerprint);
    training.fingerprints = JoinFingerprints(std::move(fingerprints));
    if (result_.cross_validation) {
      training.cv_mean = result_.cross_validation->mean;
      training.cv_std = result_.cross_validation->std;
    }
    if (!test.at.empty()) {
      result_.test = MakeReport(labels, test.classes, Predict(*trained, test),
                                MostFrequent(train.classes, labels.size()));
      training.test_accuracy = result_.test->accuracy;
      training.test_baseline = result_.test->baseline;
      training.test_recordings = test.at.size();
    }
    for (std::size_t c = 0; c < labels.size(); ++c) {
      const auto first = std::find(data_.classes.begin(), data_.classes.end(), static_cast<int>(c));
      result_.samples.emplace_back(
          labels[c], data_.examples[static_cast<std::size_t>(first - data_.classes.begin())].path);
    }
    SaveClassifier(options_.output, result_.info, *trained);
    return std::move(result_);
  }

 private:
  void Read() {
    ExampleList list = ListExamples(options_.source, options_.list);
    result_.unlabelled = list.unlabelled;
    CheckClasses(list.examples, options_.source, options_.list.group_by, "recordings");
    const FeatureSet set = FeaturesFor(list.examples, options_);
    const bool embeds = set.kind == FeatureSetKind::kEmbedding;
    const FeatureExtractor extractor(set, embeds ? FindModel(options_.embedding_model) : "",
                                     options_.engine);
    auto inputs = ForFiles<FeatureExtractor::Input>(
        PathsOf(list.examples), options_.engine.threads, "reading",
        [&](const std::string& path) { return extractor.Extract(path); }, progress_, stop_,
        [&](const FailedFile& failed) {
          progress_.Warn("skipped: " + failed.reason);
          result_.skipped.push_back(failed);
        });
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) continue;
      data_.examples.push_back(list.examples[i]);
      data_.inputs.push_back(std::move(*inputs[i]));
    }
    CheckClasses(data_.examples, options_.source, options_.list.group_by, "usable recordings");
    ClassifierInfo& info = result_.info;
    result_.recordings = data_.examples.size();
    info.kind = options_.settings.kind;
    info.network = options_.settings.network_name();
    info.labels = LabelsOf(data_.examples);
    info.features = extractor.set();
    info.row_names = extractor.RowNames();
    info.training.source = options_.source;
    info.training.group_by = options_.list.group_by;
    info.training.seed = options_.seed;
    info.training.program = std::string("vpr ") + Version();
    if (info.kind == ClassifierKind::kSvm)
      info.training.program +=
          Format(", libsvm %d.%02d", libsvm_version / 100, libsvm_version % 100);
    data_.classes = ClassesOf(data_.examples, info.labels);
    data_.groups = GroupsOf(data_.examples);
  }

  void Divide(Part& train, Part& test) const {
    std::vector<int> parts(data_.classes.size(), 0);
    if (options_.test_size > 0)
      parts = AssignParts(data_.classes, data_.groups, {1 - options_.test_size, options_.test_size},
                          options_.seed);
    for (std::size_t i = 0; i < parts.size(); ++i) (parts[i] == 0 ? train : test).Add(data_, i);
  }

  // At most per_group of what a group has of a class, so that a few groups with many recordings do
  // not decide.
  Part Thinned(const Part& part) const {
    if (options_.per_group == 0) return part;
    std::vector<std::size_t> order = part.at;
    Rng(options_.seed, kPerGroupStream).Shuffle(order);
    std::map<std::pair<int, int>, std::size_t> taken;  // by class and group
    std::erase_if(order, [&](std::size_t i) {
      return ++taken[{data_.classes[i], data_.groups[i]}] > options_.per_group;
    });
    std::sort(order.begin(), order.end());
    Part thinned;
    for (std::size_t i : order) thinned.Add(data_, i);
    return thinned;
  }

  // What of a part is learnt from. `doubted`: if not null, takes what filter_labels leaves out.
  Part ToLearnFrom(const Part& part, std::vector<DoubtedLabel>* doubted) const {
    Part chosen = options_.group_means ? Averaged(part) : Thinned(part);
    return options_.filter_labels ? Filtered(chosen, doubted) : chosen;
  }

  // One input for all that a group has of a class, at the place of the first.
  Part Averaged(const Part& part) const {
    std::map<std::pair<int, int>, std::vector<std::size_t>> members;  // by class and group
    std::vector<const std::vector<std::size_t>*> order;
    for (std::size_t i : part.at) {
      std::vector<std::size_t>& own = members[{data_.classes[i], data_.groups[i]}];
      if (own.empty()) order.push_back(&own);
      own.push_back(i);
    }
    Part averaged;
    for (const std::vector<std::size_t>* own : order) {
      auto mean = std::make_shared<Matrix>(data_.inputs[own->front()].features);
      for (std::size_t v = 0; v < mean->data.size(); ++v) {
        double sum = 0;
        for (std::size_t i : *own) sum += double{data_.inputs[i].features.data[v]};
        mean->data[v] = static_cast<float>(sum / static_cast<double>(own->size()));
      }
      averaged.Add(data_, own->front(), std::move(mean));
    }
    return averaged;
  }

  // Without the recordings that a classifier of the other folds gives another label.
  Part Filtered(const Part& part, std::vector<DoubtedLabel>* doubted) const {
    const auto [fewest, label] = FewestGroups(ExamplesOf(part));
    const std::size_t folds = std::min(fewest, kFilterFolds);
    if (folds < 2) {
      progress_.Warn("labels are not filtered: class '" + label + "' has too little to divide");
      return part;
    }
    const std::vector<int> fold_of = FoldsOf(part, folds);
    ClassifierSettings settings = options_.settings;
    const bool search = !(settings.svm.c > 0 && settings.svm.gamma > 0);
    if (settings.kind == ClassifierKind::kSvm && search) {  // one for all folds
      std::map<std::string, double> found;
      Train(part, found);
      settings.svm = {found.at("c"), found.at("gamma")};
    }
    std::vector<std::vector<double>> answers(part.at.size());  // probabilities
    for (std::size_t fold = 0; fold < folds; ++fold) {
      Part others;
      for (std::size_t i = 0; i < part.at.size(); ++i) {
        if (fold_of[i] != static_cast<int>(fold)) others.Add(data_, part.at[i], part.inputs[i]);
      }
      std::map<std::string, double> used;
      const std::unique_ptr<TrainedClassifier> trained = Train(others, used, settings);
      for (std::size_t i = 0; i < part.at.size(); ++i) {
        if (fold_of[i] == static_cast<int>(fold))
          answers[i] = trained->Probabilities(*part.inputs[i]);
      }
    }
    Part kept;
    std::vector<std::size_t> left(result_.info.labels.size()), had(left.size());
    for (std::size_t i = 0; i < part.at.size(); ++i) {
      const auto own = static_cast<std::size_t>(part.classes[i]);
      const auto best = static_cast<std::size_t>(Best(answers[i]));
      ++had[own];
      if (best == own) {
        ++left[own];
        kept.Add(data_, part.at[i], part.inputs[i]);
      } else if (doubted != nullptr) {
        const std::vector<std::string>& labels = result_.info.labels;
        const Example& example = data_.examples[part.at[i]];
        doubted->push_back({example.path, options_.group_means ? example.group : "", labels[own],
                            labels[best], answers[i][own], answers[i][best]});
      }
    }
    for (std::size_t c = 0; c < had.size(); ++c) {
      if (had[c] > 0 && left[c] == 0)
        throw Error(ErrorCode::kUnusable,
                    "cannot filter the labels of '" + Printable(options_.source) + "': all " +
                        Format("%zu recordings of class '", had[c]) + result_.info.labels[c] +
                        "' sound like other classes; leave out the filter, or this class");
    }
    progress_.Info(Format("labels: %zu of %zu are doubted and not learnt from",
                          part.at.size() - kept.at.size(), part.at.size()));
    return kept;
  }

  std::unique_ptr<TrainedClassifier> Train(const Part& part,
                                           std::map<std::string, double>& used) const {
    return Train(part, used, options_.settings);
  }
  std::unique_ptr<TrainedClassifier> Train(const Part& part, std::map<std::string, double>& used,
                                           const ClassifierSettings& settings) const {
    std::vector<const Matrix*> inputs;
    for (const auto& input : part.inputs) inputs.push_back(input.get());
    std::unique_ptr<TrainedClassifier> trained =
        TrainOn(inputs, part.classes, part.groups, static_cast<int>(result_.info.labels.size()),
                settings, options_.seed, used, progress_, stop_);
    if (options_.per_group > 0) used["per_group"] = static_cast<double>(options_.per_group);
    if (options_.group_means) used["group_means"] = 1;
    if (options_.filter_labels) used["filter_labels"] = 1;
    return trained;
  }

  std::vector<Example> ExamplesOf(const Part& part) const {
    std::vector<Example> examples;
    for (std::size_t i : part.at) examples.push_back(data_.examples[i]);
    return examples;
  }

  std::vector<int> FoldsOf(const Part& part, std::size_t folds) const {
    return AssignParts(part.classes, part.groups,
                       std::vector<double>(folds, 1 / static_cast<double>(folds)), options_.seed);
  }

  static std::vector<int> Predict(const TrainedClassifier& trained, const Part& part) {
    std::vector<int> predicted;
    for (const auto& input : part.inputs) predicted.push_back(Best(trained.Probabilities(*input)));
    return predicted;
  }

  std::optional<CrossValidation> CrossValidate(const Part& part) const {
    if (options_.folds < 2) return std::nullopt;
    const auto [fewest, label] = FewestGroups(ExamplesOf(part));
    const std::size_t folds = std::min(fewest, static_cast<std::size_t>(options_.folds));
    if (folds < 2) {
      progress_.Warn("no cross-validation: class '" + label + "' has too little left to divide");
      return std::nullopt;
    }
    if (folds < static_cast<std::size_t>(options_.folds))
      progress_.Warn(Format("cross-validation in %zu folds, as class '%s' has no more to divide",
                            folds, label.c_str()));
    const std::vector<int> fold_of = FoldsOf(part, folds);
    CrossValidation result;
    std::vector<int> truth, predicted;
    for (std::size_t fold = 0; fold < folds; ++fold) {
      Part train, test;
      for (std::size_t i = 0; i < part.at.size(); ++i)
        (fold_of[i] == static_cast<int>(fold) ? test : train).Add(data_, part.at[i]);
      std::map<std::string, double> used;
      const std::vector<int> found = Predict(*Train(ToLearnFrom(train, nullptr), used), test);
      std::size_t correct = 0;
      for (std::size_t i = 0; i < found.size(); ++i) correct += found[i] == test.classes[i] ? 1 : 0;
      result.accuracies.push_back(static_cast<double>(correct) / static_cast<double>(found.size()));
      progress_.Info(Format("fold %zu of %zu: %.2f %% of %zu recordings", fold + 1, folds,
                            100 * result.accuracies.back(), found.size()));
      truth.insert(truth.end(), test.classes.begin(), test.classes.end());
      predicted.insert(predicted.end(), found.begin(), found.end());
    }
    for (double accuracy : result.accuracies) result.mean += accuracy / static_cast<double>(folds);
    for (double accuracy : result.accuracies)
      result.std += std::pow(accuracy - result.mean, 2) / static_cast<double>(folds - 1);
    result.std = std::sqrt(result.std);
    const std::size_t num_classes = result_.info.labels.size();
    result.report =
        MakeReport(result_.info.labels, truth, predicted, MostFrequent(part.classes, num_classes));
    return result;
  }

  const ClassifierTrainOptions& options_;
  Progress& progress_;
  const StopRequested& stop_;
  Data data_;
  ClassifierTrainResult result_;
};

// Of the first recording that can be read.
int RateOf(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    try {
      return ReadAudio(example.path, 0).sample_rate;
    } catch (const Error&) {
      continue;  // it is reported with the others
    }
  }
  return kSampleRate;
}

FeatureSet MakeFeatureSet(const ClassifierChoice& choice, const AcousticOptions& acoustic,
                          ClassifierKind kind) {
  FeatureSet set;
  set.acoustic = acoustic;
  FeatureOptions& frames = set.acoustic.frames;
  if (choice.rate != "file") frames.sample_rate = std::stoi(choice.rate);
  frames.fmax = frames.sample_rate / 2.0;
  frames.trim_top_db = choice.top_db;
  if (kind == ClassifierKind::kCnn) {
    if (!choice.features.empty() && choice.features != "logmel")
      throw Error(ErrorCode::kInvalidArgument,
                  "a cnn takes the log-mel spectrogram; --features is for svm and mlp");
    set.kind = FeatureSetKind::kSpectrogram;
    frames.kind = FeatureKind::kLogMel;
    frames.n_mels = 64;
    frames.level_norm = true;
    return set;
  }
  const std::string features = choice.features.empty() ? kDefaultAcousticFeatures : choice.features;
  if (features == "embedding") {
    set.kind = FeatureSetKind::kEmbedding;
  } else if (features == "summary") {
    set.kind = FeatureSetKind::kSummary;
  } else {
    for (std::string_view name : Split(features, ','))
      set.acoustic.features.push_back(ParseAcousticFeature(name));
    for (std::string_view name : Split(choice.statistics, ','))
      set.statistics.push_back(ParseStatistic(name));
  }
  set.acoustic.Validate();
  return set;
}

}  // namespace

void ApplyChoice(const ClassifierChoice& choice, ClassifierTrainOptions& options) {
  const ClassifierKind kind = ParseClassifierKind(choice.kind);
  if (kind == ClassifierKind::kCnn && options.group_means)
    throw Error(ErrorCode::kInvalidArgument, "--group-means is for svm and mlp");
  options.settings = DefaultClassifierSettings(kind);
  options.settings.svm = {choice.svm_c, choice.svm_gamma};
  options.settings.balance = choice.balance;
  if (!choice.cnn.empty()) options.settings.cnn = choice.cnn;
  if (choice.epochs) options.settings.network.epochs = *choice.epochs;
  options.settings.network.device = options.engine.device;
  options.settings.threads = options.engine.threads;
  options.features = MakeFeatureSet(choice, options.features.acoustic, kind);
  options.own_rate = choice.rate == "file";
}

FeatureSet FeaturesFor(const std::vector<Example>& examples,
                       const ClassifierTrainOptions& options) {
  FeatureSet set = options.features;
  if (options.own_rate) {
    set.acoustic.frames.sample_rate = RateOf(examples);
    set.acoustic.frames.fmax = set.acoustic.frames.sample_rate / 2.0;
  }
  return set;
}

ClassifierTrainResult TrainClassifier(const ClassifierTrainOptions& options, Progress& progress,
                                      const StopRequested& stop) {
  return TrainRun(options, progress, stop).Run();
}

std::vector<std::optional<Classifier::Answer>> ClassifyFiles(
    const std::vector<std::string>& paths, const Classifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const FailedFile&)>& on_bad) {
  return ForFiles<Classifier::Answer>(
      paths, threads, "classifying",
      [&](const std::string& path) { return classifier.Classify(path); }, progress, stop, on_bad);
}

void ClassifyEach(const std::vector<std::string>& paths, const Classifier& classifier, int threads,
                  Progress& progress, const StopRequested& stop,
                  const std::function<void(const std::string& path, const Classifier::Answer*,
                                           const std::string& reason)>& on_file) {
  std::vector<std::string> reasons(paths.size());
  std::size_t failures = 0;
  const auto answers =
      ClassifyFiles(paths, classifier, threads, progress, stop, [&](const FailedFile& failed) {
        if (paths.size() == 1) throw Error(ErrorCode::kUnusable, failed.reason);
        progress.Warn("skipped: " + failed.reason);
        reasons[failed.index] = failed.reason;
        ++failures;
      });
  if (failures == paths.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", failures));
  for (std::size_t i = 0; i < paths.size(); ++i)
    on_file(paths[i], answers[i] ? &*answers[i] : nullptr, reasons[i]);
  if (failures > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files cannot be used", failures, paths.size()));
}

}  // namespace vpr
