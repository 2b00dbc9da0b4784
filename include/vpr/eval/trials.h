// Trial lists.
#pragma once

#include <string>
#include <vector>

namespace vpr {

struct Trial {
  std::string enroll, test;  // as in the list
  bool target = false;
};

// Reads a list in VoxCeleb form ("1|0 enroll test") or Kaldi form ("enroll test
// target|nontarget"), told apart by the first line. Blank-separated; a line with tabs is split at
// tabs only, so names may hold spaces. Throws kNotFound, kCorrupt with the line number.
std::vector<Trial> ReadTrials(const std::string& path);

}  // namespace vpr
