#include "vpr/network/architecture.h"

#include <algorithm>

#include "network/architectures.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::vector<Architecture>& Known() {
  static std::vector<Architecture> known = {kResNet, kEcapa, kDwNet,          kCampPlus,
                                            kCnn,    kGe2e,  kEfficientNetB0, kEfficientNetSmall};
  return known;
}

}  // namespace

const std::vector<Architecture>& Architectures() { return Known(); }

void AddArchitecture(const Architecture& architecture) { Known().push_back(architecture); }

const Architecture& FindArchitecture(const std::string& name) {
  std::string known;
  std::vector<std::string> names;
  for (const Architecture& architecture : Known()) {
    if (name == architecture.name) return architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
    names.emplace_back(architecture.name);
  }
  throw Error(ErrorCode::kInvalidArgument, "architecture '" + Printable(name) +
                                               "' is unknown; there are " + known +
                                               DidYouMean(name, names));
}

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

Description Describe(const ModelInfo& info) {
  for (const Architecture& architecture : Known()) {
    if (info.architecture != architecture.name) continue;
    GraphBuilder builder(info);
    const GraphBuilder::Value output = architecture.describe(builder, info);
    return builder.Finish(output);
  }
  throw Error(ErrorCode::kIncompatible,
              "architecture '" + Printable(info.architecture) + "' is unknown");
}

}  // namespace vpr
