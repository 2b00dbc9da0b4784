// 1:N: finding out which of the enrolled speakers a recording is of, if any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vpr/eval/bootstrap.h"

namespace vpr {

// One recording against a gallery of enrolled speakers, its own among them.
struct Search {
  std::uint32_t speaker;  // whose recording it is
  double own;             // score with its speaker's enrollment
  double best_other;      // the highest score with any other
};

// Each with its 95 % interval from resampling the speakers searched for (1000 draws).
struct Identification {
  std::size_t gallery = 0, searches = 0;
  // Share of searches whose own speaker scores highest (closed set).
  double rank1 = 0;
  ConfidenceInterval rank1_interval{0, 0};
  // ISO/IEC 19795-1, at the threshold: FNIR(N, 1, T), mated searches that do not return the right
  // speaker first and at the threshold or above; FPIR(N - 1, T), searches with the own enrollment
  // taken out of the gallery that return any. NaN without a threshold.
  double fnir = 0, fpir = 0, threshold = 0;
  ConfidenceInterval fnir_interval{0, 0}, fpir_interval{0, 0};
};

// `gallery`: number of enrolled speakers, at least 2. `threshold` NaN: none. Throws
// kInvalidArgument without a search.
Identification EvaluateSearches(const std::vector<Search>& searches, std::size_t gallery,
                                double threshold, bool intervals, std::uint64_t seed = 1);

}  // namespace vpr
