// What an evaluation of trial lists found. vpr/print words it, vpr/report draws it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/eval/evaluation.h"
#include "vpr/eval/identification.h"
#include "vpr/evaluate/trial_run.h"

namespace vpr {

// A part of a list's trials, by a property of theirs: {"duration", "under 2 s"}. Where there are
// only targets or only nontargets, the rates are NaN but for FNMR or FMR.
struct ConditionReport {
  std::string property, value;
  Evaluation evaluation;
};

struct ListReport {
  std::string list;
  ScoredList scored;
  Evaluation whole;
  std::vector<ConditionReport> conditions;
  std::optional<Identification> identification;
  std::string identification_threshold;  // what its threshold is: "of --threshold"
  std::string no_identification;         // why there is none
  std::string speakers_by;               // how the speakers of the names were found
  std::size_t unknown_names = 0;         // whose speakers are not known: they are not searched for
  // With audio only.
  double cosine_eer = kNoRate;  // of the plain cosines of the embeddings
  std::size_t files = 0, unusable_files = 0, excluded_trials = 0;
  std::size_t training_files = 0, training_speakers = 0;  // that the model was trained on

  double fta() const { return static_cast<double>(unusable_files) / static_cast<double>(files); }
};

struct EvaluationRequest {
  TrialSource trials;
  std::vector<std::string> by;      // "duration", or columns of `metadata`
  std::string metadata;             // file; empty: none
  std::optional<double> threshold;  // for FMR and FNMR; nothing: the model's
  bool intervals = true;
  std::string scores_out;  // file that the scored trials are written to, as EvaluateScores reads
                           // them; empty: none
};

// Scores the trials of the lists and measures each list. Throws what EmbedTrials, ReadMetadata and
// Evaluate throw, kIo.
std::vector<ListReport> EvaluateTrials(const EvaluationRequest& request,
                                       const EmbeddingExtractor& extractor, Progress& progress,
                                       const StopRequested& stop);

// The same of a list of scores (ReadScores). `llr`: they are log-likelihood ratios.
ListReport EvaluateScores(const std::string& path, const std::optional<double>& threshold, bool llr,
                          bool intervals);

}  // namespace vpr
