#include "vpr/network/graph.h"

#include "network/graph_builder.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

struct Architecture {
  const char* name;
  GraphBuilder::Value (*build)(GraphBuilder&, const ModelInfo&);
};

constexpr Architecture kArchitectures[] = {
    {"resnet", BuildResNet}, {"ecapa", BuildEcapa}, {"cnn", BuildCnn}};

const Architecture* Find(const std::string& name) {
  for (const Architecture& architecture : kArchitectures) {
    if (name == architecture.name) return &architecture;
  }
  return nullptr;
}

}  // namespace

bool HasGraph(const ModelInfo& info) { return Find(info.architecture) != nullptr; }

Graph BuildGraph(const Model& model) try {
  const Architecture* architecture = Find(model.info.architecture);
  if (architecture == nullptr)
    throw Error(ErrorCode::kIncompatible,
                "architecture '" + Printable(model.info.architecture) + "' is unknown");
  GraphBuilder builder(model);
  const GraphBuilder::Value output = architecture->build(builder, model.info);
  return builder.Finish(output);
} catch (const Error& error) {
  throw Error(ErrorCode::kIncompatible, std::string("cannot use this model: ") + error.what());
}

}  // namespace vpr
