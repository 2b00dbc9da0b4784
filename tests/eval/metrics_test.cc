#include "vpr/eval/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

std::vector<ScoredTrial> Trials(const std::vector<double>& targets,
                                const std::vector<double>& nontargets) {
  std::vector<ScoredTrial> trials;
  for (double score : targets) trials.push_back({score, true});
  for (double score : nontargets) trials.push_back({score, false});
  return trials;
}

// Random overlapping scores; `levels` > 0 rounds them to so many values, so that many tie.
std::vector<ScoredTrial> RandomTrials(Rng& rng, int levels) {
  std::vector<ScoredTrial> trials;
  const std::size_t targets = 1 + rng.Below(40), nontargets = 1 + rng.Below(40);
  for (std::size_t i = 0; i < targets + nontargets; ++i) {
    const bool target = i < targets;
    double score = rng.Normal() + (target ? 1.5 : 0.0);
    if (levels > 0) score = std::round(score * levels / 4) / levels;
    trials.push_back({score, target});
  }
  rng.Shuffle(trials);
  return trials;
}

// Straight from the definitions: counts at every score and at one above all, nothing sorted or
// accumulated.
std::vector<DetPoint> OracleDet(const std::vector<ScoredTrial>& trials) {
  std::vector<double> thresholds;
  for (const ScoredTrial& trial : trials) {
    if (std::find(thresholds.begin(), thresholds.end(), trial.score) == thresholds.end()) {
      thresholds.push_back(trial.score);
    }
  }
  std::sort(thresholds.begin(), thresholds.end());
  thresholds.push_back(thresholds.back() + 1);
  std::vector<DetPoint> det;
  for (double threshold : thresholds) {
    double targets = 0, nontargets = 0, missed = 0, accepted = 0;
    for (const ScoredTrial& trial : trials) {
      if (trial.target) {
        ++targets;
        if (trial.score < threshold) ++missed;
      } else {
        ++nontargets;
        if (trial.score >= threshold) ++accepted;
      }
    }
    det.push_back({threshold, missed / targets, accepted / nontargets});
  }
  return det;
}

// The EER as where the polyline of (P_fa, P_miss) meets the diagonal, by bisection along each
// segment that crosses it.
double OracleEer(const std::vector<DetPoint>& det) {
  for (std::size_t i = 1; i < det.size(); ++i) {
    auto at = [&](double t) {
      return std::pair(det[i - 1].p_miss + t * (det[i].p_miss - det[i - 1].p_miss),
                       det[i - 1].p_fa + t * (det[i].p_fa - det[i - 1].p_fa));
    };
    if (det[i].p_miss < det[i].p_fa) continue;
    double low = 0, high = 1;
    for (int step = 0; step < 100; ++step) {
      const double middle = (low + high) / 2;
      (at(middle).first < at(middle).second ? low : high) = middle;
    }
    return at(high).first;
  }
  return -1;
}

TEST(MetricsTest, AgreesWithTheDefinitionsOnRandomScores) {
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const auto trials = RandomTrials(rng, round % 3 == 0 ? 0 : round % 3 == 1 ? 10 : 2);
    const auto det = ComputeDet(trials);
    const auto oracle = OracleDet(trials);
    ASSERT_EQ(det.size(), oracle.size());
    for (std::size_t i = 0; i < det.size(); ++i) {
      if (i + 1 < det.size()) {
        EXPECT_EQ(det[i].threshold, oracle[i].threshold);
      }
      EXPECT_DOUBLE_EQ(det[i].p_miss, oracle[i].p_miss);
      EXPECT_DOUBLE_EQ(det[i].p_fa, oracle[i].p_fa);
    }
    EXPECT_NEAR(ComputeEer(det).eer, OracleEer(oracle), 1e-12);
    for (double p_target : {0.01, 0.05, 0.5, 0.9}) {
      double best = 1;  // of rejecting all or accepting all, whichever is cheaper
      for (const DetPoint& point : oracle) {
        best = std::min(best, (p_target * point.p_miss + (1 - p_target) * point.p_fa) /
                                  std::min(p_target, 1 - p_target));
      }
      EXPECT_NEAR(ComputeMinDcf(det, p_target), best, 1e-12) << p_target;
    }
  }
}

TEST(MetricsTest, ThresholdsOfADetCurveGiveItsRates) {
  Rng rng(8);
  const auto trials = RandomTrials(rng, 6);
  for (const DetPoint& point : ComputeDet(trials)) {
    const DetPoint errors = ErrorsAt(trials, point.threshold);
    EXPECT_EQ(errors.p_miss, point.p_miss);
    EXPECT_EQ(errors.p_fa, point.p_fa);
  }
}

