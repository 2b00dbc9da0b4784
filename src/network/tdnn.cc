// src/torch/tdnn.cc as a graph.
#include "vpr/network/tdnn.h"

#include "network/fold.h"
#include "network/graph_builder.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Value = GraphBuilder::Value;

constexpr std::size_t kFrontKernel = 5, kFrontStride = 2;
constexpr int kMostChannels = 4096, kMostKernel = 63, kMostDilation = 64;
constexpr std::size_t kMostLayers = 64;

}  // namespace

void TdnnShape::Validate() const {
  auto check = [](const char* name, int value, int lowest, int highest) {
    if (value < lowest || value > highest)
      throw Error(ErrorCode::kInvalidArgument, Format("%s of the network is %d; expected %d to %d",
                                                      name, value, lowest, highest));
  };
  check("inputs", inputs, 1, kMostChannels);
  check("outputs", outputs, 2, 200'000);
  check("channels", channels, 1, kMostChannels);
  check("kernel", kernel, 1, kMostKernel);
  if (kernel % 2 == 0)
    throw Error(ErrorCode::kInvalidArgument, Format("kernel %d is not odd", kernel));
  if (dilations.size() > kMostLayers)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%zu dilations; expected at most %zu", dilations.size(), kMostLayers));
  for (int dilation : dilations) check("dilation", dilation, 1, kMostDilation);
}

std::size_t TdnnFrames(std::size_t frames) { return (frames + kFrontStride - 1) / kFrontStride; }

Graph BuildTdnn(const TdnnShape& shape, std::vector<Tensor> tensors) {
  shape.Validate();
  ModelInfo info;
  info.architecture = "tdnn";
  info.features.n_mels = shape.inputs;
  info.embedding_dim = shape.outputs;
  std::map<std::string, Tensor*> by_name;
  for (Tensor& tensor : tensors) by_name[tensor.name] = &tensor;
  GraphBuilder builder(info);
  const auto channels = static_cast<std::size_t>(shape.channels),
             kernel = static_cast<std::size_t>(shape.kernel);
  Value x = builder.Norm("bands", builder.Input());
  GraphBuilder::Conv front{"front.conv", channels, 1, false};
  front.shape.kernel_frames = kFrontKernel;
  front.shape.stride_frames = kFrontStride;
  front.shape.pad_frames = kFrontKernel / 2;
  front.activation = Activation::kRelu;
  front.norm = "front.norm";
  x = builder.Apply(front, x);
  for (std::size_t i = 0; i < shape.dilations.size(); ++i) {
    const std::string name = "layers." + std::to_string(i);
    GraphBuilder::Conv layer{name + ".conv", channels, 1, false};
    layer.shape.kernel_frames = kernel;
    layer.shape.dilation_frames = static_cast<std::size_t>(shape.dilations[i]);
    layer.shape.pad_frames = kernel / 2 * layer.shape.dilation_frames;
    layer.activation = Activation::kRelu;
    layer.norm = name + ".norm";
    x = builder.Apply(layer, x, x);
  }
  return Fold(
      builder.Finish(builder.Apply({"output", static_cast<std::size_t>(shape.outputs), 1}, x)),
      std::move(by_name));
}

}  // namespace vpr
