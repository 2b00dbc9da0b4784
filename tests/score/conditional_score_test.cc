#include "vpr/score/conditional_score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/score/scorer.h"

namespace vpr {
namespace {

SpeechConditions Conditions(double seconds, double high_band_db, double dynamics_db,
                            double clipped) {
  SpeechConditions conditions(seconds);
  conditions.high_band_db = high_band_db;
  conditions.dynamics_db = dynamics_db;
  conditions.clipped = clipped;
  return conditions;
}

TEST(ConditionTerms, ClosedCases) {
  const ConditionTerms usual = MakeConditionTerms(Conditions(4, -20, 30, 0.0001), 0.25, 0.5);
  EXPECT_EQ(usual, (ConditionTerms{1, 0, 0, 0, 0, 0.25, 0.5}));
  const ConditionTerms telephone =
      MakeConditionTerms(Conditions(4 * std::exp(-1.0), -37.5, 40, 0.01), 0, 0);
  EXPECT_NEAR(telephone[1], -1, 1e-12);
  EXPECT_NEAR(telephone[2], 0.5, 1e-12);
  EXPECT_NEAR(telephone[3], 1, 1e-12);
  EXPECT_NEAR(telephone[4], 0.5, 1e-12);
}

TEST(ConditionTerms, AreBoundedWhateverWasMeasured) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (double wild : {-infinite, -1e308, 0.0, 1e308, infinite, std::nan("")}) {
    const ConditionTerms terms = MakeConditionTerms(Conditions(wild, wild, wild, wild), wild, wild);
    EXPECT_EQ(terms[0], 1);
    for (double term : terms) EXPECT_LE(std::abs(term), 2.1) << wild;  // ln(0.5 / 4) = -2.08
  }
}

TEST(ConditionTerms, WhatIsNotKnownIsUsual) {
  const ConditionTerms terms = MakeConditionTerms(SpeechConditions(4), SpeechConditions::kUnknown,
                                                  SpeechConditions::kUnknown);
  EXPECT_EQ(terms, (ConditionTerms{1, 0, 0, 0, 0, 0, 0}));
}

TEST(JoinConditions, SecondsAddUpAndTheRestIsTheirMean) {
  const SpeechConditions parts[] = {Conditions(1, -20, 10, 0), Conditions(3, -40, 30, 0.4),
                                    SpeechConditions(6)};
  const SpeechConditions joined = JoinConditions(parts);
  EXPECT_EQ(joined.seconds, 10);
  EXPECT_NEAR(joined.high_band_db, -35, 1e-12);
  EXPECT_NEAR(joined.dynamics_db, 25, 1e-12);
  EXPECT_NEAR(joined.clipped, 0.3, 1e-12);
  EXPECT_TRUE(std::isnan(JoinConditions(std::span(parts).last(1)).high_band_db));
  EXPECT_EQ(JoinConditions({}).seconds, 0);
}

// Trials whose true ratio is known: cosines are normally distributed, with means and deviations
// that depend on the duration in such a way that the ratio is linear in the terms.
ConditionalTrial Draw(Rng& rng, bool target, std::size_t group, double shift) {
  ConditionalTrial trial;
  trial.target = target;
  trial.group = group;
  const double side_a = rng.Uniform(-1, 1), side_b = rng.Uniform(-1, 1);
  trial.a = {1, side_a, 0, 0, 0, shift, 0};
  trial.b = {1, side_b, 0, 0, 0, shift, 0};
  // Equal deviations 0.1 and means 0.6 + m, 0.2 + m: LLR = 40 (cosine - 0.4 - m).
  const double m = 0.1 * shift + 0.02 * (side_a + side_b);
  trial.cosine = (target ? 0.6 : 0.2) + m + 0.1 * rng.Normal();
  return trial;
}

TEST(FitConditionalScore, FindsTheTrueRatio) {
  Rng rng(7);
  std::vector<ConditionalTrial> trials;
  // The groups have very different numbers of trials.
  for (int i = 0; i < 60000; ++i) trials.push_back(Draw(rng, i % 4 == 0, 0, 0));
  for (int i = 0; i < 20000; ++i) trials.push_back(Draw(rng, i % 2 == 0, 1, 0.5));
  ConditionalScore score;
  FitConditionalScore(trials, score, {}, 0.1);
  // LLR = 40 cosine - 16 - 40 (0.1 shift + 0.02 (a + b)); a shift counts on both sides.
  EXPECT_NEAR(2 * score.scale[0], 40, 2.5);
  EXPECT_NEAR(2 * score.offset[0], -16, 1);
  for (double cosine : {0.2, 0.4, 0.6}) {
    for (double side : {-1.0, 0.0, 1.0}) {
      for (double shift : {0.0, 0.5}) {
        const ConditionTerms terms{1, side, 0, 0, 0, shift, 0};
        const double llr = 2 * score.Scale(terms) * cosine + 2 * score.Offset(terms);
        EXPECT_NEAR(llr, 40 * (cosine - 0.4 - 0.1 * shift - 0.04 * side), 1.2)
            << cosine << " " << side << " " << shift;
      }
    }
  }
  // Strangers: cosine 0.2 + m in the mean, whatever the group.
  EXPECT_NEAR(score.stranger_mean, -8, 0.5);
  EXPECT_LT(score.stranger_deviation, 0.5);
  EXPECT_NEAR(score.most_llr, std::log(45000 + 10000), 1e-9);
}

TEST(FitConditionalScore, GroupsCountAlikeWhateverTheirSizes) {
  Rng rng(8);
  std::vector<ConditionalTrial> once, often;
  for (int i = 0; i < 4000; ++i) {
    const ConditionalTrial trial = Draw(rng, i % 2 == 0, static_cast<std::size_t>(i % 2000 >= 1000),
                                        i % 2000 >= 1000 ? 0.5 : 0);
    once.push_back(trial);
    for (int copy = 0; copy < (trial.group == 0 ? 5 : 1); ++copy) often.push_back(trial);
  }
  ConditionalScore a, b;
  FitConditionalScore(once, a);
  FitConditionalScore(often, b);
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
    EXPECT_NEAR(a.scale[k], b.scale[k], 1e-5);
    EXPECT_NEAR(a.offset[k], b.offset[k], 1e-5);
  }
}

