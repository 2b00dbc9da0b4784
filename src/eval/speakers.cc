#include "vpr/eval/speakers.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

// A part of a name that may tell the speaker, "" where the name has no such part.
struct Convention {
  std::string rule;
  std::function<std::string_view(std::string_view)> part;
};

// Where the `count`-th of `separators` from the left is, or from the right.
std::size_t FindSeparator(std::string_view text, const char* separators, int count,
                          bool from_right) {
  std::size_t at = std::string_view::npos;
  for (int i = 0; i < count; ++i) {
    if (from_right) {
      if (i > 0 && at == 0) return std::string_view::npos;
      at = text.find_last_of(separators, i == 0 ? std::string_view::npos : at - 1);
    } else {
      at = text.find_first_of(separators, i == 0 ? 0 : at + 1);
    }
    if (at == std::string_view::npos) return at;
  }
  return at;
}

const char* Ordinal(int number) {
  static constexpr const char* kOrdinals[] = {"first",  "second", "third",
                                              "fourth", "fifth",  "sixth"};
  return kOrdinals[number - 1];
}

std::string Times(int number) { return number == 1 ? "" : std::string(Ordinal(number)) + " "; }

// The usual ones. Folders first: of conventions with as many speakers the first is taken.
std::vector<Convention> Conventions() {
  constexpr int kMostFolders = 6, kMostSeparators = 4;
  std::vector<Convention> all;
  for (int up = 1; up <= kMostFolders; ++up) {  // .../SPEAKER/session/file
    all.push_back({up == 1 ? "the folder" : "the " + Times(up) + "folder from the right",
                   [up](std::string_view name) {
                     const std::size_t end = FindSeparator(name, "/", up, true);
                     if (end == std::string_view::npos) return std::string_view();
                     name = name.substr(0, end);
                     return name.substr(name.rfind('/') + 1);
                   }});
  }
  for (int folders = 1; folders <= kMostFolders; ++folders) {  // corpus/SPEAKER/...
    all.push_back({folders == 1 ? "the first folder" : Format("the first %d folders", folders),
                   [folders](std::string_view name) {
                     const std::size_t end = FindSeparator(name, "/", folders, false);
                     return end == std::string_view::npos ? std::string_view()
                                                          : name.substr(0, end);
                   }});
  }
  for (const bool from_right : {false, true}) {  // .../SPEAKER-session-utterance.wav
    for (int count = 1; count <= kMostSeparators; ++count) {
      all.push_back({std::string("the file's name up to the ") + (from_right ? Times(count) : "") +
                         (from_right ? "last" : Ordinal(count)) + " - or _",
                     [count, from_right](std::string_view name) {
                       name = name.substr(name.rfind('/') + 1);
                       const std::size_t end = FindSeparator(name, "-_", count, from_right);
                       return end == std::string_view::npos ? std::string_view()
                                                            : name.substr(0, end);
                     }});
    }
  }
  return all;
}

std::uint64_t PairOf(std::uint32_t a, std::uint32_t b) {
  return std::uint64_t{std::min(a, b)} << 32 | std::max(a, b);
}

}  // namespace

std::uint32_t SpeakerFinder::Number(std::string_view name) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(parents_.size());
  names_.push_back(&numbers_.emplace(name, number).first->first);
  parents_.push_back(number);
  return number;
}

std::uint32_t SpeakerFinder::Root(std::uint32_t name) {
  while (parents_[name] != name) name = parents_[name] = parents_[parents_[name]];
  return name;
}

void SpeakerFinder::Add(std::string_view enroll, std::string_view test, bool target) {
  const std::uint32_t a = Number(enroll), b = Number(test);
  trials_.push_back({a, b});
  targets_.push_back(target);
  if (!target) return;
  const std::uint32_t low = std::min(Root(a), Root(b)), high = std::max(Root(a), Root(b));
  parents_[high] = low;
}

SpeakerFinder::Numbering SpeakerFinder::ByTrials() {
  Numbering numbering;
  numbering.of.resize(parents_.size());
  // A root is the first name of its speaker.
  for (std::uint32_t name = 0; name < parents_.size(); ++name)
    numbering.of[name] = parents_[name] == name ? numbering.count++ : numbering.of[Root(name)];
  return numbering;
}

