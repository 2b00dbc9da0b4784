#include "onednn/lstm.h"

#include <algorithm>

namespace vpr {
namespace {

// Frames whose gates are computed at once, as far as they depend on the input: enough for a product
// of matrices.
constexpr std::size_t kFramesAtOnce = 64;

Node GatesOf(std::size_t channels, const std::vector<float>& weights, std::vector<float> bias) {
  Node node;
  node.op = Node::Op::kConv;
  node.channels = channels;
  node.weights = weights;
  node.bias = std::move(bias);
  return node;
}

}  // namespace

Lstm::Lstm(const Node& node, std::size_t inputs, const Operations& operations)
    : operations_(&operations),
      channels_(node.channels),
      backward_(node.backward),
      of_frames_(GatesOf(4 * channels_, node.weights, node.bias)),
      of_state_(GatesOf(4 * channels_, node.recurrent, std::vector<float>(4 * channels_, 0.0f))),
      frames_(of_frames_, 1, inputs, nullptr, operations),
      state_(of_state_, 1, channels_, nullptr, operations) {
  std::vector<float>().swap(of_frames_.weights);
  std::vector<float>().swap(of_state_.weights);
}

std::size_t Lstm::Scratch() const {
  const Shape any;
  return 4 * channels_ * kFramesAtOnce + channels_ +
         std::max(frames_.Scratch(of_frames_, any, any), state_.Scratch(of_state_, any, any));
}

void Lstm::Run(const View& x, const View& y, float* scratch) const {
  const std::size_t row = 4 * channels_;
  float *gates = scratch, *cell = gates + row * kFramesAtOnce, *rest = cell + channels_;
  const float* before = nullptr;
  std::fill_n(cell, channels_, 0.0f);
  for (std::size_t done = 0; done < x.valid; done += kFramesAtOnce) {
    const std::size_t count = std::min(kFramesAtOnce, x.valid - done),
                      begin = backward_ ? x.valid - done - count : done;
    frames_.Run(of_frames_,
                {x.data + begin * x.shape.channels, {1, count, x.shape.channels}, count},
                {gates, {1, count, row}, count}, false, rest);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = backward_ ? count - 1 - i : i;
      float* to = y.data + (begin + at) * channels_;
      if (before != nullptr)
        state_.Run(of_state_, {const_cast<float*>(before), {1, 1, channels_}, 1},
                   {gates + at * row, {1, 1, row}, 1}, true, rest);
      operations_->lstm(gates + at * row, channels_, cell, to);
      before = to;
    }
  }
}

}  // namespace vpr
