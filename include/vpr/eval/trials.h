// Trial lists and score lists.
#pragma once

#include <string>
#include <vector>

#include "vpr/eval/metrics.h"

namespace vpr {

struct Trial {
  std::string enroll, test;  // as in the list
  bool target = false;
};

// Reads a list in VoxCeleb form ("1|0 enroll test") or Kaldi form ("enroll test
// target|nontarget"), told apart by the first line. Blank-separated; a line with tabs is split at
// tabs only, so names may hold spaces. Empty lines are passed over. Throws kNotFound, kCorrupt with
// the line number.
std::vector<Trial> ReadTrials(const std::string& path);

// Reads scores with their truth: "enroll test score target|nontarget" or "label score" (label:
// target|nontarget or 1|0), told apart by the number of fields of the first line. Fields as above.
std::vector<ScoredTrial> ReadScores(const std::string& path);

}  // namespace vpr
