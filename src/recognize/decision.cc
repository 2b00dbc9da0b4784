#include "vpr/recognize/decision.h"

#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

bool IsFor(const FmrThreshold& threshold, double fmr) {
  return std::abs(threshold.wanted_fmr - fmr) < 1e-9;
}

}  // namespace

std::string PercentText(double share) { return Format("%.6g%%", 100 * share); }

ChosenThreshold ChooseThreshold(OperatingPoint point, const ThresholdChoice& choice,
                                const ModelInfo& info, const std::string& model) {
  if (choice.threshold) {
    ChosenThreshold given{{*choice.threshold, 0, 0, ""}, ""};
    if (info.is_imported() && info.decision.basis.empty())
      given.warning = "model '" + Printable(model) +
                      "' is uncalibrated: nobody has measured how often this threshold errs; vpr "
                      "calibrate does";
    return given;
  }
  if (info.decision.basis.empty()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "model '" + Printable(model) +
            "' is uncalibrated: it has no decision threshold, since none was measured when it was "
            "made (without held-out speakers, or by vpr model import, average, fuse or part); vpr "
            "calibrate or vpr adapt finds one, --threshold gives one");
  }
  const bool default_rate =
      !choice.fmr && point == OperatingPoint::kVerify && !info.fmr_thresholds.empty();
  if (!choice.fmr && !default_rate) return {info.decision, ""};
  const double wanted = choice.fmr.value_or(kVerifyFmr);
  std::string known;
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (IsFor(one, wanted)) {
      const std::string& basis = info.decision.basis;  // "equal error rate over ..."
      const std::size_t over = std::min(basis.find(" over "), basis.size());
      ChosenThreshold found{{one.threshold, one.fmr, one.fnmr,
                             "wanted false match rate " + PercentText(wanted) + basis.substr(over)},
                            ""};
      if (!one.supported)
        found.warning = "the model's trials were too few to measure a false match rate of " +
                        PercentText(wanted) + ": its threshold is a guess";
      return found;
    }
    known += (known.empty() ? "" : ", ") + PercentText(one.wanted_fmr);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "model '" + Printable(model) + "' has no threshold for a false match rate of " +
                  PercentText(wanted) + (known.empty() ? "" : "; it has them for " + known));
}

std::optional<DecisionThreshold> DefaultThreshold(OperatingPoint point, const ModelInfo& info) {
  if (info.decision.basis.empty()) return std::nullopt;
  if (point == OperatingPoint::kCompare) return info.decision;
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (IsFor(one, kVerifyFmr))
      return DecisionThreshold{one.threshold, one.fmr, one.fnmr,
                               "wanted false match rate " + PercentText(kVerifyFmr)};
  }
  return std::nullopt;
}

std::optional<DecisionThreshold> OtherDecision(OperatingPoint point, double score, bool same,
                                               const ModelInfo& info) {
  const bool compare = point == OperatingPoint::kCompare;
  const auto other =
      DefaultThreshold(compare ? OperatingPoint::kVerify : OperatingPoint::kCompare, info);
  if (!other || (score >= other->threshold) == same) return std::nullopt;
  return other;
}

}  // namespace vpr