TEST(MetricsTest, TheOrderOfTheTrialsDoesNotMatter) {
  Rng rng(9);
  auto trials = RandomTrials(rng, 3);
  const auto det = ComputeDet(trials);
  for (int round = 0; round < 20; ++round) {
    rng.Shuffle(trials);
    const auto again = ComputeDet(trials);
    EXPECT_EQ(ComputeEer(again).eer, ComputeEer(det).eer);
    EXPECT_EQ(ComputeEer(again).threshold, ComputeEer(det).threshold);
    EXPECT_EQ(ComputeMinDcf(again, 0.01), ComputeMinDcf(det, 0.01));
  }
}

TEST(MetricsTest, DcfAtAThreshold) {
  EXPECT_NEAR(ComputeDcf({0, 0.25, 0.5}, 0.01), (0.01 * 0.25 + 0.99 * 0.5) / 0.01, 1e-12);
  EXPECT_NEAR(ComputeDcf({0, 0.25, 0.5}, 0.9), (0.9 * 0.25 + 0.1 * 0.5) / 0.1, 1e-12);
  EXPECT_THROW(ComputeDcf({0, 0, 0}, 1), Error);
  // Deciding at it costs what the prior says: e^t is the odds against.
  EXPECT_NEAR(BayesThreshold(0.01), 4.59511985, 1e-8);
  EXPECT_NEAR(BayesThreshold(0.05), 2.94443898, 1e-8);
  EXPECT_EQ(BayesThreshold(0.5), 0);
}

TEST(MetricsTest, CllrByItsDefinition) {
  // Knowing nothing: one bit, whatever the counts.
  EXPECT_NEAR(ComputeCllr({{0, 3, 7}}), 1, 1e-15);
  EXPECT_NEAR(ComputeCllr({{-1000, 0, 1}, {1000, 1, 0}}), 0, 1e-15);
  // Misleading: the sum of what each trial costs, without overflow.
  EXPECT_NEAR(ComputeCllr({{-1000, 1, 0}, {1000, 0, 1}}), 1000 / std::log(2.0), 1e-9);
  Rng rng(21);
  for (int round = 0; round < 50; ++round) {
    const auto trials = RandomTrials(rng, round % 2 == 0 ? 0 : 3);
    double cost[2] = {0, 0}, count[2] = {0, 0};
    for (const ScoredTrial& trial : trials) {
      cost[trial.target] += std::log2(1 + std::exp(trial.target ? -trial.score : trial.score));
      ++count[trial.target];
    }
    EXPECT_NEAR(ComputeCllr(BinScores(trials)), (cost[0] / count[0] + cost[1] / count[1]) / 2,
                1e-12);
  }
}

// Every way to cut the bins into pools, with the LLR of each pool's counts where they do not fall.
double OracleMinCllr(const std::vector<ScoreBin>& bins) {
  double targets = 0, nontargets = 0, best = 1e9;
  for (const ScoreBin& bin : bins) {
    targets += bin.targets;
    nontargets += bin.nontargets;
  }
  for (unsigned cuts = 0; cuts < 1u << (bins.size() - 1); ++cuts) {
    std::vector<ScoreBin> pools = {bins[0]};
    for (std::size_t i = 1; i < bins.size(); ++i) {
      if (cuts >> (i - 1) & 1) {
        pools.push_back(bins[i]);
      } else {
        pools.back().targets += bins[i].targets;
        pools.back().nontargets += bins[i].nontargets;
      }
    }
    bool rising = true;
    for (std::size_t i = 0; i < pools.size(); ++i) {
      pools[i].score = std::log(pools[i].targets / targets / (pools[i].nontargets / nontargets));
      rising &= i == 0 || pools[i].score >= pools[i - 1].score;
    }
    if (rising) best = std::min(best, ComputeCllr(pools));
  }
  return best;
}

TEST(MetricsTest, MinCllrIsTheBestMonotonicCalibration) {
  Rng rng(22);
  for (int round = 0; round < 60; ++round) {
    std::vector<ScoreBin> bins;
    const std::size_t size = 2 + rng.Below(8);
    for (std::size_t i = 0; i < size; ++i)
      bins.push_back({static_cast<double>(i), static_cast<double>(rng.Below(4)),
                      static_cast<double>(rng.Below(4))});
    bins.front().targets += 1;
    bins.back().nontargets += 1;
    std::erase_if(bins, [](const ScoreBin& bin) { return bin.targets + bin.nontargets == 0; });
    EXPECT_NEAR(ComputeMinCllr(bins), OracleMinCllr(bins), 1e-12) << round;
    EXPECT_LE(ComputeMinCllr(bins), 1 + 1e-12);
  }
  EXPECT_EQ(ComputeMinCllr({{-5, 0, 4}, {3, 2, 0}}), 0);           // separable
  EXPECT_NEAR(ComputeMinCllr({{-5, 4, 0}, {3, 0, 2}}), 1, 1e-15);  // swapped: no information
}

