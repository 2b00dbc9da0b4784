// By which threshold "same speaker" is said, and what another one would say.
#pragma once

#include <optional>
#include <string>

#include "vpr/model/model_file.h"
#include "vpr/score/calibration.h"
#include "vpr/score/scorer.h"

namespace vpr {

// By which threshold is decided if none is asked for.
enum class OperatingPoint {
  kCompare,  // that of the equal error rate
  kVerify    // for a false match rate of kVerifyFmr
};
inline constexpr double kVerifyFmr = 0.01;

// What was asked for: a threshold, the model's for a false match rate, or, with neither, the
// default of the operating point.
struct ThresholdChoice {
  std::optional<double> threshold;
  std::optional<double> fmr;  // in (0, 1)
};

struct ChosenThreshold {
  DecisionThreshold decision;  // with an empty basis if the threshold was given
  std::string warning;         // why it is worth little; empty: nothing to be said
};

// `model`: its path, for messages. Throws kInvalidArgument if the model has none of that kind.
ChosenThreshold ChooseThreshold(OperatingPoint point, const ThresholdChoice& choice,
                                const ModelInfo& info, const std::string& model);

// Nothing if the model has none of that kind.
std::optional<DecisionThreshold> DefaultThreshold(OperatingPoint point, const ModelInfo& info);

// The default threshold of the other operating point, if `score` is decided otherwise by it than
// `same`.
std::optional<DecisionThreshold> OtherDecision(OperatingPoint point, double score, bool same,
                                               const ModelInfo& info);

// A share between 0 and 1 as "0.1%".
std::string PercentText(double share);

}  // namespace vpr
