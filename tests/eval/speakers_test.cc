#include "vpr/eval/speakers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

struct NamedTrial {
  std::string enroll, test;
  bool target;
};

FoundSpeakers Find(const std::vector<NamedTrial>& trials,
                   const SpeakerFinder::Label& label = nullptr) {
  SpeakerFinder finder;
  for (const NamedTrial& trial : trials) finder.Add(trial.enroll, trial.test, trial.target);
  return finder.Take(label);
}

// The speaker that each name was given; a name always has the same.
std::map<std::string, std::uint32_t> ByName(const std::vector<NamedTrial>& trials,
                                            const FoundSpeakers& found) {
  std::map<std::string, std::uint32_t> speakers;
  EXPECT_EQ(found.speakers.size(), trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    for (const auto& [name, speaker] : {std::pair(trials[i].enroll, found.speakers[i].enroll),
                                        std::pair(trials[i].test, found.speakers[i].test)}) {
      EXPECT_LT(speaker, found.count);
      EXPECT_EQ(speakers.try_emplace(name, speaker).first->second, speaker) << name;
    }
  }
  return speakers;
}

// Whether two names are of one speaker exactly where the oracle says so.
template <typename Oracle>
void ExpectSame(const std::map<std::string, std::uint32_t>& found, const Oracle& oracle) {
  std::size_t wrong = 0;
  for (const auto& [a, speaker_a] : found) {
    for (const auto& [b, speaker_b] : found)
      wrong += (speaker_a == speaker_b) == (oracle(a) == oracle(b)) ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(SpeakerFinder, TargetTrialsJoinNames) {
  const std::vector<NamedTrial> trials = {{"p", "q", false}, {"p", "r", true},  {"s", "q", true},
                                          {"t", "r", true},  {"s", "t", false}, {"u", "p", false},
                                          {"u", "u", true}};
  const FoundSpeakers found = Find(trials);
  EXPECT_EQ(found.by, FoundSpeakers::By::kTrials);
  EXPECT_EQ(found.count, 3u);
  EXPECT_EQ(found.speakers[0].enroll, 0u);  // numbered by the first name
  EXPECT_EQ(found.speakers[0].test, 1u);
  const std::string first = "prt", second = "sq";
  ExpectSame(ByName(trials, found), [&](const std::string& name) {
    return first.find(name) != std::string::npos    ? 0
           : second.find(name) != std::string::npos ? 1
                                                    : 2;
  });
  EXPECT_EQ(found.pairs, 1u);  // u has but one name
  EXPECT_EQ(found.untold_pairs, 0u);
}

// Two pairs of one person that no target trial links, as on every list of few trials.
TEST(SpeakerFinder, WhatNoTrialTellsApartIsSaid) {
  const std::vector<NamedTrial> trials = {
      {"a", "b", true}, {"c", "d", true}, {"e", "f", true}, {"a", "e", false}};
  const FoundSpeakers found = Find(trials);
  EXPECT_EQ(found.by, FoundSpeakers::By::kTrials);
  EXPECT_EQ(found.pairs, 3u);
  EXPECT_EQ(found.untold_pairs, 2u);  // c with a, c with e
}

// Brute force: of lists drawn at random from people known, in the conventions of well-known
// corpora, with few trials: found is who it was.
TEST(SpeakerFinder, NamesTellWhatTrialsDoNot) {
  using Namer = std::string (*)(int speaker, int session, int number);
  const Namer namers[] = {
      [](int speaker, int session, int number) {  // VoxCeleb
        return Format("id%05d/video%d/%05d.wav", speaker, speaker * 10 + session, number);
      },
      [](int speaker, int session, int number) {  // LibriSpeech
        return Format("dev-clean/%d/%d/%d-%d-%04d.flac", speaker, speaker * 10 + session, speaker,
                      speaker * 10 + session, number);
      },
      [](int speaker, int session, int number) {  // a folder a corpus, one a speaker
        return Format("corpus%d/s_%d/%d-%d.opus", speaker % 3, speaker, session, number);
      },
      [](int speaker, int session, int number) {  // CN-Celeb, VCTK: all in one folder
        return Format("test/id%05d-singing-%d-%d.wav", speaker, session, number);
      },
      [](int speaker, int session, int number) {  // the speaker's name holds separators, too
        return Format("voice-%d-m_%d%d.wav", speaker, session, number);
      }};
  for (std::size_t n = 0; n < std::size(namers); ++n) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      Rng rng(seed, 7, n);
      std::map<std::string, int> truth;
      std::vector<NamedTrial> trials;
      auto name = [&](int speaker) {
        const auto session = static_cast<int>(rng.Below(3)),
                   number = static_cast<int>(rng.Below(9));
        const std::string text = namers[n](speaker, session, number);
        truth[text] = speaker;
        return text;
      };
      while (trials.size() < 400) {
        const auto a = static_cast<int>(rng.Below(10)), b = static_cast<int>(rng.Below(10));
        if (a == b || rng.Below(8) == 0)
          trials.push_back({name(a), name(a), true});
        else
          trials.push_back({name(a), name(b), false});
      }
      const FoundSpeakers found = Find(trials);
      EXPECT_EQ(found.by, FoundSpeakers::By::kNames) << n << " " << seed;
      EXPECT_EQ(found.count, 10u) << n << " " << found.rule;
      ExpectSame(ByName(trials, found), [&](const std::string& one) { return truth.at(one); });
    }
  }
}

