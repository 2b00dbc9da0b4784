#include "vpr/eval/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

std::vector<double> Fnmr(const std::vector<ScoreBin>& bins) { return {ErrorsAt(bins, 0).p_miss}; }

std::vector<double> Rates(const std::vector<ScoreBin>& bins) {
  return {ErrorsAt(bins, 0).p_miss, ErrorsAt(bins, 0).p_fa};
}

// Target scores of 1 or -1 (a miss at threshold 0), and nontargets far below.
struct List {
  std::vector<ScoredTrial> trials;
  std::vector<TrialSpeakers> speakers;
};

List MakeList(std::uint32_t speakers, int trials_each, double miss_rate, bool same_all, Rng& rng) {
  List list;
  for (std::uint32_t s = 0; s < speakers; ++s) {
    bool miss = rng.Uniform() < miss_rate;
    for (int i = 0; i < trials_each; ++i) {
      if (!same_all) miss = rng.Uniform() < miss_rate;
      list.trials.push_back({miss ? -1.0 : 1.0, true});
      list.speakers.push_back({s, s});
      list.trials.push_back({-2, false});
      list.speakers.push_back({s, (s + 1) % speakers});
    }
  }
  return list;
}

TEST(Bootstrap, CoversABinomialRateAsTheNormalApproximationDoes) {
  // One target trial a speaker: the miss rate is binomial in the speakers.
  Rng rng(3);
  const List list = MakeList(400, 1, 0.2, true, rng);
  double misses = 0;
  for (const ScoredTrial& trial : list.trials) misses += trial.target && trial.score < 0;
  const double rate = misses / 400, half = 1.96 * std::sqrt(rate * (1 - rate) / 400);
  const ConfidenceInterval interval = BootstrapIntervals(list.trials, list.speakers, Fnmr).at(0);
  EXPECT_NEAR(interval.low, rate - half, 0.2 * half);
  EXPECT_NEAR(interval.high, rate + half, 0.2 * half);
  // Resampling the trials themselves is the same thing here.
  const ConfidenceInterval plain = BootstrapIntervals(list.trials, {}, Fnmr).at(0);
  EXPECT_NEAR(plain.low, rate - half, 0.2 * half);
  EXPECT_NEAR(plain.high, rate + half, 0.2 * half);
}

TEST(Bootstrap, TrialsOfOneSpeakerAreNotIndependent) {
  // 40 speakers of whom each is always or never missed, 50 trials each: the interval is that of 40
  // trials, not of 2000.
  Rng rng(4);
  const List list = MakeList(40, 50, 0.3, true, rng);
  const ConfidenceInterval by_speaker = BootstrapIntervals(list.trials, list.speakers, Fnmr).at(0);
  const ConfidenceInterval by_trial = BootstrapIntervals(list.trials, {}, Fnmr).at(0);
  const double ratio = (by_speaker.high - by_speaker.low) / (by_trial.high - by_trial.low);
  EXPECT_NEAR(ratio, std::sqrt(50.0), 1.5);
}

TEST(Bootstrap, IsTheSameEachTimeAndHoldsTheEstimate) {
  Rng rng(5);
  const List list = MakeList(30, 4, 0.25, false, rng);
  const auto a = BootstrapIntervals(list.trials, list.speakers, Rates);
  const auto b = BootstrapIntervals(list.trials, list.speakers, Rates);
  ASSERT_EQ(a.size(), 2u);
  EXPECT_EQ(a[0].low, b[0].low);
  EXPECT_EQ(a[0].high, b[0].high);
  const double rate = ErrorsAt(list.trials, 0).p_miss;
  EXPECT_LT(a[0].low, rate);
  EXPECT_GT(a[0].high, rate);
  EXPECT_EQ(a[1].high, 0);  // no false match, in no draw
  int other = 0;
  for (std::uint64_t seed = 2; seed < 8; ++seed) {
    const auto c = BootstrapIntervals(list.trials, list.speakers, Rates, seed);
    EXPECT_NEAR(c[0].low, a[0].low, 0.03);
    EXPECT_NEAR(c[0].high, a[0].high, 0.03);
    other += c[0].low != a[0].low || c[0].high != a[0].high;
  }
  EXPECT_GT(other, 0);
}

TEST(Bootstrap, ManyDistinctScoresAreBinnedWithoutChangingTheRates) {
  // 30,000 distinct scores, more than there are bins: the EER of two normals 2 apart is Phi(-1).
  Rng rng(6);
  std::vector<ScoredTrial> trials;
  for (int i = 0; i < 30000; ++i) {
    const bool target = i % 3 == 0;
    trials.push_back({rng.Normal() + (target ? 2.0 : 0.0), target});
  }
  const ConfidenceInterval eer =
      BootstrapIntervals(trials, {}, [](const std::vector<ScoreBin>& bins) {
        return std::vector<double>{ComputeEer(ComputeDet(bins)).eer};
      }).at(0);
  EXPECT_LT(eer.low, 0.1587);
  EXPECT_GT(eer.high, 0.1587);
  EXPECT_LT(eer.high - eer.low, 0.02);
  EXPECT_GT(eer.high - eer.low, 0.004);
}

TEST(Bootstrap, OneSpeakerPairGivesIntervalsOrNone) {
  // Two speakers: many draws lose all targets or nontargets.
  const std::vector<ScoredTrial> trials = {{1, true}, {-1, false}};
  const auto intervals = BootstrapIntervals(trials, {{0, 0}, {0, 1}}, Rates);
  EXPECT_EQ(intervals[0].low, 0);
  EXPECT_EQ(intervals[0].high, 0);
  EXPECT_THROW(BootstrapIntervals({}, {}, Rates), Error);
}

}  // namespace
}  // namespace vpr
