#include "vpr/transcribe/ctc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

// Rows that sum to 1; `sharpness`: how far apart the tokens are.
Matrix RandomLogProbs(std::size_t frames, std::size_t tokens, double sharpness, Rng& rng) {
  Matrix matrix(frames, tokens);
  for (std::size_t t = 0; t < frames; ++t) {
    std::vector<double> scores;
    double sum = 0;
    for (std::size_t k = 0; k < tokens; ++k) {
      scores.push_back(sharpness * rng.Normal());
      sum += std::exp(scores.back());
    }
    for (std::size_t k = 0; k < tokens; ++k)
      matrix(t, k) = static_cast<float>(scores[k] - std::log(sum));
  }
  return matrix;
}

// The probability of every string, by adding up all paths.
std::map<std::vector<int>, double> AllStrings(const Matrix& log_probs) {
  std::map<std::vector<int>, double> strings;
  std::vector<std::size_t> path(log_probs.rows);
  std::function<void(std::size_t, double)> walk = [&](std::size_t t, double log_probability) {
    if (t == path.size()) {
      std::vector<int> labels;
      std::size_t last = 0;
      for (std::size_t token : path) {
        if (token != last && token != 0) labels.push_back(static_cast<int>(token));
        last = token;
      }
      strings[labels] += std::exp(log_probability);
      return;
    }
    for (path[t] = 0; path[t] < log_probs.cols; ++path[t])
      walk(t + 1, log_probability + static_cast<double>(log_probs(t, path[t])));
  };
  walk(0, 0);
  return strings;
}

TEST(CtcLogProbability, IsTheSumOverAllPaths) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const Matrix log_probs = RandomLogProbs(1 + rng.Below(6), 2 + rng.Below(3), 1, rng);
    double sum = 0;
    for (const auto& [labels, probability] : AllStrings(log_probs)) {
      EXPECT_NEAR(std::exp(CtcLogProbability(log_probs, labels)), probability, 1e-9);
      sum += probability;
    }
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST(CtcLogProbability, OfTooFewFramesIsZero) {
  Rng rng(1);
  const Matrix log_probs = RandomLogProbs(3, 3, 1, rng);
  const std::vector<int> four = {1, 2, 1, 2}, twice = {1, 1}, three_times = {1, 1, 1};
  EXPECT_EQ(CtcLogProbability(log_probs, four), kImpossible);
  EXPECT_GT(CtcLogProbability(log_probs, twice), kImpossible);  // 1, blank, 1
  EXPECT_EQ(CtcLogProbability(log_probs, three_times), kImpossible);
  EXPECT_EQ(CtcLogProbability(Matrix(0, 3), {}), 0);
}

TEST(CtcBestPath, LeavesOutRepetitionsThenBlanks) {
  Matrix log_probs(7, 3);
  const std::vector<std::size_t> best = {0, 1, 1, 0, 1, 2, 2};
  for (std::size_t t = 0; t < best.size(); ++t)
    for (std::size_t k = 0; k < 3; ++k) log_probs(t, k) = k == best[t] ? -0.1f : -3.0f;
  EXPECT_EQ(CtcBestPath(log_probs), (std::vector<int>{1, 1, 2}));
  EXPECT_TRUE(CtcBestPath(Matrix(0, 3)).empty());
}

TEST(CtcPrefixSearch, WithRoomForAllIsExact) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(100 + seed);
    const Matrix log_probs = RandomLogProbs(1 + rng.Below(6), 2 + rng.Below(3), 1, rng);
    const auto strings = AllStrings(log_probs);
    const std::vector<CtcHypothesis> found = CtcPrefixSearch(log_probs, 5000);
    ASSERT_EQ(found.size(), strings.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(std::exp(found[i].log_probability), strings.at(found[i].labels), 1e-9);
      EXPECT_LE(found[i].log_probability, found[i > 0 ? i - 1 : 0].log_probability);
    }
  }
}

TEST(CtcPrefixSearch, FindsWhatTheBestPathMisses) {
  // "1" has probability 0.64 over its three paths, but the best single path is all blanks.
  Matrix log_probs(2, 2);
  for (std::size_t t = 0; t < 2; ++t) {
    log_probs(t, 0) = std::log(0.6f);
    log_probs(t, 1) = std::log(0.4f);
  }
  EXPECT_TRUE(CtcBestPath(log_probs).empty());
  const std::vector<CtcHypothesis> found = CtcPrefixSearch(log_probs, 3);
  EXPECT_EQ(found[0].labels, std::vector<int>{1});
  EXPECT_NEAR(std::exp(found[0].log_probability), 0.64, 1e-6);
}

TEST(CtcPrefixSearch, WritesUsableTokensOnly) {
  Rng rng(5);
  const Matrix log_probs = RandomLogProbs(8, 5, 2, rng);
  const std::vector<int> usable = {2, 4};
  for (const CtcHypothesis& hypothesis : CtcPrefixSearch(log_probs, 50, usable))
    for (int label : hypothesis.labels) EXPECT_TRUE(label == 2 || label == 4);
}

TEST(CtcPrefixScorer, IsTheSumOfTheStringsThatBeginSo) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(200 + seed);
    const Matrix log_probs = RandomLogProbs(1 + rng.Below(6), 3, 1, rng);
    const auto strings = AllStrings(log_probs);
    const CtcPrefixScorer scorer(log_probs);
    std::function<void(const CtcPrefixScorer::State&, std::vector<int>)> check =
        [&](const CtcPrefixScorer::State& state, std::vector<int> prefix) {
          double begins = 0;
          for (const auto& [labels, probability] : strings)
            if (labels.size() >= prefix.size() &&
                std::equal(prefix.begin(), prefix.end(), labels.begin()))
              begins += probability;
          EXPECT_NEAR(std::exp(state.log_prefix), begins, 1e-6);
          EXPECT_NEAR(std::exp(state.log_complete), std::exp(CtcLogProbability(log_probs, prefix)),
                      1e-9);
          if (prefix.size() >= log_probs.rows) return;
          for (int token : {1, 2}) {
            std::vector<int> longer = prefix;
            longer.push_back(token);
            const CtcPrefixScorer::State next = scorer.Extend(state, token);
            if (next.log_prefix > kImpossible) check(next, longer);
          }
        };
    check(scorer.Empty(), {});
  }
}

}  // namespace
}  // namespace vpr
