#include "vpr/classify/evaluate_classifier.h"

#include <algorithm>

#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

ClassifierEvaluation EvaluateClassifier(const Classifier& classifier, const std::string& source,
                                        const ExampleListOptions& list, int threads,
                                        Progress& progress, const StopRequested& stop) {
  const ClassifierInfo& info = classifier.info();
  const ExampleList listed = ListExamples(source, list);
  std::vector<std::string> paths;
  std::vector<const Example*> examples;
  std::map<std::string, std::size_t> unknown;
  for (const Example& example : listed.examples) {
    if (!std::binary_search(info.labels.begin(), info.labels.end(), example.label)) {
      ++unknown[example.label];
      continue;
    }
    paths.push_back(example.path);
    examples.push_back(&example);
  }
  if (paths.empty()) {
    std::string known;
    for (const std::string& label : info.labels) known += (known.empty() ? "" : ", ") + label;
    throw Error(ErrorCode::kUnusable, "no recording in '" + Printable(source) +
                                          "' has a label that the classifier knows: " + known);
  }
  for (const auto& [label, count] : unknown)
    progress.Warn(Format("left out: %zu recordings of '%s', which the classifier does not know",
                         count, label.c_str()));
  ClassifierEvaluation evaluation;
  evaluation.unlabelled = listed.unlabelled;
  const auto answers =
      ClassifyFiles(paths, classifier, threads, progress, stop, [&](const FailedFile& failed) {
        progress.Warn("skipped: " + failed.reason);
        evaluation.skipped.push_back(failed);
      });
  if (evaluation.skipped.size() == paths.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", paths.size()));

  struct Answers {
    std::vector<int> truth, predicted;
  };
  Answers all;
  std::map<std::string, Answers> by;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    const auto truth = static_cast<int>(
        std::lower_bound(info.labels.begin(), info.labels.end(), examples[i]->label) -
        info.labels.begin());
    if (HasFingerprint(info.training.fingerprints, answers[i]->fingerprint))
      ++evaluation.training_recordings;
    for (Answers* to : {&all, list.by_column.empty() ? nullptr : &by[examples[i]->by]}) {
      if (to == nullptr) continue;
      to->truth.push_back(truth);
      to->predicted.push_back(answers[i]->best);
    }
  }
  if (evaluation.training_recordings > 0)
    progress.Warn(
        Format("THE CLASSIFIER WAS TRAINED ON %zu of the %zu recordings: the figures say "
               "nothing about unknown ones",
               evaluation.training_recordings, all.truth.size()));
  auto report_of = [&](const Answers& of) {
    return MakeReport(info.labels, of.truth, of.predicted, info.majority());
  };
  evaluation.report = report_of(all);
  for (const auto& [value, of] : by) evaluation.by[value] = report_of(of);
  return evaluation;
}

}  // namespace vpr
