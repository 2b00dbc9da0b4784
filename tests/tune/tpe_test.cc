#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/rng.h"
#include "vpr/tune/study.h"

namespace vpr {
namespace {

// Optuna 5.0.0's estimator: make_parzen_golden.py.
TEST(ParzenEstimator, IsOptunas) {
  struct Case {
    std::vector<double> observations, weights, widths, log_densities;
  };
  std::vector<double> many;
  for (int i = 0; i < 30; ++i) many.push_back((7 * i) % 31 / 10.0 - 0.5);
  const std::vector<Case> cases = {
      {{},
       {1},
       {4},
       {-1.458129060628941, -1.365316560628941, -1.345316560628941, -1.464144685628941}},
      {{0.5},
       {0.5, 0.5},
       {2.5, 4},
       {-1.4413230801548513, -1.3192408233762376, -1.316245054001603, -1.5961179430887888}},
      {{0.5, -1, 2.9, 0.52},
       {0.2, 0.2, 0.2, 0.2, 0.2},
       {1.5, 1.5, 2.38, 2.38, 4},
       {-1.3297459231417104, -1.242247565386925, -1.3183773033929658, -1.7549266376644495}},
      {many,
       {0.0011661807580174927, 0.009620991253644314, 0.018075801749271137, 0.026530612244897955,
        0.034985422740524776, 0.034985422740524776},
       {0.125, 0.125, 0.125, 0.125, 0.125, 0.125},
       {-4.803508252589587, -1.2807299467668996, -1.1400555957548222, -4.795052741775963}}};
  const std::vector<double> at = {-0.9, 0.2, 1.0, 2.95};
  for (const Case& one : cases) {
    const ParzenEstimator estimator(one.observations, -1, 3);
    ASSERT_EQ(estimator.weights().size(), one.observations.size() + 1);
    for (std::size_t i = 0; i < one.weights.size(); ++i) {
      EXPECT_NEAR(estimator.weights()[i], one.weights[i], 1e-12);
      EXPECT_NEAR(estimator.widths()[i], one.widths[i], 1e-12);
    }
    for (std::size_t i = 0; i < at.size(); ++i)
      EXPECT_NEAR(estimator.LogDensity(at[i]), one.log_densities[i], 1e-9);
  }
}

TEST(ParzenEstimator, DensityIsOneAndDrawsFollowIt) {
  const ParzenEstimator estimator({0.1, 0.15, 0.9}, 0, 1);
  constexpr int kBins = 20, kDraws = 40000;
  std::vector<double> mass(kBins), share(kBins);
  double sum = 0;
  for (int i = 0; i < 100 * kBins; ++i) {
    const double density = std::exp(estimator.LogDensity((i + 0.5) / (100 * kBins)));
    mass[static_cast<std::size_t>(i / 100)] += density / (100 * kBins);
    sum += density / (100 * kBins);
  }
  EXPECT_NEAR(sum, 1, 1e-4);
  EXPECT_EQ(estimator.LogDensity(1.01), -INFINITY);
  Rng rng(5);
  for (int i = 0; i < kDraws; ++i) {
    const double x = estimator.Sample([&] { return rng.Uniform(); });
    ASSERT_GE(x, 0);
    ASSERT_LE(x, 1);
    share[std::min<std::size_t>(static_cast<std::size_t>(x * kBins), kBins - 1)] += 1.0 / kDraws;
  }
  for (std::size_t b = 0; b < kBins; ++b) EXPECT_NEAR(share[b], mass[b], 0.006) << b;
}

StudyTrial TrialOf(double value, bool pruned, std::map<int, double> reported) {
  StudyTrial trial;
  trial.settings = {0.5};
  trial.value = value;
  trial.pruned = pruned;
  trial.reported = std::move(reported);
  return trial;
}

TEST(ShouldPrune, BelowTheMedianAtTheSameStep) {
  Study study;
  study.parameters = {{"x", 0, 1, false}};
  for (double value : {0.1, 0.2, 0.3, 0.4})
    study.trials.push_back(TrialOf(value, false, {{1, value}, {2, value + 0.1}}));
  // The pruned do not count, and four are too few.
  study.trials.push_back(TrialOf(0.9, true, {{1, 0.9}}));
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {{1, 0.0}})));
  study.trials.push_back(TrialOf(0.5, false, {{1, 0.5}, {2, 0.6}}));
  EXPECT_TRUE(ShouldPrune(study, TrialOf(0, false, {{1, 0.29}})));
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {{1, 0.3}})));  // the median itself
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {{3, 0.0}})));  // nobody was there
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {})));
  // Its best value so far counts, against the others' at this step.
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {{1, 0.4}, {2, 0.0}})));
  EXPECT_TRUE(ShouldPrune(study, TrialOf(0, false, {{1, 0.39}, {2, 0.0}})));
  EXPECT_TRUE(ShouldPrune(study, TrialOf(0, false, {{1, std::nan("")}})));
  study.maximize = false;
  EXPECT_TRUE(ShouldPrune(study, TrialOf(0, false, {{1, 0.31}})));
  EXPECT_FALSE(ShouldPrune(study, TrialOf(0, false, {{1, 0.3}})));
}

}  // namespace
}  // namespace vpr
