#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json_reading.h"
#include "model/tensor_file.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr TensorFileFormat kFormat = {"\x89VPS\r\n\x1a\n", 1, 0, "speech detector"};

constexpr std::size_t kMostLayers = 32, kMostChannels = 512, kMostTaps = 64;

std::string Name(std::size_t layer, const char* what) { return Format("layer%zu.%s", layer, what); }

}  // namespace

void SaveSpeechNetwork(const std::string& path, const SpeechNetwork& network,
                       const std::string& description) {
  nlohmann::ordered_json header;
  header["threshold"] = network.threshold;
  header["layers"] = nlohmann::ordered_json::array();
  std::vector<Tensor> tensors;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const SpeechNetwork::Layer& layer = network.layers[l];
    header["layers"].push_back(
        {{"stride", layer.stride}, {"dilation", layer.dilation}, {"residual", layer.residual}});
    auto extent = [](std::size_t size) { return static_cast<std::int64_t>(size); };
    tensors.push_back({Name(l, "weight"),
                       {extent(layer.kernel), extent(layer.inputs), extent(layer.outputs)},
                       layer.weights});
    tensors.push_back({Name(l, "bias"), {extent(layer.outputs)}, layer.bias});
  }
  header["training"] = nlohmann::ordered_json::parse(description);
  WriteTensorFile(path, kFormat, std::move(header), tensors);
}

std::string SpeechNetworkDescription(const std::string& path) {
  const TensorFile file = ReadTensorFile(path, kFormat);
  const auto found = file.header.find("training");
  return found == file.header.end()
             ? "{}"
             : found->dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

SpeechNetwork LoadSpeechNetwork(const std::string& path) {
  TensorFile file = ReadTensorFile(path, kFormat);
  auto fail = [&](const std::string& what) {
    return CannotUse(path, kFormat, ErrorCode::kIncompatible, what);
  };
  SpeechNetwork network;
  network.fingerprint = file.fingerprint;
  try {
    file.header.at("threshold").get_to(network.threshold);
    for (const auto& entry : file.header.at("layers")) {
      SpeechNetwork::Layer& layer = network.layers.emplace_back();
      ReadWhole(entry, "stride", layer.stride);
      ReadWhole(entry, "dilation", layer.dilation);
      entry.at("residual").get_to(layer.residual);
    }
  } catch (const nlohmann::json::exception& error) {
    throw CannotUse(path, kFormat, ErrorCode::kCorrupt,
                    std::string("its description is not as expected: ") + JsonReason(error));
  }
  if (!(network.threshold > 0 && network.threshold < 1))
    throw fail(Format("its threshold is %g; expected a number between 0 and 1", network.threshold));
  if (network.layers.empty() || network.layers.size() > kMostLayers ||
      file.tensors.size() != 2 * network.layers.size())
    throw fail(Format("it has %zu layers and %zu tensors; expected 1 to %zu layers with two each",
                      network.layers.size(), file.tensors.size(), kMostLayers));
  std::size_t inputs = kSpeechBands, stride = 1;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    SpeechNetwork::Layer& layer = network.layers[l];
    Tensor &weights = file.tensors[2 * l], &bias = file.tensors[2 * l + 1];
    const bool last = l + 1 == network.layers.size();
    if (weights.shape.size() != 3 || bias.shape.size() != 1 || weights.shape[2] != bias.shape[0])
      throw fail(Format("layer %zu has no weights of three dimensions with a bias", l));
    layer.kernel = static_cast<std::size_t>(weights.shape[0]);
    layer.inputs = static_cast<std::size_t>(weights.shape[1]);
    layer.outputs = static_cast<std::size_t>(weights.shape[2]);
    if (layer.inputs != inputs || layer.outputs == 0 || layer.outputs > kMostChannels ||
        (last && layer.outputs != 1) || layer.kernel % 2 == 0 || layer.kernel > kMostTaps ||
        layer.stride == 0 || layer.stride > kSpeechStride || layer.dilation == 0 ||
        layer.dilation > kMostTaps ||
        (layer.residual && (layer.stride != 1 || layer.outputs != layer.inputs)))
      throw fail(Format("layer %zu is of a shape that cannot be used", l));
    for (const Tensor* tensor : {&weights, &bias})
      for (float value : tensor->data)
        if (!std::isfinite(value)) throw fail("a weight is not a number");
    layer.weights = std::move(weights.data);
    layer.bias = std::move(bias.data);
    inputs = layer.outputs;
    stride *= layer.stride;
  }
  if (stride != kSpeechStride)
    throw fail(Format("its strides multiply to %zu; expected %zu", stride, kSpeechStride));
  return network;
}

std::string FindSpeechModel() {
  if (const char* variable = std::getenv("VPR_SPEECH_MODEL");
      variable != nullptr && *variable != '\0') {
    if (IsRegularFile(variable)) return variable;
    throw Error(ErrorCode::kNotFound,
                "no speech detector found: $VPR_SPEECH_MODEL names '" + Printable(variable) +
                    "', which is no file; leave it unset for the one that came with vpr");
  }
  const std::string place = ResourcePath("share/vpr/models/speech.vpr");
  if (IsRegularFile(place)) return place;
  throw Error(ErrorCode::kNotFound, "no speech detector found: looked for " + Printable(place) +
                                        "; name one with $VPR_SPEECH_MODEL");
}

const SpeechNetwork& SpeechDetector::DefaultNetwork() {
  static const SpeechNetwork network = LoadSpeechNetwork(FindSpeechModel());
  return network;
}

}  // namespace vpr
