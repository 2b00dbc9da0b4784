// Whom the trials of a list compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vpr {

// By number. Both are the same in a target trial.
struct TrialSpeakers {
  std::uint32_t enroll, test;
};

struct FoundSpeakers {
  enum class By {
    kLabels,  // somebody said so
    kNames,   // a part of the names agrees with every trial
    kTrials   // two names in a target trial belong to one speaker, and so on from trial to trial
  };
  By by = By::kTrials;
  std::string rule;                     // kNames: which part, as "the folder"
  std::vector<TrialSpeakers> speakers;  // of the trials in the order they were added
  std::uint32_t count = 0;              // speakers, numbered from 0 by their first name
  std::vector<bool> known;  // [count] kLabels: somebody said who it is; else all are known
  // kTrials: pairs of speakers of two names or more whom no trial tells apart, so that they may be
  // one; of how many pairs.
  std::size_t untold_pairs = 0, pairs = 0;
  // kLabels: trials that say something else than the labels.
  std::size_t contradictions = 0;
};

// Lists of trials do not say who is speaking, but whether two recordings are of one speaker. On a
// list of few trials the recordings of one speaker are not all linked by target trials, and would
// count as several people. So speakers are found, in this order,
// - by labels, if there are any: a name without one belongs to the labelled name that target trials
//   link it to; if there is none it is not known;
// - by the names' own convention (id10270/5r0dWxy17C8/00001.wav, 1272-128104-0000.flac): the first
//   folders, the folder that so many levels up, or the beginning of the file's name up to "-" or
//   "_", whichever has the fewest values of those that are the same in every target trial and
//   different in every nontarget trial;
// - by the target trials alone.
class SpeakerFinder {
 public:
  void Add(std::string_view enroll, std::string_view test, bool target);

  // Says who a name is of; empty: unknown.
  using Label = std::function<std::string(std::string_view name)>;

  // Of the trials that were added, of which it then knows no more.
  FoundSpeakers Take(const Label& label = nullptr);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Sides {
    std::uint32_t enroll, test;  // as names' numbers
  };
  // A number for each name, and how many numbers there are.
  struct Numbering {
    std::vector<std::uint32_t> of;
    std::uint32_t count = 0;
  };
  std::uint32_t Number(std::string_view name);
  std::uint32_t Root(std::uint32_t name);
  Numbering ByTrials();
  bool ByLabels(const Label& label, FoundSpeakers& found, Numbering& numbering);
  bool ByNames(FoundSpeakers& found, Numbering& numbering) const;

  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> names_;  // the map's, by number
  std::vector<Sides> trials_;
  std::vector<bool> targets_;
  std::vector<std::uint32_t> parents_;  // union-find over the names
};

}  // namespace vpr
