// Fitting a model's conditional score to recordings: lists of trials, each of a corpus, in degraded
// forms too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/eval/conditional_fit.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct FitConditionsOptions {
  std::vector<std::string> lists;  // of trials between files; each is a corpus that counts alike
  std::string audio_root = ".";
  // Prefix of a packed data set of other speakers, the cohorts; its labels name them, and without
  // labels (one label a recording) each recording is one. Empty: the model's cohorts stay.
  std::string cohort;
  std::size_t cohort_voices = 600;  // at most, spread evenly over the labels
  std::size_t cohort_top = 20;      // of these, the nearest count
  // Which of kConditionTermNames the score may depend on, beside "one", which it always does;
  // empty: all. Without "cohort" and "channel" the model keeps no cohort, only the mean of its
  // voices.
  std::vector<std::string> terms;
  // Whether every recording is also heard through a telephone, GSM, the lowest Opus bit rate, noise
  // at 5 to 15 dB, a room, clipped, and cut to 2 and to 1 s.
  bool degraded = true;
  std::string noise, rooms;  // folders; empty: noise and rooms are made up
  // Trials of a list that are used in each form, at most: spread evenly over it.
  std::size_t most_targets = 1000, most_nontargets = 4000;
  std::uint64_t seed = 1;
};

struct FittedConditions {
  ScoringModel scoring;
  ScoreThresholds thresholds;
  std::vector<LeftOutRates> left_out;
  std::size_t trials = 0;        // used, in all forms
  std::size_t failed_files = 0;  // reported to `on_bad`
};

// Embeds what the lists and the cohort name with `extractor`'s network (PLDA and AS-norm of its
// model are not used) and fits with FitConditional. In each form trials compare recordings of that
// form, and of that form with ones as recorded. Throws kInvalidArgument for a term that there is
// not, kUnusable if no trial can be scored, what FitConditional and PackedDataset throw,
// kInterrupted if stopped.
FittedConditions FitConditions(const EmbeddingExtractor& extractor, const ScoringModel& scoring,
                               const FitConditionsOptions& options, Progress& progress,
                               const StopRequested& stop,
                               const std::function<void(const FailedFile&)>& on_bad);

// The model in the file `model` with the score and the thresholds that FitConditions finds, written
// to `output`. Warns of files that cannot be used, and where the lists are too few to tell how the
// score does on recordings of other kinds. Throws what LoadModel and FitConditions throw, kIo.
struct CalibratedConditions {
  ModelInfo model;  // as written
  std::vector<LeftOutRates> left_out;
};
CalibratedConditions CalibrateConditions(const std::string& model, const ExtractorOptions& engine,
                                         const FitConditionsOptions& options,
                                         const std::string& output, Progress& progress,
                                         const StopRequested& stop);

}  // namespace vpr
