// From scores to log-likelihood ratios.
#pragma once

#include <string>
#include <vector>

namespace vpr {

// LLR = scale score + offset + d (duration_scale score + duration_offset), natural logarithm, where
// d = ln(seconds / 4) of the shorter side's speech, seconds limited to [0.5, 16]: a short utterance
// says less, whatever its score.
struct Calibration {
  double scale = 0, offset = 0;  // scale 0: none
  double duration_scale = 0, duration_offset = 0;

  bool empty() const { return scale == 0; }
  double Llr(double score, double seconds) const;
};

// No number of a calibration or threshold is larger in any model that says anything: readers refuse
// others.
inline constexpr double kMostScore = 1e6;

struct CalibrationTrial {
  double score;    // Score::value
  double seconds;  // of speech, of the shorter side
  bool target;
};

// Logistic regression (Newton's method on a convex cost), targets and nontargets weighted as if the
// former were a share `prior` of all (Bruemmer and du Preez, CSL 2006); the prior's own log odds
// are not part of the LLR. One further nontarget that scores as the targets do and one further
// target that scores as the nontargets do, spread over them, stand for what was not seen (Laplace's
// rule of succession): n nontargets without an error cannot show a ratio far above n, however far
// from them the targets are. A slight pull of the durations' weights towards 0 keeps them finite
// where durations hardly differ. Throws kInvalidArgument without a target and a nontarget,
// kUnusable of no more than one of each, if higher scores do not mean targets, or if the scores
// differ so little that a number beyond kMostScore would be needed (a network whose embeddings are
// all alike).
Calibration FitCalibration(const std::vector<CalibrationTrial>& trials, double prior = 0.01);

// A score from which on two voices count as one, and what it costs.
struct DecisionThreshold {
  double threshold = 0;      // accept iff score >= threshold
  double fmr = 0, fnmr = 0;  // measured at it: false match and false non-match rate
  std::string basis;  // "equal error rate over all pairs of 1974 held-out utterances of 120 ..."
};

// A threshold for a wanted false match rate.
struct FmrThreshold {
  double wanted_fmr = 0;  // 0.01, 0.001, 0.0001
  double threshold = 0;
  double fmr = 0, fnmr = 0;  // measured at it
  // Whether there were enough nontarget trials to tell: at least 3 / wanted_fmr ("rule of 3": with
  // no error among n, a rate above 3 / n can be ruled out with 95 % confidence). If not, the
  // threshold is a guess.
  bool supported = false;
};

// What is found from one set of trials, together.
struct ScoreThresholds {
  Calibration calibration;
  DecisionThreshold decision;  // at the equal error rate
  std::vector<FmrThreshold> fmr_thresholds;
};

}  // namespace vpr