TEST(SpeakerFinder, AConventionThatATrialContradictsIsNone) {
  // By the folders all would be two people, but x/3 and y/1 are one.
  const std::vector<NamedTrial> trials = {
      {"x/1", "x/2", true}, {"x/1", "y/1", false}, {"y/1", "x/3", true}, {"y/1", "y/2", true}};
  const FoundSpeakers found = Find(trials);
  EXPECT_EQ(found.by, FoundSpeakers::By::kTrials);
  EXPECT_EQ(found.count, 2u);
}

TEST(SpeakerFinder, LabelsComeFirst) {
  const std::vector<NamedTrial> trials = {
      {"x/1", "x/2", true},  {"x/3", "y/1", false},
      {"z/1", "y/1", false}, {"x/1", "y/2", true},  // says something else
      {"u/1", "u/2", true},                         // nobody knows who
      {"x/2", "v/1", true}};                        // linked to a name with a label
  const std::map<std::string, std::string> labels = {{"x/1", "Ada"}, {"x/2", "Ada"},
                                                     {"x/3", "Ada"}, {"y/1", "Bob"},
                                                     {"y/2", "Bob"}, {"z/1", "Ada"}};
  const FoundSpeakers found = Find(trials, [&](std::string_view name) {
    const auto label = labels.find(std::string(name));
    return label == labels.end() ? std::string() : label->second;
  });
  EXPECT_EQ(found.by, FoundSpeakers::By::kLabels);
  EXPECT_EQ(found.count, 3u);
  EXPECT_EQ(found.contradictions, 1u);
  const auto speakers = ByName(trials, found);
  EXPECT_EQ(speakers.at("x/1"), speakers.at("z/1"));
  EXPECT_EQ(speakers.at("x/1"), speakers.at("v/1"));
  EXPECT_NE(speakers.at("x/1"), speakers.at("y/2"));
  EXPECT_TRUE(found.known[speakers.at("x/1")]);
  EXPECT_TRUE(found.known[speakers.at("y/1")]);
  EXPECT_FALSE(found.known[speakers.at("u/1")]);
  // Labels for none of the names are no labels.
  EXPECT_EQ(Find(trials, [](std::string_view) { return std::string(); }).by,
            FoundSpeakers::By::kTrials);
}

// A chain of names, each linked to the one before: quick, whatever the order.
TEST(SpeakerFinder, ChainsAreNoTrap) {
  SpeakerFinder finder;
  constexpr int kNames = 100000;
  for (int i = kNames - 1; i > 0; --i)
    finder.Add("n" + std::to_string(i), "n" + std::to_string(i - 1), true);
  finder.Add("m", "n0", false);
  const FoundSpeakers found = finder.Take();
  EXPECT_EQ(found.count, 2u);
}

TEST(SpeakerFinder, NoTrials) {
  const FoundSpeakers found = SpeakerFinder().Take();
  EXPECT_EQ(found.count, 0u);
  EXPECT_TRUE(found.speakers.empty());
  EXPECT_EQ(found.pairs, 0u);
}

}  // namespace
}  // namespace vpr
