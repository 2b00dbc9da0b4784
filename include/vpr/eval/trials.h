// Trial lists and score lists.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
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

// Whom a trial compares, by number. Both are the same in a target trial.
struct TrialSpeakers {
  std::uint32_t enroll, test;
};

// Lists do not name speakers. Two names in a target trial belong to one speaker, and so on from
// trial to trial; a name in no target trial counts as a speaker of its own.
class SpeakerFinder {
 public:
  void Add(std::string_view enroll, std::string_view test, bool target);
  // Of the trials in the order they were added.
  std::vector<TrialSpeakers> Speakers() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::uint32_t Number(std::string_view name);

  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> names_;
  std::vector<TrialSpeakers> sides_;    // as names' numbers
  std::vector<std::uint32_t> parents_;  // union-find over the names
  std::uint32_t Root(std::uint32_t name) const;
};

struct ScoreList {
  std::vector<ScoredTrial> scores;
  std::vector<TrialSpeakers> speakers;  // empty if the list has no names
};

// Reads scores with their truth: "enroll test score target|nontarget" or "label score" (label:
// target|nontarget or 1|0), told apart by the number of fields of the first line. Fields as above.
ScoreList ReadScores(const std::string& path);

}  // namespace vpr
