#include "vpr/identify/enrollment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace vpr {
namespace {

using Numbers = std::vector<std::size_t>;

// In the plane, at so many degrees; plain cosine scores.
EnrolledUtterance At(double degrees) {
  EnrolledUtterance utterance;
  utterance.embedding = {static_cast<float>(std::cos(degrees * M_PI / 180)),
                         static_cast<float>(std::sin(degrees * M_PI / 180))};
  utterance.speech_seconds = 2;
  return utterance;
}

Numbers Foreign(const std::vector<double>& degrees, std::size_t known, double limit_degrees) {
  std::vector<EnrolledUtterance> utterances;
  for (double one : degrees) utterances.push_back(At(one));
  std::vector<const EnrolledUtterance*> pointers;
  for (const EnrolledUtterance& one : utterances) pointers.push_back(&one);
  return FindForeign(pointers, known, Scorer(), std::cos(limit_degrees * M_PI / 180));
}

TEST(FindForeign, TheVoiceOfMostUtterancesIsThePerson) {
  EXPECT_EQ(Foreign({0, 10, 5, 90, -5}, 0, 40), Numbers({3}));
  EXPECT_EQ(Foreign({0, 80, 5, 90, -5, 3}, 0, 40), Numbers({1, 3}));
  EXPECT_EQ(Foreign({0, 10, 20}, 0, 40), Numbers());
  EXPECT_EQ(Foreign({100, 0, 10}, 0, 40), Numbers({0}));
  // No voice is joined over 40 degrees, though each of these is nearer to the mean of the others.
  EXPECT_EQ(Foreign({0, 0, 0, 60, 60}, 0, 40), Numbers({3, 4}));
}

TEST(FindForeign, OfVoicesWithAsManyUtterancesNoneIsKnownToBeRight) {
  EXPECT_EQ(Foreign({0, 90}, 0, 40), Numbers({0, 1}));
  EXPECT_EQ(Foreign({0, 90, 180}, 0, 40), Numbers({0, 1, 2}));
  EXPECT_EQ(Foreign({0, 5, 90, 95, 180}, 0, 40), Numbers({0, 1, 2, 3, 4}));
  EXPECT_EQ(Foreign({0, 30}, 0, 40), Numbers());
  EXPECT_EQ(Foreign({0}, 0, 40), Numbers());
  EXPECT_EQ(Foreign({}, 0, 40), Numbers());
}

TEST(FindForeign, WhatIsKnownIsRightHoweverManyOthersAgree) {
  EXPECT_EQ(Foreign({0, 5, 90, 92, 88, 2}, 2, 40), Numbers({2, 3, 4}));
  EXPECT_EQ(Foreign({0, 90, 92, 88}, 1, 40), Numbers({1, 2, 3}));
  // What is known stays together, even if it should not be.
  EXPECT_EQ(Foreign({0, 70, 35, 180}, 2, 40), Numbers({3}));
  EXPECT_EQ(Foreign({0, 5}, 2, 40), Numbers());
}

// By the definition: every pair of voices is scored anew before each joining.
TEST(FindForeign, IsTheDefinition) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::srand(seed);
    std::vector<double> degrees;
    for (int i = 0; i < 3 + std::rand() % 8; ++i) degrees.push_back(std::rand() % 3600007 / 1e4);
    const std::size_t known = static_cast<std::size_t>(std::rand() % 3);
    std::vector<Numbers> voices;
    if (known > 0) voices.emplace_back();
    for (std::size_t i = 0; i < degrees.size(); ++i) {
      if (i < known) {
        voices[0].push_back(i);
      } else {
        voices.push_back({i});
      }
    }
    auto mean = [&](const Numbers& voice) {
      double x = 0, y = 0;
      for (std::size_t i : voice) {
        x += std::cos(degrees[i] * M_PI / 180);
        y += std::sin(degrees[i] * M_PI / 180);
      }
      return std::atan2(y, x);
    };
    for (;;) {
      double best = -2;
      std::size_t a = 0, b = 0;
      for (std::size_t i = 0; i < voices.size(); ++i) {
        for (std::size_t j = i + 1; j < voices.size(); ++j) {
          const double score = std::cos(mean(voices[i]) - mean(voices[j]));
          if (score > best) {
            best = score;
            a = i;
            b = j;
          }
        }
      }
      if (best < std::cos(40 * M_PI / 180)) break;
      voices[a].insert(voices[a].end(), voices[b].begin(), voices[b].end());
      voices.erase(voices.begin() + static_cast<std::ptrdiff_t>(b));
    }
    std::size_t most = 0, ties = 0;
    for (const Numbers& voice : voices) most = std::max(most, voice.size());
    for (const Numbers& voice : voices) ties += voice.size() == most ? 1 : 0;
    Numbers expected;
    for (std::size_t v = 0; v < voices.size(); ++v) {
      const bool person = known > 0 ? v == 0 : voices[v].size() == most && ties == 1;
      if (!person) expected.insert(expected.end(), voices[v].begin(), voices[v].end());
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(Foreign(degrees, known, 40), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace vpr
