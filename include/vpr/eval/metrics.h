// Error rates of verification scores. Larger scores mean "more alike"; accept iff score >= t.
#pragma once

#include <cstddef>
#include <vector>

namespace vpr {

struct ScoredTrial {
  double score;
  bool target;
};

// Trials of one score (or, where said so, of a narrow range of scores) counted together. Counts are
// real numbers so that trials can carry weights.
struct ScoreBin {
  double score;
  double targets, nontargets;
};

// One bin per distinct score, by rising score: tied scores are one group, so nothing computed from
// bins depends on the order of the input. Throws kInvalidArgument without at least one target and
// one nontarget, or with a NaN score.
std::vector<ScoreBin> BinScores(std::vector<ScoredTrial> trials);

// P_miss(t): share of target scores below t (FNMR). P_fa(t): share of nontarget scores at or above
// t (FMR).
struct DetPoint {
  double threshold;
  double p_miss;
  double p_fa;
};

// All operating points by rising threshold, one per bin, and a last one above every score.
std::vector<DetPoint> ComputeDet(const std::vector<ScoreBin>& bins);
std::vector<DetPoint> ComputeDet(std::vector<ScoredTrial> trials);

struct Eer {
  double eer;        // rate where P_miss = P_fa, interpolated linearly between the crossing points
  double threshold;  // interpolated likewise
};
Eer ComputeEer(const std::vector<DetPoint>& det);

// Detection cost p_target P_miss + (1 - p_target) P_fa, both errors costing 1, divided by
// min(p_target, 1 - p_target), the cost of deciding without looking (NIST SRE). Throws
// kInvalidArgument unless 0 < p_target < 1.
double ComputeDcf(const DetPoint& errors, double p_target);

// The smallest DCF of any threshold: 0 <= minDCF <= 1.
double ComputeMinDcf(const std::vector<DetPoint>& det, double p_target);

// P_miss and P_fa at a given threshold.
DetPoint ErrorsAt(const std::vector<ScoreBin>& bins, double threshold);
DetPoint ErrorsAt(const std::vector<ScoredTrial>& trials, double threshold);

// The smallest threshold with P_fa <= fmr.
double ThresholdForFmr(const std::vector<DetPoint>& det, double fmr);

// For scores that are natural logarithms of likelihood ratios (LLR).

// The threshold that costs least for target prior p_target: ln((1 - p_target) / p_target). actDCF
// is the DCF at it.
double BayesThreshold(double p_target);

// Cllr = 1/2 [mean over targets of log2(1 + e^-s) + mean over nontargets of log2(1 + e^s)]
// (Bruemmer and du Preez, "Application-independent evaluation of speaker detection", CSL 2006), in
// bits: 0 perfect, 1 as good as knowing nothing, more: misleading.
double ComputeCllr(const std::vector<ScoreBin>& bins);

// The Cllr after the best monotonic calibration of these very scores, found by pool adjacent
// violators (same source). Any monotonic scores will do.
double ComputeMinCllr(const std::vector<ScoreBin>& bins);

}  // namespace vpr
