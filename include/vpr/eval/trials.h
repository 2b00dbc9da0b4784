// Trial lists and score lists.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vpr/eval/metrics.h"
#include "vpr/eval/speakers.h"

namespace vpr {

struct Trial {
  std::string enroll, test;  // as in the list
  bool target = false;
  std::string condition = {};  // what a fourth field says; empty: none
};

// Reads a list in one of these forms, told apart by the first line:
//   1|0 enroll test               VoxCeleb
//   enroll test target|nontarget  Kaldi
//   enroll test 1|0               CN-Celeb
// Blank-separated; a line with tabs is split at tabs only, so names may hold spaces. A fourth field
// names a condition of the trial ("noisy"). Empty lines are passed over. Throws kNotFound, kCorrupt
// with the line number.
std::vector<Trial> ReadTrials(const std::string& path);

// The same, trial by trial: a list that is a file is mapped, and nothing of it is kept.
void ForEachTrial(const std::string& path, const std::function<void(Trial&&)>& use);

// The files of each enrollment by its name: lines "name file [file ...]", a name may have several.
// Throws as ReadTrials.
std::map<std::string, std::vector<std::string>> ReadEnrollments(const std::string& path);

// What is known of files: a table with a first line of column names (fields as above), one of which
// is "path". Values by path, in the order of `columns`.
struct Metadata {
  std::vector<std::string> columns;  // but "path"
  std::unordered_map<std::string, std::vector<std::string>> values;

  // The value of `path` in the column, "-" if there is none. Throws kInvalidArgument for an unknown
  // column, naming the known ones.
  std::string Value(const std::string& path, const std::string& column) const;
};
Metadata ReadMetadata(const std::string& path);

struct ScoreList {
  std::vector<ScoredTrial> scores;
  std::vector<TrialSpeakers> speakers;  // empty if the list has no names
};

// Reads scores with their truth: "enroll test score target|nontarget" or "label score" (label:
// target|nontarget or 1|0), told apart by the number of fields of the first line. Fields as above.
ScoreList ReadScores(const std::string& path);

}  // namespace vpr
