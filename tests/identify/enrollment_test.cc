#include "vpr/identify/enrollment.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vpr {
namespace {

// In the plane, at so many degrees; plain cosine scores.
EnrolledUtterance At(double degrees) {
  EnrolledUtterance utterance;
  utterance.embedding = {static_cast<float>(std::cos(degrees * M_PI / 180)),
                         static_cast<float>(std::sin(degrees * M_PI / 180))};
  utterance.speech_seconds = 2;
  return utterance;
}

std::vector<std::size_t> Foreign(const std::vector<double>& degrees, double limit_degrees) {
  std::vector<EnrolledUtterance> utterances;
  for (double one : degrees) utterances.push_back(At(one));
  std::vector<const EnrolledUtterance*> pointers;
  for (const EnrolledUtterance& one : utterances) pointers.push_back(&one);
  return FindForeign(pointers, Scorer(), std::cos(limit_degrees * M_PI / 180));
}

TEST(FindForeign, TakesOutWhoeverIsElsewhere) {
  using Numbers = std::vector<std::size_t>;
  EXPECT_EQ(Foreign({0, 10, 5, 90, -5}, 40), Numbers({3}));
  EXPECT_EQ(Foreign({0, 80, 5, 90, -5, 3}, 40), Numbers({1, 3}));
  EXPECT_EQ(Foreign({0, 10, 20}, 40), Numbers());
  EXPECT_EQ(Foreign({100, 0, 10}, 40), Numbers({0}));
}

TEST(FindForeign, OfTwoNeitherIsKnownToBeWrong) {
  EXPECT_EQ(Foreign({0, 90}, 40), std::vector<std::size_t>({0, 1}));
  EXPECT_EQ(Foreign({0, 30}, 40), std::vector<std::size_t>());
  EXPECT_EQ(Foreign({0}, 40), std::vector<std::size_t>());
  EXPECT_EQ(Foreign({}, 40), std::vector<std::size_t>());
}

}  // namespace
}  // namespace vpr