TEST(FitConditionalScore, Refusals) {
  ConditionalScore score;
  ConditionalTrial target;
  target.a = target.b = {1, 0, 0, 0, 0, 0, 0};
  target.cosine = 0.2;
  target.target = true;
  EXPECT_THROW(FitConditionalScore({}, score), Error);
  EXPECT_THROW(FitConditionalScore({target}, score), Error);
  ConditionalTrial nontarget = target;
  nontarget.target = false;
  nontarget.cosine = 0.8;  // the wrong way round
  std::vector<ConditionalTrial> wrong(20, target);
  wrong.insert(wrong.end(), 20, nontarget);
  EXPECT_THROW(FitConditionalScore(wrong, score), Error);
  wrong[0].cosine = std::nan("");
  EXPECT_THROW(FitConditionalScore(wrong, score), Error);
}

// Scores of a model with such a score.
class ConditionalScorer : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 16;

  ConditionalScorer() {
    model_.conditional.centre.assign(kDim, 0.0f);
    model_.conditional.centre[0] = 0.3f;
    model_.conditional.scale = {6, 1, -2, 0.5, -1, 1, -1};
    model_.conditional.offset = {-2, 0.25, 0.5, 0.125, -0.25, -4, -2};
    model_.conditional.most_llr = 9;
    model_.cohort = Matrix(30, kDim);
    for (std::size_t r = 0; r < 30; ++r) {
      const Embedding row = Unit();
      std::copy(row.begin(), row.end(), model_.cohort.row(r));
    }
    model_.channel_cohort = Matrix(12, kDim);
    for (std::size_t r = 0; r < 12; ++r) {
      const Embedding row = Unit();
      std::copy(row.begin(), row.end(), model_.channel_cohort.row(r));
    }
    model_.top_n = 5;
  }
  Embedding Unit() {
    Embedding vector(kDim);
    for (float& x : vector) x = static_cast<float>(rng_.Normal() + 0.2);
    Normalize(vector);
    return vector;
  }
  // From the definition, with everything sorted.
  double Oracle(const Embedding& a, const SpeechConditions& of_a, const Embedding& b,
                const SpeechConditions& of_b) const {
    auto centred = [&](Embedding x) {
      for (std::size_t d = 0; d < kDim; ++d) x[d] -= model_.conditional.centre[d];
      Normalize(x);
      return x;
    };
    auto nearest = [&](const Embedding& x, const Matrix& cohort) {
      std::vector<double> cosines;
      for (std::size_t r = 0; r < cohort.rows; ++r)
        cosines.push_back(CosineScore(x, centred(Embedding(cohort.row(r), cohort.row(r) + kDim))));
      std::sort(cosines.rbegin(), cosines.rend());
      double mean = 0;
      for (std::size_t i = 0; i < model_.top_n; ++i)
        mean += cosines[i] / static_cast<double>(model_.top_n);
      return mean;
    };
    auto terms = [&](const Embedding& x, const SpeechConditions& conditions) {
      return MakeConditionTerms(conditions, nearest(x, model_.cohort),
                                nearest(x, model_.channel_cohort));
    };
    const Embedding x = centred(a), y = centred(b);
    const ConditionTerms of_x = terms(x, of_a), of_y = terms(y, of_b);
    const ConditionalScore& score = model_.conditional;
    return (score.Scale(of_x) + score.Scale(of_y)) * CosineScore(x, y) + score.Offset(of_x) +
           score.Offset(of_y);
  }

  Rng rng_{5};
  ScoringModel model_;
};

