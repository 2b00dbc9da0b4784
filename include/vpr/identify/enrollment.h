// What can be said of an enrollment before it is kept.
#pragma once

#include <cstddef>
#include <vector>

#include "vpr/score/scorer.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// Which utterances of an enrollment are of somebody else. They are joined into voices: each is one
// at first but the first `known`, which are enrolled already and together make one; then the two
// that are most alike, template against template, are joined as long as they score `threshold` or
// more (agglomerative clustering). The person is the voice of what is known, else the one of most
// utterances; if several have as many, none can be told to be the right one, and all are returned.
// Numbers into `utterances`, rising.
std::vector<std::size_t> FindForeign(const std::vector<const EnrolledUtterance*>& utterances,
                                     std::size_t known, const Scorer& scorer, double threshold);

}  // namespace vpr
