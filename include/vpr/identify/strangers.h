// What the enrolled voices themselves tell of how alike strangers are here.
#pragma once

#include <cstddef>

#include "vpr/identify/gallery.h"

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

// shift = clamp(w (usual - expected), 0, 3 d), with d = ConditionalScore::stranger_deviation, how
// far apart kinds of recordings are in this, and w = d^2 / (d^2 + 4 max(v, d^2) / people), v the
// variance over the people of their medians: the fewer, the nearer to none (empirical Bayes). All
// zero for a model without a conditional score and for fewer than three people.
StrangerShift FindStrangerShift(const Gallery& gallery, const Scorer& scorer);

}  // namespace vpr
