#include "vpr/eval/identification.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A right one, one below the threshold 0.5, one taken for another, and a right one for whom another
// would be taken too.
const std::vector<Search> kSearches = {{0, 0.9, 0.1}, {1, 0.4, 0.2}, {1, 0.6, 0.8}, {2, 0.9, 0.7}};

TEST(EvaluateSearches, CountsAsDefined) {
  const Identification found = EvaluateSearches(kSearches, 3, 0.5, true);
  EXPECT_EQ(found.gallery, 3u);
  EXPECT_EQ(found.searches, 4u);
  EXPECT_EQ(found.rank1, 3 / 4.0);
  EXPECT_EQ(found.fnir, 2 / 4.0);
  EXPECT_EQ(found.fpir, 2 / 4.0);
  for (const ConfidenceInterval& interval :
       {found.rank1_interval, found.fnir_interval, found.fpir_interval}) {
    EXPECT_GE(interval.low, 0);
    EXPECT_LT(interval.low, interval.high);
    EXPECT_LE(interval.high, 1);
  }
}

TEST(EvaluateSearches, AThresholdIsReachedByAnEqualScoreAndATieIsNotFirst) {
  EXPECT_EQ(EvaluateSearches({{0, 0.5, 0.4}}, 2, 0.5, false).fnir, 0);
  EXPECT_EQ(EvaluateSearches({{0, 0.5, 0.5}}, 2, 0.5, false).rank1, 0);
  EXPECT_EQ(EvaluateSearches({{0, 0.9, 0.5}}, 2, 0.5, false).fpir, 1);
}

TEST(EvaluateSearches, WithoutAThresholdThereIsTheRankOnly) {
  const Identification found = EvaluateSearches(kSearches, 3, kNone, true);
  EXPECT_EQ(found.rank1, 3 / 4.0);
  EXPECT_TRUE(std::isnan(found.fnir));
  EXPECT_TRUE(std::isnan(found.fpir));
  EXPECT_TRUE(std::isnan(found.fpir_interval.low));
  EXPECT_TRUE(std::isnan(EvaluateSearches(kSearches, 3, 0.5, false).rank1_interval.low));
  EXPECT_THROW(EvaluateSearches({}, 3, 0.5, false), Error);
}

}  // namespace
}  // namespace vpr
