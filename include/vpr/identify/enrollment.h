// What can be said of an enrollment before it is kept.
#pragma once

#include <cstddef>
#include <vector>

#include "vpr/score/scorer.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// Which utterances of one enrollment do not sound like the others: each is scored against the
// template of the rest, and the one that scores lowest, if below `threshold`, is taken out, as long
// as more than two are left. Of two that do not agree neither can be told to be the wrong one: then
// both are returned. Numbers into `utterances`, rising.
std::vector<std::size_t> FindForeign(const std::vector<const EnrolledUtterance*>& utterances,
                                     const Scorer& scorer, double threshold);

}  // namespace vpr
