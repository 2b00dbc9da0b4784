#include "vpr/transcribe/joint_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "vpr/base/rng.h"
#include "vpr/transcribe/ctc.h"

namespace vpr {
namespace {

constexpr int kTokens = 5, kEnd = 4;  // blank, three labels, end

std::vector<float> RandomDistribution(double sharpness, Rng& rng) {
  std::vector<double> scores;
  double sum = 0;
  for (int k = 0; k < kTokens; ++k) {
    scores.push_back(sharpness * rng.Normal());
    sum += std::exp(scores.back());
  }
  std::vector<float> log_probs;
  for (double score : scores) log_probs.push_back(static_cast<float>(score - std::log(sum)));
  return log_probs;
}

// A distribution of its own after every prefix.
class RandomDecoder : public LabelScorer {
 public:
  RandomDecoder(std::uint64_t seed, double sharpness) : seed_(seed), sharpness_(sharpness) {}
  std::vector<float> LogProbs(std::span<const int> labels) override {
    ++calls;
    std::uint64_t key = 1;
    for (int label : labels) key = key * 7 + static_cast<std::uint64_t>(label);
    Rng rng(seed_, key);
    return RandomDistribution(sharpness_, rng);
  }
  int calls = 0;

 private:
  std::uint64_t seed_;
  double sharpness_;
};

struct Case {
  Matrix ctc{0, 0};
  RandomDecoder decoder;

  Case(std::uint64_t seed, std::size_t frames, double sharpness)
      : ctc(frames, kTokens), decoder(seed, sharpness) {
    Rng rng(seed, 99);
    for (std::size_t t = 0; t < frames; ++t) {
      const std::vector<float> row = RandomDistribution(sharpness, rng);
      std::copy(row.begin(), row.end(), ctc.row(t));
    }
  }

  double Score(const std::vector<int>& labels, double weight) {
    double attention = 0;
    for (std::size_t i = 0; i <= labels.size(); ++i) {
      const std::vector<float> next = decoder.LogProbs(std::span(labels).first(i));
      attention +=
          static_cast<double>(next[static_cast<std::size_t>(i < labels.size() ? labels[i] : kEnd)]);
    }
    return (weight > 0 ? weight * CtcLogProbability(ctc, labels) : 0) + (1 - weight) * attention;
  }

  // All strings of at most as many labels as there are frames, by falling score.
  std::multimap<double, std::vector<int>, std::greater<>> Exhaustive(double weight) {
    std::multimap<double, std::vector<int>, std::greater<>> all;
    std::function<void(std::vector<int>)> walk = [&](std::vector<int> labels) {
      const double score = Score(labels, weight);
      if (std::isfinite(score)) all.emplace(score, labels);
      if (labels.size() == ctc.rows) return;
      for (int token = 1; token < kEnd; ++token) {
        labels.push_back(token);
        walk(labels);
        labels.pop_back();
      }
    };
    walk({});
    return all;
  }
};

TEST(JointSearch, WithRoomForAllIsTheExhaustiveSearch) {
  for (double weight : {0.0, 0.1, 0.5, 1.0}) {
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
      Case one(seed, 1 + seed % 5, 1.5);
      const auto all = one.Exhaustive(weight);
      const auto found = JointSearch(one.ctc, kEnd, one.decoder, {weight, 400});
      ASSERT_EQ(found.size(), std::min<std::size_t>(all.size(), 400));
      auto expected = all.begin();
      for (std::size_t i = 0; i < found.size(); ++i, ++expected) {
        EXPECT_NEAR(found[i].score, expected->first, 1e-9);
        EXPECT_NEAR(found[i].score, one.Score(found[i].labels, weight), 1e-9);
      }
      EXPECT_EQ(found[0].labels, all.begin()->second);
    }
  }
}

TEST(JointSearch, ABeamOfFiveFindsTheBestOfPeakedDistributions) {
  int best = 0;
  constexpr int kCases = 40;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Case one(1000 + seed, 5, 4);
    const auto all = one.Exhaustive(0.1);
    const auto found = JointSearch(one.ctc, kEnd, one.decoder);
    ASSERT_FALSE(found.empty());
    EXPECT_LE(found.size(), 5u);
    EXPECT_LE(found[0].score, all.begin()->first + 1e-9);
    best += found[0].labels == all.begin()->second ? 1 : 0;
  }
  EXPECT_GE(best, kCases * 9 / 10);
}

TEST(JointSearch, StopsWhenNothingUnfinishedCanWin) {
  // A decoder that ends at once.
  class Ends : public LabelScorer {
   public:
    std::vector<float> LogProbs(std::span<const int>) override {
      ++calls;
      std::vector<float> scores(kTokens, -50.0f);
      scores[kEnd] = -1e-6f;
      return scores;
    }
    int calls = 0;
  } decoder;
  Case one(3, 200, 0.5);
  const auto found = JointSearch(one.ctc, kEnd, decoder, {0.1, 1});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].labels.empty());
  EXPECT_LT(decoder.calls, 10);
}

TEST(JointSearch, OfNoFramesIsTheEmptyString) {
  Case one(1, 0, 1);
  const auto found = JointSearch(one.ctc, kEnd, one.decoder);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].labels.empty());
}

}  // namespace
}  // namespace vpr
