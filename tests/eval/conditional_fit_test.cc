#include "vpr/eval/conditional_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

// Cosines of strangers of a corpus lie `shift` higher, and its recordings say so by their cohort.
TrialCell Corpus(std::size_t number, double shift, std::size_t count, Rng& rng) {
  TrialCell cell;
  cell.corpus = number;
  cell.form = "as recorded";
  for (std::size_t i = 0; i < count; ++i) {
    ConditionalTrial trial;
    trial.target = i % 5 == 0;
    const double side = shift + 0.02 * rng.Normal(), other = shift + 0.02 * rng.Normal();
    trial.a = {1, 0, 0, 0, 0, side, 0};
    trial.b = {1, 0, 0, 0, 0, other, 0};
    trial.cosine = (trial.target ? 0.7 : 0.1) + (side + other) / 2 + 0.1 * rng.Normal();
    cell.trials.push_back(trial);
  }
  return cell;
}

double Value(const ConditionalScore& score, const ConditionalTrial& trial) {
  return (score.Scale(trial.a) + score.Scale(trial.b)) * trial.cosine + score.Offset(trial.a) +
         score.Offset(trial.b);
}

TEST(FitConditional, AThresholdHoldsOnACorpusThatIsNotThere) {
  Rng rng(3);
  std::vector<TrialCell> cells;
  const double shifts[] = {0, 0.3, 0.1, 0.2};
  for (std::size_t c = 0; c < 4; ++c) cells.push_back(Corpus(c, shifts[c], 6000, rng));
  const ConditionalFit fit = FitConditional(cells, "trials");
  EXPECT_EQ(fit.thresholds.decision.basis, "equal error rate over trials");
  EXPECT_TRUE(fit.thresholds.calibration.empty());
  ASSERT_EQ(fit.thresholds.fmr_thresholds.size(), 3u);
  // Another one, between and beyond those known.
  for (double shift : {0.15, 0.35}) {
    const TrialCell other = Corpus(9, shift, 20000, rng);
    std::vector<double> matched(3), missed(3);
    double targets = 0, nontargets = 0;
    for (const ConditionalTrial& trial : other.trials) {
      ++(trial.target ? targets : nontargets);
      for (std::size_t k = 0; k < 3; ++k) {
        const bool accepted = Value(fit.score, trial) >= fit.thresholds.fmr_thresholds[k].threshold;
        matched[k] += !trial.target && accepted ? 1 : 0;
        missed[k] += trial.target && !accepted ? 1 : 0;
      }
    }
    EXPECT_LT(matched[0] / nontargets, 0.02) << shift;
    EXPECT_GT(matched[0] / nontargets, 0.001) << shift;  // not by rejecting everybody
    EXPECT_LT(matched[1] / nontargets, 0.003) << shift;
    EXPECT_LT(missed[1] / targets, 0.05) << shift;
  }
  // And so says leaving out what is there.
  ASSERT_EQ(fit.left_out.size(), 4u);
  for (const LeftOutRates& one : fit.left_out) {
    EXPECT_EQ(one.form, "as recorded");
    EXPECT_EQ(one.targets, 1200u);
    EXPECT_EQ(one.nontargets, 4800u);
    EXPECT_LT(one.fmr[0], 0.025);
    EXPECT_LT(one.fmr[1], 0.004);
  }
}

// By brute force: the thresholds of one corpus are those of its own scores.
TEST(FitConditional, OfOneCorpusTheThresholdsAreThoseOfItsScores) {
  Rng rng(4);
  const TrialCell cell = Corpus(0, 0.1, 4000, rng);
  const ConditionalFit fit = FitConditional({cell}, "trials");
  EXPECT_TRUE(fit.left_out.empty());
  for (const FmrThreshold& one : fit.thresholds.fmr_thresholds) {
    double above = 0, nontargets = 0;
    for (const ConditionalTrial& trial : cell.trials) {
      if (trial.target) continue;
      ++nontargets;
      above += Value(fit.score, trial) >= one.threshold ? 1 : 0;
    }
    EXPECT_NEAR(one.fmr, above / nontargets, 1e-12);
    EXPECT_LE(one.fmr, one.wanted_fmr);
    EXPECT_GT(one.fmr + 1.5 / nontargets, one.wanted_fmr);
  }
  EXPECT_TRUE(fit.thresholds.fmr_thresholds[0].supported);
  EXPECT_FALSE(fit.thresholds.fmr_thresholds[2].supported);  // 3,200 nontargets
}

// No corpus may have more than the wanted rate, however many there are that have less.
TEST(FitConditional, TheWorstCorpusCounts) {
  Rng rng(5);
  std::vector<TrialCell> cells;
  for (std::size_t c = 0; c < 6; ++c) cells.push_back(Corpus(c, 0, 3000, rng));
  // Strangers alike, and nothing tells: in the mean over seven a rate of 1 % would leave it 7 %.
  TrialCell odd = Corpus(6, 0, 3000, rng);
  for (ConditionalTrial& trial : odd.trials) trial.cosine += trial.target ? 0 : 0.25;
  cells.push_back(odd);
  const ConditionalFit fit = FitConditional(cells, "trials");
  double above = 0, nontargets = 0;
  for (const ConditionalTrial& trial : odd.trials) {
    if (trial.target) continue;
    ++nontargets;
    above += Value(fit.score, trial) >= fit.thresholds.fmr_thresholds[0].threshold ? 1 : 0;
  }
  EXPECT_LT(above / nontargets, 0.03);
  EXPECT_LT(fit.thresholds.fmr_thresholds[0].fmr, 0.006);  // the mean is then below
}

// The decision is for recordings as they are, however many other forms of them there are.
TEST(FitConditional, DegradedFormsDoNotMoveTheDecision) {
  Rng rng(7);
  std::vector<TrialCell> cells;
  for (std::size_t c = 0; c < 3; ++c) {
    cells.push_back(Corpus(c, 0, 3000, rng));
    for (int form = 0; form < 4; ++form) {
      TrialCell degraded = Corpus(c, 0, 3000, rng);
      degraded.form = "worse";
      for (ConditionalTrial& trial : degraded.trials) trial.cosine -= trial.target ? 0.4 : 0;
      cells.push_back(degraded);
    }
  }
  const ConditionalFit fit = FitConditional(cells, "trials");
  EXPECT_EQ(fit.thresholds.decision.basis,
            "equal error rate of recordings as they are, over trials");
  double matched = 0, missed = 0, targets = 0, nontargets = 0;
  for (std::size_t c = 0; c < cells.size(); c += 5) {
    for (const ConditionalTrial& trial : cells[c].trials) {
      ++(trial.target ? targets : nontargets);
      const bool accepted = Value(fit.score, trial) >= fit.thresholds.decision.threshold;
      matched += !trial.target && accepted ? 1 : 0;
      missed += trial.target && !accepted ? 1 : 0;
    }
  }
  EXPECT_NEAR(matched / nontargets, missed / targets, 0.002);
  EXPECT_NEAR(fit.thresholds.decision.fmr, matched / nontargets, 0.002);
  EXPECT_LT(matched / nontargets, 0.01);
}

TEST(FitConditional, Refusals) {
  EXPECT_THROW(FitConditional({}, "trials"), Error);
  Rng rng(6);
  TrialCell cell = Corpus(0, 0, 100, rng);
  std::erase_if(cell.trials, [](const ConditionalTrial& trial) { return trial.target; });
  EXPECT_THROW(FitConditional({cell}, "trials"), Error);
}

}  // namespace
}  // namespace vpr
