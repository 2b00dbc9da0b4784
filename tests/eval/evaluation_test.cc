#include "vpr/eval/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

ScoredList Draw(std::size_t count) {
  Rng rng(1);
  ScoredList list;
  for (std::size_t i = 0; i < count; ++i) {
    const bool target = i % 4 == 0;
    const double score = rng.Normal() + (target ? 3 : 0);
    list.scores.push_back({score, target});
    list.llrs.push_back({3 * score - 4.5, target});  // exact, for these two normal distributions
    const auto speaker = static_cast<std::uint32_t>(i % 40);
    list.speakers.push_back({speaker, target ? speaker : (speaker + 1) % 40});
  }
  return list;
}

TEST(Evaluate, GivesTheRatesOfMetrics) {
  const ScoredList list = Draw(2000);
  const Evaluation e = Evaluate(list, 2.0, true);
  EXPECT_EQ(e.targets, 500u);
  EXPECT_EQ(e.nontargets, 1500u);
  const std::vector<DetPoint> det = ComputeDet(list.scores);
  EXPECT_EQ(e.rates[kEer], ComputeEer(det).eer);
  EXPECT_EQ(e.eer_threshold, ComputeEer(det).threshold);
  EXPECT_EQ(e.rates[kMinDcf01], ComputeMinDcf(det, 0.01));
  EXPECT_EQ(e.rates[kMinDcf05], ComputeMinDcf(det, 0.05));
  EXPECT_EQ(e.rates[kFmr], ErrorsAt(list.scores, 2.0).p_fa);
  EXPECT_EQ(e.rates[kFnmr], ErrorsAt(list.scores, 2.0).p_miss);
  EXPECT_EQ(e.rates[kCllr], ComputeCllr(BinScores(list.llrs)));
  EXPECT_EQ(e.rates[kMinCllr], ComputeMinCllr(BinScores(list.llrs)));
  EXPECT_EQ(e.rates[kActDcf05], ComputeDcf(ErrorsAt(list.llrs, std::log(0.95 / 0.05)), 0.05));
  for (std::size_t k = 0; k < kNumRates; ++k) {
    EXPECT_LE(e.intervals[k].low, e.rates[k] + 0.02) << kRateNames[k];
    EXPECT_GE(e.intervals[k].high, e.rates[k] - 0.02) << kRateNames[k];
  }
}

TEST(Evaluate, LeavesOutWhatThereIsNot) {
  ScoredList list = Draw(400);
  list.llrs.clear();
  const Evaluation e = Evaluate(list, kNoRate, false);
  for (Rate rate : {kActDcf01, kActDcf05, kCllr, kMinCllr, kFmr, kFnmr})
    EXPECT_TRUE(std::isnan(e.rates[rate])) << kRateNames[rate];
  for (const ConfidenceInterval& interval : e.intervals) EXPECT_TRUE(std::isnan(interval.low));
  EXPECT_THROW(Evaluate(ScoredList{{{1, true}}, {}, {}}, 0, false), Error);
}

TEST(Select, KeepsWhatBelongsTogether) {
  const ScoredList list = Draw(8);
  const ScoredList part = Select(list, {false, true, false, false, true, false, false, false});
  ASSERT_EQ(part.scores.size(), 2u);
  for (std::size_t i : {0u, 1u}) {
    const std::size_t from = i == 0 ? 1 : 4;
    EXPECT_EQ(part.scores[i].score, list.scores[from].score);
    EXPECT_EQ(part.llrs[i].score, list.llrs[from].score);
    EXPECT_EQ(part.speakers[i].enroll, list.speakers[from].enroll);
  }
}

}  // namespace
}  // namespace vpr
