#include "vpr/identify/strangers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::size_t kDim = 32;

// score = 10 cosine - 6, whatever the conditions; strangers at -6 +- 0.5.
ScoringModel Model() {
  ScoringModel model;
  model.conditional.centre.assign(kDim, 0.0f);
  model.conditional.scale[0] = 5;
  model.conditional.offset[0] = -3;
  model.conditional.stranger_mean = -6;
  model.conditional.stranger_deviation = 0.5;
  return model;
}

class Strangers : public testing::Test {
 protected:
  Strangers() : scorer_(Model()), gallery_(scorer_) {}

  // Somebody whose recordings have so much in common with everybody else's: two of them have that
  // cosine in the mean.
  void Add(double common) { Add(common, gallery_); }
  void Add(double common, Gallery& gallery) {
    Embedding one(kDim);
    for (std::size_t d = 1; d < kDim; ++d) one[d] = static_cast<float>(rng_.Normal());
    Normalize(one);
    for (float& x : one) x *= static_cast<float>(std::sqrt(1 - common));
    one[0] = static_cast<float>(std::sqrt(common));
    gallery.Add(static_cast<std::int64_t>(gallery.size()), "someone",
                scorer_.MakeVoiceprint(one, 5));
  }
  StrangerShift Shift() const { return FindStrangerShift(gallery_, scorer_); }

  Rng rng_{11};
  Scorer scorer_;
  Gallery gallery_;
};

TEST_F(Strangers, WhereTheyAreAsUsualNothingMoves) {
  for (int i = 0; i < 100; ++i) Add(0);
  const StrangerShift shift = Shift();
  EXPECT_EQ(shift.people, 100u);
  EXPECT_NEAR(shift.usual, -6, 0.3);
  EXPECT_LT(shift.shift, 0.2);
}

// In the mean of many stores: of three people no store can say much.
TEST_F(Strangers, WhereTheyAreAlikeThresholdsRiseWithTheirNumber) {
  constexpr int kStores = 30;
  double last = 0;
  for (int people : {3, 5, 20, 100}) {
    double shift = 0;
    for (int store = 0; store < kStores; ++store) {
      Gallery gallery(scorer_);
      for (int i = 0; i < people; ++i) Add(0.1, gallery);  // 1 higher
      shift += FindStrangerShift(gallery, scorer_).shift / kStores;
    }
    EXPECT_GT(shift, last) << people;
    EXPECT_LT(shift, 1.05) << people;
    last = shift;
    if (people <= 5) {
      EXPECT_LT(shift, 0.7) << people;
    }
  }
  EXPECT_NEAR(last, 0.95, 0.1);
}

TEST_F(Strangers, NeverBelowTheModelsThresholdAndNeverFarAbove) {
  for (int i = 0; i < 50; ++i) Add(0.9);
  EXPECT_EQ(Shift().shift, 3 * 0.5);
  Gallery odd(scorer_);
  // Opposite to one another: far below what is usual.
  for (int i = 0; i < 50; ++i) {
    Embedding one(kDim);
    one[0] = i % 2 == 0 ? 1.0f : -1.0f;
    odd.Add(i, "odd", scorer_.MakeVoiceprint(one, 5));
  }
  EXPECT_EQ(FindStrangerShift(odd, scorer_).shift, 0);
}

TEST_F(Strangers, OddRecordingsInTheMinorityTakeLittleAway) {
  for (int i = 0; i < 60; ++i) Add(0.1);
  const double before = Shift().shift;
  for (int i = 0; i < 20; ++i) {
    Embedding odd(kDim);
    odd[0] = -1;  // as unlike the others as can be
    odd[1 + static_cast<std::size_t>(i)] = 0.2f;
    Normalize(odd);
    gallery_.Add(static_cast<std::int64_t>(gallery_.size()), "odd", scorer_.MakeVoiceprint(odd, 5));
  }
  EXPECT_GT(Shift().shift, 0);
  EXPECT_LE(Shift().shift, before + 0.3);
}

TEST_F(Strangers, AreNotTaughtByOnePersonUnderManyNames) {
  for (int i = 0; i < 40; ++i) Add(0);
  const Embedding same(gallery_.values(0).begin(), gallery_.values(0).end());
  for (int i = 0; i < 10; ++i)
    gallery_.Add(static_cast<std::int64_t>(gallery_.size()), "again",
                 scorer_.MakeVoiceprint(same, 5));
  EXPECT_LT(Shift().shift, 0.3);
}

TEST_F(Strangers, FewPeopleOrAnotherScoreTellNothing) {
  Add(0.9);
  Add(0.9);
  EXPECT_EQ(Shift().people, 0u);
  EXPECT_EQ(Shift().shift, 0);
  const Scorer cosine;
  Gallery plain(cosine);
  for (int i = 0; i < 10; ++i) plain.Add(i, "x", cosine.MakeVoiceprint(Embedding(kDim, 0.1f), 5));
  EXPECT_EQ(FindStrangerShift(plain, cosine).shift, 0);
}

}  // namespace
}  // namespace vpr
