#include "torch/registry.h"

#include "torch/losses/losses.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

const std::vector<LossKind>& Losses() {
  static const std::vector<LossKind> losses = {kSoftmax, kAm, kAam};
  return losses;
}

const LossKind& FindLoss(const std::string& name) {
  std::string known;
  std::vector<std::string> names;
  for (const LossKind& loss : Losses()) {
    if (name == loss.name) return loss;
    known += (known.empty() ? "" : ", ") + std::string(loss.name);
    names.emplace_back(loss.name);
  }
  throw Error(ErrorCode::kInvalidArgument, "loss '" + Printable(name) + "' is unknown; there are " +
                                               known + DidYouMean(name, names));
}

}  // namespace vpr
