// What an evaluation found, as pictures and as a page to read and mail.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vpr/eval/evaluation.h"
#include "vpr/eval/identification.h"

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

// Into the folder `dir`, made if need be: det.png (all lists), scores-N.png (the N-th list's
// targets and nontargets) and, where there are LLRs, calibration-N.png (actual and least cost over
// the target prior). Throws kIo.
void WriteEvalPlots(const std::string& dir, const std::vector<ListReport>& reports);

// One self-contained HTML page with tables, these pictures and what the figures mean. `facts` are
// shown first: {"model", "default.vpr"}. Throws kIo.
void WriteHtmlReport(const std::string& path, const std::vector<ListReport>& reports,
                     const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace vpr
