// Error rates of verification scores. Larger scores mean "more alike"; accept iff score >= t.
#pragma once

#include <cstddef>
#include <vector>

namespace vpr {

struct ScoredTrial {
  double score;
  bool target;
};

// P_miss(t): share of target scores below t (FNMR). P_fa(t): share of nontarget scores at or above
// t (FMR).
struct DetPoint {
  double threshold;
  double p_miss;
  double p_fa;
};

// All operating points by rising threshold, one per distinct score (tied scores are one group, so
// the result does not depend on the order of the input), and a last one above every score.
// Throws kInvalidArgument without at least one target and one nontarget, or with a NaN score.
std::vector<DetPoint> ComputeDet(const std::vector<ScoredTrial>& trials);

struct Eer {
  double eer;        // rate where P_miss = P_fa, interpolated linearly between the crossing points
  double threshold;  // interpolated likewise
};
Eer ComputeEer(const std::vector<DetPoint>& det);

// min over t of [p_target P_miss + (1 - p_target) P_fa] / min(p_target, 1 - p_target): C_miss =
// C_fa = 1, normalised, so 0 <= minDCF <= 1 (NIST SRE).
double ComputeMinDcf(const std::vector<DetPoint>& det, double p_target);

// P_miss and P_fa at a given threshold.
DetPoint ErrorsAt(const std::vector<ScoredTrial>& trials, double threshold);

// The smallest threshold with P_fa <= fmr.
double ThresholdForFmr(const std::vector<DetPoint>& det, double fmr);

}  // namespace vpr
