#include "vpr/classify/tune_classifier.h"

#include <algorithm>
#include <set>

#include "classify/reading.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

struct Recordings {
  std::vector<std::string> labels;
  std::vector<Matrix> inputs;
  std::vector<int> classes, groups;
  std::string fingerprint;  // of all that is learnt from, and of its labels and groups
};

class Tuner {
 public:
  Tuner(const TuneOptions& options, Progress& progress, const StopRequested& stop)
      : options_(options), train_(options.train), progress_(progress), stop_(stop) {}

  TuneResult Run() {
    if (train_.per_group > 0 || train_.group_means || train_.filter_labels)
      throw Error(ErrorCode::kInvalidArgument,
                  "the search takes all recordings as they are: per-group, group-means and "
                  "filter-labels are for the training");
    if (train_.folds < 2)
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("cannot compare settings in %d folds; at least 2 are needed", train_.folds));
    Read();
    Divide();
    Study fresh;
    fresh.parameters = TunedParameters(train_.settings.kind, data_.inputs[0].rows);
    fresh.seed = train_.seed;
    fresh.subject = Subject();
    result_.study = RunStudy(
        options_.study, fresh, options_.trials,
        [&](const StudyTrial& trial, const Report& report) { return Measure(trial, report); },
        progress_, stop_);
    const StudyTrial* best = result_.study.best();
    if (best == nullptr)
      throw Error(ErrorCode::kUnusable, "no trial of '" + Printable(options_.study) +
                                            "' came to its end; run more of them");
    result_.best = train_.settings;
    ApplyTuned(best->settings, result_.best);
    if (!test_.empty()) {
      result_.test = Test(result_.best);
      result_.default_test = Test(train_.settings);
    }
    if (!train_.output.empty()) {
      ClassifierTrainOptions final = train_;
      final.settings = result_.best;
      final.folds = 0;
      TrainClassifier(final, progress_, stop_);
    }
    return std::move(result_);
  }

 private:
  void Read() {
    const ExampleList list = ListExamples(train_.source, train_.list);
    const bool embeds = train_.features.kind == FeatureSetKind::kEmbedding;
    const FeatureExtractor extractor(FeaturesFor(list.examples, train_),
                                     embeds ? FindModel(train_.embedding_model) : "",
                                     train_.engine);
    std::vector<std::string> paths;
    for (const Example& example : list.examples) paths.push_back(example.path);
    auto inputs = ForFiles<FeatureExtractor::Input>(
        paths, train_.engine.threads, "reading",
        [&](const std::string& path) { return extractor.Extract(path); }, progress_, stop_,
        [&](const FailedFile& failed) {
          progress_.Warn("skipped: " + failed.reason);
          result_.skipped.push_back(failed);
        });
    std::vector<Example> examples;
    FingerprintStream fingerprint;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) continue;
      const Example& example = list.examples[i];
      examples.push_back(example);
      fingerprint.Add(inputs[i]->fingerprint + "\n" + example.label + "\n" + example.group + "\n");
      data_.inputs.push_back(std::move(inputs[i]->features));
    }
    data_.labels = LabelsOf(examples);
    data_.classes = ClassesOf(examples, data_.labels);
    data_.groups = GroupsOf(examples);
    data_.fingerprint = fingerprint.Digest();
    result_.recordings = examples.size();
    // Every fold needs some of each class, and so does what is held out.
    std::vector<std::set<int>> groups(data_.labels.size());
    for (std::size_t i = 0; i < examples.size(); ++i)
      groups[static_cast<std::size_t>(data_.classes[i])].insert(data_.groups[i]);
    const std::size_t needed = train_.test_size > 0 ? 3 : 2;
    for (std::size_t c = 0; c < groups.size(); ++c) {
      if (groups[c].size() < needed)
        throw Error(
            ErrorCode::kUnusable,
            "cannot tune on '" + Printable(train_.source) + "': class '" + data_.labels[c] +
                Format("' has %zu %s that can be used; at least %zu are needed", groups[c].size(),
                       train_.list.group_by.empty() ? "recording(s)" : "group(s)", needed));
    }
    if (groups.size() < 2)
      throw Error(ErrorCode::kUnusable, "cannot tune on '" + Printable(train_.source) +
                                            "': at least two classes are needed");
  }

  // As TrainClassifier divides them.
  void Divide() {
    std::vector<int> parts(data_.classes.size(), 0);
    if (train_.test_size > 0)
      parts = AssignParts(data_.classes, data_.groups, {1 - train_.test_size, train_.test_size},
                          train_.seed);
    for (std::size_t i = 0; i < parts.size(); ++i) (parts[i] == 0 ? searched_ : test_).push_back(i);
    std::vector<int> classes, groups;
    for (std::size_t i : searched_) {
      classes.push_back(data_.classes[i]);
      groups.push_back(data_.groups[i]);
    }
    const auto folds = static_cast<std::size_t>(train_.folds);
    fold_of_ = AssignParts(classes, groups,
                           std::vector<double>(folds, 1 / static_cast<double>(folds)), train_.seed);
  }

  // What trials must have in common to be compared.
  std::string Subject() const {
    const NetworkTraining& network = train_.settings.network;
    return Format(
        "%s %s, %d epochs, balance %d, %zu values of %s, %zu recordings %s, test size %g, "
        "%d folds",
        ToString(train_.settings.kind), train_.settings.network_name().c_str(),
        train_.settings.kind == ClassifierKind::kSvm ? 0 : network.epochs,
        train_.settings.balance ? 1 : 0, data_.inputs[0].rows, ToString(train_.features.kind),
        data_.inputs.size(), data_.fingerprint.substr(0, 12).c_str(), train_.test_size,
        train_.folds);
  }

  ClassificationReport Learn(const std::vector<std::size_t>& from,
                             const std::vector<std::size_t>& on,
                             const ClassifierSettings& settings) const {
    std::vector<const Matrix*> inputs;
    std::vector<int> classes, groups, truth, predicted;
    for (std::size_t i : from) {
      inputs.push_back(&data_.inputs[i]);
      classes.push_back(data_.classes[i]);
      groups.push_back(data_.groups[i]);
    }
    std::map<std::string, double> used;
    const auto trained = TrainOn(inputs, classes, groups, static_cast<int>(data_.labels.size()),
                                 settings, train_.seed, used, quiet_, stop_);
    for (std::size_t i : on) {
      truth.push_back(data_.classes[i]);
      predicted.push_back(Best(trained->Probabilities(data_.inputs[i])));
    }
    std::vector<std::size_t> counts(data_.labels.size());
    for (int c : classes) ++counts[static_cast<std::size_t>(c)];
    const auto majority = std::max_element(counts.begin(), counts.end()) - counts.begin();
    return MakeReport(data_.labels, truth, predicted, static_cast<int>(majority));
  }

  double Measure(const StudyTrial& trial, const Report& report) const {
    ClassifierSettings settings = train_.settings;
    ApplyTuned(trial.settings, settings);
    double sum = 0;
    for (int fold = 0; fold < train_.folds; ++fold) {
      std::vector<std::size_t> from, on;
      for (std::size_t i = 0; i < searched_.size(); ++i)
        (fold_of_[i] == fold ? on : from).push_back(searched_[i]);
      sum += Learn(from, on, settings).weighted.f1;
      if (report(fold + 1, sum / (fold + 1))) break;
    }
    return sum / train_.folds;
  }

  ClassificationReport Test(const ClassifierSettings& settings) const {
    return Learn(searched_, test_, settings);
  }

  const TuneOptions& options_;
  const ClassifierTrainOptions& train_;
  Progress& progress_;
  mutable Progress quiet_;  // trials tell of themselves
  const StopRequested& stop_;
  Recordings data_;
  std::vector<std::size_t> searched_, test_;
  std::vector<int> fold_of_;  // of searched_
  TuneResult result_;
};

}  // namespace

std::vector<TuneParameter> TunedParameters(ClassifierKind kind, std::size_t values) {
  const auto count = static_cast<double>(std::max<std::size_t>(values, 1));
  if (kind == ClassifierKind::kSvm)
    return {{"c", 0.5, 128, true}, {"gamma", 1 / 32.0 / count, 2 / count, true}};
  return {{"lr", 1e-5, 1e-2, true},
          {"weight_decay", 1e-6, 1e-1, true},
          {"label_smoothing", 0, 0.2, false}};
}

void ApplyTuned(const std::vector<double>& values, ClassifierSettings& settings) {
  if (settings.kind == ClassifierKind::kSvm) {
    VPR_CHECK(values.size() == 2);
    settings.svm = {values[0], values[1]};
    return;
  }
  VPR_CHECK(values.size() == 3);
  settings.network.lr = values[0];
  settings.network.weight_decay = values[1];
  settings.network.label_smoothing = values[2];
}

TuneResult TuneClassifier(const TuneOptions& options, Progress& progress,
                          const StopRequested& stop) {
  return Tuner(options, progress, stop).Run();
}

}  // namespace vpr
