// By how much the enrolled people move the thresholds of a store.
#pragma once

#include <cstddef>

namespace vpr {

// By how much a store's thresholds are moved. Enrolled people are strangers to one another, so the
// scores between them are scores of different speakers on recordings of just this kind. Where these
// lie higher than those that the model's thresholds were found on, thresholds rise by the
// difference. They never fall: who enrolls odd recordings can only make the answers stricter, and
// as it is the median of people that counts, needs as many of them as there are others.
struct StrangerShift {
  double shift = 0;        // >= 0, added to every threshold of the model
  std::size_t people = 0;  // looked at, at most kMostPeople, spread evenly
  double usual = 0;        // the median person's median score with the others
  double expected = 0;     // ConditionalScore::stranger_mean
  static constexpr std::size_t kMostPeople = 200;
};

}  // namespace vpr
