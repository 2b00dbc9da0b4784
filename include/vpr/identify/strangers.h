// What the enrolled voices themselves tell of how alike strangers are here.
#pragma once

#include "vpr/identify/gallery.h"
#include "vpr/identify/stranger_shift.h"

namespace vpr {

// shift = clamp(w (usual - expected), 0, 3 d), with d = ConditionalScore::stranger_deviation, how
// far apart kinds of recordings are in this, and w = d^2 / (d^2 + 4 max(v, d^2) / people), v the
// variance over the people of their medians: the fewer, the nearer to none (empirical Bayes). All
// zero for a model without a conditional score and for fewer than three people.
StrangerShift FindStrangerShift(const Gallery& gallery, const Scorer& scorer);

}  // namespace vpr