bool SpeakerFinder::ByLabels(const Label& label, FoundSpeakers& found, Numbering& numbering) {
  std::unordered_map<std::string, std::uint32_t> labels;
  std::vector<std::uint32_t> label_of(names_.size(), kNobody), of_root(names_.size(), kNobody);
  for (std::uint32_t name = 0; name < names_.size(); ++name) {
    const std::string text = label(*names_[name]);
    if (text.empty()) continue;
    label_of[name] =
        labels.try_emplace(text, static_cast<std::uint32_t>(labels.size())).first->second;
    if (of_root[Root(name)] == kNobody) of_root[Root(name)] = label_of[name];
  }
  if (labels.empty()) return false;
  // Numbers by the first name, for labels and, where there is none, for the roots.
  std::vector<std::uint32_t> number_of_label(labels.size(), kNobody),
      number_of_root(names_.size(), kNobody);
  numbering.of.resize(names_.size());
  for (std::uint32_t name = 0; name < names_.size(); ++name) {
    const std::uint32_t root = Root(name);
    const std::uint32_t one = label_of[name] != kNobody ? label_of[name] : of_root[root];
    std::uint32_t& number = one != kNobody ? number_of_label[one] : number_of_root[root];
    if (number == kNobody) {
      number = numbering.count++;
      found.known.push_back(one != kNobody);
    }
    numbering.of[name] = number;
  }
  return true;
}

bool SpeakerFinder::ByNames(FoundSpeakers& found, Numbering& best) const {
  for (const Convention& convention : Conventions()) {
    Numbering numbering;
    numbering.of.resize(names_.size());
    std::unordered_map<std::string_view, std::uint32_t> parts;
    for (std::uint32_t name = 0; name < names_.size(); ++name) {
      std::string_view part = convention.part(*names_[name]);
      if (part.empty()) part = *names_[name];
      numbering.of[name] =
          parts.try_emplace(part, static_cast<std::uint32_t>(parts.size())).first->second;
    }
    numbering.count = static_cast<std::uint32_t>(parts.size());
    if (numbering.count < 2 || (best.count > 0 && numbering.count >= best.count)) continue;
    bool agrees = true;
    for (std::size_t i = 0; i < trials_.size() && agrees; ++i)
      agrees = (numbering.of[trials_[i].enroll] == numbering.of[trials_[i].test]) == targets_[i];
    if (!agrees) continue;
    best = std::move(numbering);
    found.rule = convention.rule;
  }
  return best.count > 0;
}

FoundSpeakers SpeakerFinder::Take(const Label& label) {
  FoundSpeakers found;
  Numbering numbering;
  if (label && ByLabels(label, found, numbering)) {
    found.by = FoundSpeakers::By::kLabels;
  } else if (ByNames(found, numbering)) {
    found.by = FoundSpeakers::By::kNames;
  } else {
    numbering = ByTrials();
  }
  found.count = numbering.count;
  if (found.by != FoundSpeakers::By::kLabels) found.known.assign(found.count, true);
  found.speakers.reserve(trials_.size());
  for (const Sides& sides : trials_)
    found.speakers.push_back({numbering.of[sides.enroll], numbering.of[sides.test]});
  if (found.by == FoundSpeakers::By::kLabels) {
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const auto [enroll, test] = found.speakers[i];
      found.contradictions +=
          found.known[enroll] && found.known[test] && (enroll == test) != targets_[i] ? 1 : 0;
    }
  }
  if (found.by == FoundSpeakers::By::kTrials) {
    std::vector<std::uint32_t> names(found.count);
    for (std::uint32_t speaker : numbering.of) ++names[speaker];
    std::unordered_set<std::uint64_t> told;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const auto [enroll, test] = found.speakers[i];
      if (!targets_[i] && names[enroll] > 1 && names[test] > 1 && enroll != test)
        told.insert(PairOf(enroll, test));
    }
    const auto several = static_cast<std::size_t>(
        std::count_if(names.begin(), names.end(), [](std::uint32_t count) { return count > 1; }));
    found.pairs = several * (several - (several > 0 ? 1 : 0)) / 2;
    found.untold_pairs = found.pairs - told.size();
  }
  numbers_.clear();
  names_.clear();
  trials_.clear();
  targets_.clear();
  parents_.clear();
  return found;
}

}  // namespace vpr