TEST_F(ConditionalScorer, IsWhatItsDefinitionSays) {
  const Scorer scorer(model_);
  EXPECT_TRUE(scorer.calibrated());
  EXPECT_FALSE(scorer.is_cosine());
  for (int round = 0; round < 50; ++round) {
    const Embedding a = Unit(), b = Unit();
    const SpeechConditions of_a = Conditions(rng_.Uniform(0.2, 30), rng_.Uniform(-60, 0),
                                             rng_.Uniform(0, 40), rng_.Uniform(0, 0.1)),
                           of_b(rng_.Uniform(0.2, 30));
    const Voiceprint x = scorer.MakeVoiceprint(a, of_a), y = scorer.MakeVoiceprint(b, of_b);
    const Score score = scorer.Compare(x, y);
    EXPECT_NEAR(score.value, Oracle(a, of_a, b, of_b), 1e-5);
    EXPECT_EQ(score.value, scorer.Compare(y, x).value);
    EXPECT_EQ(score.cosine, CosineScore(a, b));
    EXPECT_EQ(score.llr, std::clamp(score.value, -9.0, 9.0));
  }
}

TEST_F(ConditionalScorer, AHigherCosineIsAHigherScoreUnderAllConditions) {
  model_.conditional.scale = {1, 3, -4, -3, -2, -5, -1};  // would be negative without the floor
  const Scorer scorer(model_);
  for (double seconds : {0.3, 2.0, 20.0}) {
    for (double high_band : {-80.0, -35.0, 0.0}) {
      for (double dynamics : {0.0, 20.0, 50.0}) {
        const SpeechConditions conditions = Conditions(seconds, high_band, dynamics, 0.05);
        const Voiceprint a = scorer.MakeVoiceprint(Unit(), conditions);
        Voiceprint b = scorer.MakeVoiceprint(Unit(), conditions);
        double last = -1e9;
        // From b towards a, everything else equal.
        for (double t = 0; t <= 1; t += 0.125) {
          Voiceprint moved = b;
          for (std::size_t d = 0; d < kDim; ++d)
            moved.values[d] = static_cast<float>((1 - t) * b.values[d] + t * a.values[d]);
          Normalize(moved.values);
          const double value = scorer.Compare(a, moved).value;
          EXPECT_GT(value, last);
          last = value;
        }
      }
    }
  }
}

TEST_F(ConditionalScorer, RefusesPartsThatDoNotFit) {
  ScoringModel wrong = model_;
  wrong.conditional.centre.resize(kDim - 1);
  EXPECT_THROW(Scorer{wrong}, Error);
  wrong = model_;
  wrong.conditional.centre[3] = std::nanf("");
  EXPECT_THROW(Scorer{wrong}, Error);
  wrong = model_;
  wrong.channel_cohort = Matrix(12, kDim - 1);
  EXPECT_THROW(Scorer{wrong}, Error);
  wrong = model_;
  wrong.plda.mean = {1};
  wrong.plda.transform = Matrix(1, 1);
  wrong.plda.between = {1};
  EXPECT_THROW(Scorer{wrong}, Error);
  const Scorer scorer(model_);
  EXPECT_THROW(scorer.MakeVoiceprint(Embedding(kDim + 1, 0.1f), 3), Error);
}

}  // namespace
}  // namespace vpr