TEST(MetricsTest, Separable) {
  const auto trials = Trials({0.8, 0.9, 0.7}, {0.1, 0.3, 0.2, 0.0});
  const auto det = ComputeDet(trials);
  EXPECT_EQ(ComputeEer(det).eer, 0);
  EXPECT_EQ(ComputeMinDcf(det, 0.01), 0);
  const DetPoint errors = ErrorsAt(trials, ComputeEer(det).threshold);
  EXPECT_EQ(errors.p_miss, 0);
  EXPECT_EQ(errors.p_fa, 0);
}

TEST(MetricsTest, Swapped) {
  const auto det = ComputeDet(Trials({0.1, 0.2}, {0.8, 0.9, 0.7}));
  EXPECT_EQ(ComputeEer(det).eer, 1);
  EXPECT_EQ(ComputeMinDcf(det, 0.01), 1);
}

TEST(MetricsTest, AllEqual) {
  for (const auto& trials : {Trials({0.5, 0.5, 0.5}, {0.5}), Trials({0.5}, {0.5, 0.5, 0.5})}) {
    const auto det = ComputeDet(trials);
    EXPECT_THAT(det, testing::SizeIs(2));
    EXPECT_EQ(ComputeEer(det).eer, 0.5);
    EXPECT_EQ(ComputeEer(det).threshold, 0.5);
    EXPECT_EQ(ComputeMinDcf(det, 0.05), 1);
  }
}

// Worked by hand.
TEST(MetricsTest, HandComputed) {
  const auto det = ComputeDet(Trials({0.5, 0.6, 0.8, 0.9}, {0.1, 0.2, 0.3, 0.55, 0.7}));
  // Points around the crossing: t=0.5 (0, 2/5), 0.55 (1/4, 2/5), 0.6 (1/4, 1/5).
  const double t = (2.0 / 5 - 1.0 / 4) / (2.0 / 5 - 1.0 / 5);
  EXPECT_NEAR(ComputeEer(det).eer, 0.25, 1e-15);
  EXPECT_NEAR(ComputeEer(det).threshold, 0.55 + t * 0.05, 1e-15);
  // DCF with P_target 0.5: the smallest P_miss + P_fa: 0 + 2/5 at 0.5 (1/4 + 1/5 at 0.6, 1/2 + 0 at
  // 0.8).
  EXPECT_NEAR(ComputeMinDcf(det, 0.5), 0.4, 1e-15);
  // P_target 0.01: no false accept allowed: 1/2 of the targets lost.
  EXPECT_NEAR(ComputeMinDcf(det, 0.01), 0.5, 1e-15);
}

TEST(MetricsTest, ThresholdForFmr) {
  const auto det = ComputeDet(Trials({0.5, 0.9}, {0.1, 0.2, 0.3, 0.4}));
  EXPECT_EQ(ThresholdForFmr(det, 1), 0.1);
  EXPECT_EQ(ThresholdForFmr(det, 0.5), 0.3);
  EXPECT_EQ(ThresholdForFmr(det, 0.3), 0.4);
  EXPECT_EQ(ThresholdForFmr(det, 0), 0.5);
  // Not even one of a nontarget above all targets.
  const auto hard = ComputeDet(Trials({0.1}, {0.2}));
  EXPECT_GT(ThresholdForFmr(hard, 0), 0.2);
  EXPECT_THROW(ThresholdForFmr(det, -0.1), Error);
  EXPECT_THROW(ThresholdForFmr(det, std::numeric_limits<double>::quiet_NaN()), Error);
}

TEST(MetricsTest, RefusesWhatHasNoErrorRates) {
  EXPECT_THROW(ComputeDet(std::vector<ScoredTrial>{}), Error);
  EXPECT_THROW(ComputeDet(Trials({0.1, 0.2}, {})), Error);
  EXPECT_THROW(ComputeDet(Trials({}, {0.1})), Error);
  EXPECT_THROW(ComputeDet(Trials({0.1, std::nan("")}, {0.1})), Error);
  EXPECT_THROW(ErrorsAt(Trials({0.1}, {}), 0), Error);
  const auto det = ComputeDet(Trials({1}, {0}));
  EXPECT_THROW(ComputeMinDcf(det, 0), Error);
  EXPECT_THROW(ComputeMinDcf(det, 1), Error);
}

}  // namespace
}  // namespace vpr
