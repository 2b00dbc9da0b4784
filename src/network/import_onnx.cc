#include "network/import_onnx.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/printable_name.h"
#include "model/feature_json.h"
#include "network/graph_json.h"
#include "network/onnx_reader.h"
#include "network/onnx_trace.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/front_end.h"

namespace vpr {
namespace {

// A network is read for two recordings of these lengths: what differs depends on the number of
// frames. Primes, since other dimensions are hardly ever such, and long enough for several
// segments.
constexpr std::int64_t kFrames[] = {311, 457};
constexpr std::int64_t kMostBands = 4096;

struct Framework {
  const char *name, *front_end;
};
// Names that published files give in "framework".
constexpr Framework kFrameworks[] = {{"wespeaker", "wespeaker"},
                                     {"3d-speaker", "3dspeaker"},
                                     {"nemo", "titanet"},
                                     {"speechbrain", "speechbrain"},
                                     {"resemblyzer", "resemblyzer"}};

std::string Metadata(const OnnxGraph& graph, const std::string& key) {
  const auto found = graph.metadata.find(key);
  return found == graph.metadata.end() ? std::string() : found->second;
}

Error Refusal(const std::string& what) { return Error(ErrorCode::kIncompatible, what); }

// An empty one: the features are ours, with the settings in the metadata.
std::string FrontEndOf(const OnnxGraph& graph, const ImportOptions& options) {
  if (!options.front_end.empty()) return options.front_end;
  const std::string framework = Metadata(graph, "framework");
  if (framework == "vpr") return Metadata(graph, "vpr.front_end");
  for (const Framework& one : kFrameworks) {
    if (framework == one.name) return one.front_end;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "it does not say what features it was trained on; give --front-end wespeaker, "
              "3dspeaker, titanet, speechbrain or resemblyzer");
}

// What our own exports say of their features.
void TakeOwnSettings(const OnnxGraph& graph, ModelInfo& info) {
  constexpr std::string_view kPrefix = "vpr.";
  const nlohmann::ordered_json expected = FeatureOptionsToJson(FeatureOptions());
  nlohmann::ordered_json features;
  try {
    for (const auto& [name, value] : expected.items()) {
      const std::string text = Metadata(graph, std::string(kPrefix) + name);
      features[name] =
          value.is_string() ? nlohmann::ordered_json(text) : nlohmann::ordered_json::parse(text);
    }
    info.features = FeatureOptionsFromJson(features);
    nlohmann::json::parse(Metadata(graph, "vpr.crop_seconds")).get_to(info.crop_seconds);
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::kCorrupt, "the settings of its features are damaged");
  }
}

OnnxInterface InterfaceOf(const OnnxGraph& graph, std::int64_t bands) {
  OnnxInterface interface;
  const OnnxInput* features = nullptr;
  for (const OnnxInput& input : graph.inputs) {
    if (input.integer && input.shape.size() <= 1) continue;  // the length
    if (input.integer || features != nullptr)
      throw Refusal(Format("it takes %zu inputs ('", graph.inputs.size()) +
                    PrintableName(graph.inputs[0].name) +
                    "' first); features alone are understood");
    features = &input;
  }
  if (features == nullptr) throw Refusal("it takes no features");
  const std::vector<std::int64_t>& shape = features->shape;
  const std::string name = "its input '" + PrintableName(features->name) + "'";
  const std::size_t rank = shape.size();
  if (rank != 3 && !(rank == 4 && shape[1] == 1))
    throw Refusal(name + Format(" has %zu dimensions; features [batch, frames, bands] are "
                                "understood, sound is not",
                                rank));
  if (shape[0] != 1 && shape[0] != -1)
    throw Refusal(name + Format(" takes %lld recordings at once; one, or any number, is understood",
                                static_cast<long long>(shape[0])));
  interface.rank = rank;
  // The bands are the dimension that is fixed.
  const std::size_t last = rank - 1, before = rank - 2;
  const bool nemo = Metadata(graph, "framework") == "nemo";
  const bool bands_first = shape[last] == -1 && (shape[before] == bands || nemo);
  interface.bands_axis = bands_first ? before : last;
  interface.frames_axis = bands_first ? last : before;
  if (shape[interface.frames_axis] != -1)
    throw Refusal(name + Format(" takes %lld frames and no other number; export it with a dynamic "
                                "axis for them",
                                static_cast<long long>(shape[interface.frames_axis])));
  interface.bands = shape[interface.bands_axis] == -1 ? bands : shape[interface.bands_axis];
  if (interface.bands < 2 || interface.bands > kMostBands)
    throw Refusal(name + Format(" takes %lld bands", static_cast<long long>(interface.bands)));
  // Of several results, the embeddings.
  for (const std::string& output : graph.outputs) {
    if (graph.outputs.size() == 1 || output.starts_with("emb")) interface.output = output;
  }
  if (interface.output.empty())
    throw Refusal(
        Format("it has %zu outputs, none of which is named emb...", graph.outputs.size()));
  return interface;
}

bool SameNode(const Node& a, const Node& b) {
  return a.op == b.op && a.inputs == b.inputs && a.channels == b.channels &&
         a.activation == b.activation && a.most == b.most && a.begin == b.begin &&
         a.segment == b.segment && a.variance_floor == b.variance_floor &&
         a.floor_is_least == b.floor_is_least && a.unbiased == b.unbiased &&
         a.kernel_bands == b.kernel_bands && a.kernel_frames == b.kernel_frames &&
         a.stride_bands == b.stride_bands && a.stride_frames == b.stride_frames &&
         a.pad_bands == b.pad_bands && a.pad_frames == b.pad_frames &&
         a.dilation_frames == b.dilation_frames && a.groups == b.groups && a.weights == b.weights &&
         a.bias == b.bias && a.scale == b.scale && a.recurrent == b.recurrent &&
         a.backward == b.backward;
}

void CheckNumbers(const TracedGraph& traced) {
  for (std::size_t n = 0; n < traced.graph.nodes.size(); ++n) {
    const Node& node = traced.graph.nodes[n];
    for (const std::vector<float>* weights :
         {&node.weights, &node.bias, &node.scale, &node.recurrent}) {
      if (!std::all_of(weights->begin(), weights->end(), [](float x) { return std::isfinite(x); }))
        throw Error(ErrorCode::kCorrupt,
                    traced.names[n] + " has weights that are infinite or not a number");
    }
  }
}

void CheckSame(const TracedGraph& a, const TracedGraph& b) {
  const std::vector<Node>&p = a.graph.nodes, &q = b.graph.nodes;
  for (std::size_t n = 0; n < std::min(p.size(), q.size()); ++n) {
    if (!SameNode(p[n], q[n]))
      throw Refusal(a.names[n] +
                    " depends on the number of frames in a way that is not understood");
  }
  if (p.size() != q.size())
    throw Refusal("it depends on the number of frames in a way that is not understood");
}

}  // namespace

Model ImportOnnx(std::string_view content, const ImportOptions& options) {
  const OnnxGraph onnx = ReadOnnx(content);
  Model model;
  model.info.front_end = FrontEndOf(onnx, options);
  std::int64_t bands = 0;
  if (model.info.is_imported()) {
    bands = MakeFrontEnd(model.info.front_end)->num_bins();
  } else {
    TakeOwnSettings(onnx, model.info);
    bands = model.info.features.n_mels;
  }
  const OnnxInterface interface = InterfaceOf(onnx, bands);
  TracedGraph traced = TraceOnnx(onnx, interface, kFrames[0]);
  CheckNumbers(traced);
  CheckSame(traced, TraceOnnx(onnx, interface, kFrames[1]));
  CheckGraph(traced.graph);
  model.info.features.n_mels = static_cast<int>(interface.bands);
  model.info.embedding_dim = static_cast<int>(traced.graph.nodes.back().channels);
  StoreGraph(std::move(traced.graph), model);
  return model;
}

}  // namespace vpr
