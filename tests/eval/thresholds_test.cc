#include "vpr/eval/thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/eval/metrics.h"

namespace vpr {
namespace {

TEST(FindThresholds, RatesAreThoseOfTheTrials) {
  Rng rng(1);
  std::vector<CalibrationTrial> trials;
  std::vector<ScoredTrial> scored;
  for (int i = 0; i < 5000; ++i) {
    const bool target = i % 10 == 0;
    trials.push_back({rng.Normal() + (target ? 3 : 0), 4, target});
    scored.push_back({trials.back().score, target});
  }
  const ScoreThresholds found = FindThresholds(trials, "all pairs of this test");
  EXPECT_EQ(found.decision.basis, "equal error rate over all pairs of this test");
  const DetPoint at_eer = ErrorsAt(scored, found.decision.threshold);
  EXPECT_EQ(found.decision.fmr, at_eer.p_fa);
  EXPECT_EQ(found.decision.fnmr, at_eer.p_miss);
  EXPECT_NEAR(at_eer.p_fa, at_eer.p_miss, 0.005);
  ASSERT_EQ(found.fmr_thresholds.size(), 3u);
  for (const FmrThreshold& one : found.fmr_thresholds) {
    const DetPoint errors = ErrorsAt(scored, one.threshold);
    EXPECT_EQ(one.fmr, errors.p_fa);
    EXPECT_EQ(one.fnmr, errors.p_miss);
    EXPECT_LE(one.fmr, one.wanted_fmr);
  }
  // 4500 nontargets: enough for 0.1 % (3000), not for 0.01 % (30,000).
  EXPECT_TRUE(found.fmr_thresholds[0].supported);
  EXPECT_TRUE(found.fmr_thresholds[1].supported);
  EXPECT_FALSE(found.fmr_thresholds[2].supported);
  EXPECT_GT(found.calibration.scale, 0);
}

TEST(FindThresholds, NoCalibrationWhereScoresMislead) {
  const ScoreThresholds found =
      FindThresholds({{0, 4, true}, {0.1, 4, true}, {1, 4, false}, {1.2, 4, false}}, "test");
  EXPECT_TRUE(found.calibration.empty());
  EXPECT_EQ(found.decision.fmr, 1);
  EXPECT_THROW(FindThresholds({{0, 4, true}}, "test"), Error);
}

}  // namespace
}  // namespace vpr
