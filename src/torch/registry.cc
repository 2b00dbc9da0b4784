#include "torch/registry.h"

#include "torch/architectures/architectures.h"
#include "torch/losses/losses.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

template <typename Entry>
const Entry& Find(const std::vector<Entry>& entries, const std::string& name, const char* what) {
  std::string known;
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (name == entry.name) return entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    names.emplace_back(entry.name);
  }
  throw Error(ErrorCode::kInvalidArgument, std::string(what) + " '" + Printable(name) +
                                               "' is unknown; there are " + known +
                                               DidYouMean(name, names));
}

}  // namespace

const std::vector<Architecture>& Architectures() {
  static const std::vector<Architecture> architectures = {kResNet, kEcapa, kDwNet, kCampPlus, kCnn};
  return architectures;
}

const std::vector<LossKind>& Losses() {
  static const std::vector<LossKind> losses = {kSoftmax, kAm, kAam};
  return losses;
}

const Architecture& FindArchitecture(const std::string& name) {
  return Find(Architectures(), name, "architecture");
}

const LossKind& FindLoss(const std::string& name) { return Find(Losses(), name, "loss"); }

ArchitectureOptions CompleteOptions(const Architecture& architecture,
                                    const ArchitectureOptions& given) {
  ArchitectureOptions options = architecture.default_options;
  for (const auto& [name, values] : given) {
    auto found = options.find(name);
    if (found == options.end()) {
      std::vector<std::string> names;
      for (const auto& [known, unused] : architecture.default_options) names.push_back(known);
      throw Error(ErrorCode::kInvalidArgument, "architecture " + std::string(architecture.name) +
                                                   " has no option '" + Printable(name) + "'" +
                                                   DidYouMean(name, names));
    }
    if (found->second.size() != values.size())
      throw Error(ErrorCode::kInvalidArgument,
                  "option '" + name + "' of architecture " + architecture.name + " takes " +
                      std::to_string(found->second.size()) + " numbers, found " +
                      std::to_string(values.size()));
    for (int value : values) {
      if (value < 0 || value > 4096)
        throw Error(ErrorCode::kInvalidArgument, "option '" + name + "' of architecture " +
                                                     architecture.name + " must be 0 to 4096");
    }
    found->second = values;
  }
  return options;
}

}  // namespace vpr
