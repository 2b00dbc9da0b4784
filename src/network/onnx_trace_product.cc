#include <algorithm>
#include <cmath>

#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::vector<OnnxTracer::Extents> OnnxTracer::Window(std::size_t count,
                                                    const OnnxTensor* weights) const {
  const Shape kernel = IntegersOf(*node_, "kernel_shape"), strides = IntegersOf(*node_, "strides"),
              pads = IntegersOf(*node_, "pads"), dilations = IntegersOf(*node_, "dilations");
  const auto padding = node_->attributes.find("auto_pad");
  if (padding != node_->attributes.end() && padding->second.text != "NOTSET" &&
      padding->second.text != "VALID" && !padding->second.text.empty())
    Refuse("pads by itself (auto_pad), which is not understood");
  auto fits = [&](const Shape& list, std::size_t size) {
    return list.empty() || list.size() == size;
  };
  if (!fits(kernel, count) || !fits(strides, count) || !fits(pads, 2 * count) ||
      !fits(dilations, count) || (kernel.empty() && weights == nullptr))
    Refuse("has settings for another number of axes");
  std::vector<Extents> window(count);
  for (std::size_t i = 0; i < count; ++i) {
    Extents& one = window[i];
    if (weights != nullptr) one.kernel = weights->shape[2 + i];
    if (!kernel.empty() && weights != nullptr && kernel[i] != one.kernel)
      Refuse("has a kernel of another size than its weights");
    if (!kernel.empty()) one.kernel = kernel[i];
    if (!strides.empty()) one.stride = strides[i];
    if (!dilations.empty()) one.dilation = dilations[i];
    if (!pads.empty()) one.pad = pads[i];
    constexpr std::int64_t kMost = 4096;
    for (std::int64_t value : {one.kernel, one.stride, one.dilation}) {
      if (value < 1 || value > kMost) Refuse("has a kernel, stride or dilation out of range");
    }
    if (one.pad < 0 || one.pad > kMost) Refuse("has a padding out of range");
  }
  return window;
}

bool OnnxTracer::PadsAlike() const {
  const Shape pads = IntegersOf(*node_, "pads");
  for (std::size_t i = 0; i < pads.size() / 2; ++i) {
    if (pads[i] != pads[pads.size() / 2 + i]) return false;
  }
  return true;
}

void OnnxTracer::Conv() {
  const OnnxTensor& weights = Weights(1);
  if (weights.shape.size() < 3 || weights.shape.size() > 4)
    Refuse(Format("is a convolution over %zu axes; 1 and 2 are understood",
                  weights.shape.size() < 2 ? 0 : weights.shape.size() - 2));
  const std::vector<Extents> window = Window(weights.shape.size() - 2, &weights);
  if (!PadsAlike()) Refuse("pads one side more than the other, which is not understood");
  const std::int64_t groups = IntegerOf(*node_, "group", 1);
  const std::int64_t out = weights.shape[0];
  if (groups < 1 || out < 1 || out > static_cast<std::int64_t>(kMostExtent) || out % groups != 0)
    Refuse("has groups that do not fit");
  const OnnxTensor* bias = Has(2) ? &Weights(2) : nullptr;
  if (bias != nullptr && bias->numbers.size() != static_cast<std::size_t>(out))
    Refuse("has a bias of another size");
  // A sum of squares that is given to every channel.
  if (!Has(0)) Refuse("lacks its input 1");
  if (inputs_[0]->traced() && RoleOf(inputs_[0]->parts[0].node).kind == Role::kSumOfSquares &&
      Uniform(weights) == 1.0 && weights.numbers.size() == static_cast<std::size_t>(out) &&
      bias == nullptr) {
    TracedValue value = inputs_[0]->parts[0];
    value.axes[1] = table_.New(out, true);
    return Set(std::move(value));
  }
  if (inputs_[0]->known == nullptr && inputs_[0]->parts.size() > 1)
    return JoinedProduct(weights.numbers, out, bias);
  TracedValue value = Settled(Whole(0));
  if (value.axes.size() != weights.shape.size() || !value.axes[0].empty())
    Refuse("is a convolution of a value of another number of dimensions");
  value = WithChannelsOf(std::move(value), 1);
  if (weights.shape[1] * groups != static_cast<std::int64_t>(ChannelsOf(value.node)))
    Refuse(Format("takes %lld channels, its input has %zu",
                  static_cast<long long>(weights.shape[1] * groups), ChannelsOf(value.node)));
  Convolve(std::move(value), weights, window, groups, bias);
}

void OnnxTracer::Convolve(TracedValue value, const OnnxTensor& weights,
                          const std::vector<Extents>& window, std::int64_t groups,
                          const OnnxTensor* bias) {
  const bool two = window.size() == 2;
  // Which axis has the frames: the last, or the one before it.
  bool frames_first = false;
  if (two) {
    const Parts& first = value.axes[2];
    frames_first = HasFrames(value) && !first.empty() &&
                   std::find(first.begin(), first.end(), value.frames[0]) != first.end();
  }
  Extents frames = window.back(), bands;
  if (two) bands = window[0];
  if (frames_first) std::swap(frames, bands);
  const std::size_t frames_axis = value.axes.size() - (frames_first ? 2 : 1);
  const bool point = frames.kernel == 1 && frames.stride == 1 && frames.pad == 0;
  if (!point && value.axes[frames_axis] != value.frames)
    Refuse("is a convolution over values that are no frames, which is not understood");
  if (two && value.axes[frames_first ? 3 : 2] != value.bands)
    Refuse("is a convolution over axes in an order that is not understood");
  if (!two && !value.bands.empty())
    Refuse("is a convolution over axes in an order that is not understood");
  if (bands.dilation != 1 && bands.kernel != 1)
    Refuse("dilates its kernel along the bands, which is not understood");
  Node node;
  node.op = Op::kConv;
  node.inputs = {value.node};
  node.channels = static_cast<std::size_t>(weights.shape[0]);
  node.kernel_bands = static_cast<std::size_t>(bands.kernel);
  node.kernel_frames = static_cast<std::size_t>(frames.kernel);
  node.stride_bands = static_cast<std::size_t>(bands.stride);
  node.stride_frames = static_cast<std::size_t>(frames.stride);
  node.pad_bands = static_cast<std::size_t>(bands.pad);
  node.pad_frames = static_cast<std::size_t>(frames.pad);
  node.dilation_frames = frames.kernel == 1 ? 1 : static_cast<std::size_t>(frames.dilation);
  node.groups = static_cast<std::size_t>(groups);
  node.weights = weights.numbers;
  if (frames_first) {
    const std::size_t size = node.kernel_bands * node.kernel_frames;
    for (std::size_t i = 0; i < node.weights.size(); i += size)
      for (std::size_t b = 0; b < node.kernel_bands; ++b)
        for (std::size_t f = 0; f < node.kernel_frames; ++f)
          node.weights[i + b * node.kernel_frames + f] =
              weights.numbers[i + f * node.kernel_bands + b];
  }
  node.bias = bias != nullptr ? bias->numbers : std::vector<float>(node.channels, 0.0f);
  const std::size_t count_frames = FramesAfter(node, static_cast<std::size_t>(FramesOf(value)));
  const std::size_t count_bands = BandsAfter(
      node, static_cast<std::size_t>(table_.SizeOf(value.bands)), ChannelsOf(value.node));
  if (count_frames == 0 || count_bands == 0) Refuse("leaves no frames or bands");
  const auto channels = static_cast<std::int64_t>(node.channels);
  value.node = Append(std::move(node));
  value.channels = table_.New(channels);
  value.axes[1] = value.channels;
  if (two) {
    value.bands = table_.New(static_cast<std::int64_t>(count_bands));
    value.axes[frames_first ? 3 : 2] = value.bands;
  }
  if (!point) {
    value.frames = table_.New(static_cast<std::int64_t>(count_frames));
    value.axes[frames_axis] = value.frames;
  }
  Set(std::move(value));
}

void OnnxTracer::JoinedProduct(const std::vector<float>& weights, std::int64_t out,
                               const OnnxTensor* bias) {
  const Value& joined = *inputs_[0];
  std::size_t total = 0;
  for (const TracedValue& part : joined.parts) total += ChannelsOf(part.node);
  const auto rows = static_cast<std::size_t>(out);
  const std::vector<Extents> window =
      Window(joined.parts[0].axes.size() < 3 ? 0 : joined.parts[0].axes.size() - 2, &Weights(1));
  const bool point = std::all_of(window.begin(), window.end(), [](const Extents& one) {
    return one.kernel == 1 && one.stride == 1 && one.pad == 0;
  });
  if (joined.axis != 1 || weights.size() != rows * total || !point ||
      IntegerOf(*node_, "group", 1) != 1)
    Refuse("is a convolution of joined values in a way that is not understood");
  bool with = false;
  std::size_t begin = 0, node = kNone;
  TracedValue result;
  for (std::size_t i = 0; i < joined.parts.size(); ++i) {
    const TracedValue part = Settled(joined.parts[i]);
    const std::size_t columns = ChannelsOf(part.node);
    Node product;
    product.op = Op::kConv;
    product.inputs = {part.node};
    product.channels = rows;
    for (std::size_t r = 0; r < rows; ++r)
      product.weights.insert(
          product.weights.end(), weights.begin() + static_cast<std::ptrdiff_t>(r * total + begin),
          weights.begin() + static_cast<std::ptrdiff_t>(r * total + begin + columns));
    product.bias.assign(rows, 0.0f);
    if (i == 0 && bias != nullptr) product.bias = bias->numbers;
    begin += columns;
    const std::size_t made = Append(std::move(product));
    const bool frames = HasFrames(part);
    if (node == kNone) {
      node = made;
      with = frames;
      result = part;
      continue;
    }
    Node sum;
    sum.op = Op::kAdd;
    sum.channels = rows;
    sum.inputs = frames && !with ? std::vector<std::size_t>{made, node}
                                 : std::vector<std::size_t>{node, made};
    if (frames && !with) result = part;
    with = with || frames;
    node = Append(std::move(sum));
  }
  result.node = node;
  result.channels = table_.New(out);
  result.axes[1] = result.channels;
  Set(std::move(result));
}

void OnnxTracer::Linear(const std::vector<float>& weights, std::size_t in, std::size_t out,
                        std::vector<float> bias) {
  TracedValue value = Settled(Whole(0));
  if (value.axes.empty()) Refuse("works on a value of fewer dimensions");
  const std::size_t axis = value.axes.size() - 1;
  value = WithChannelsOf(std::move(value), axis);
  if (ChannelsOf(value.node) != in)
    Refuse(Format("takes %zu channels, its input has %zu", in, ChannelsOf(value.node)));
  Node node;
  node.op = Op::kConv;
  node.inputs = {value.node};
  node.channels = out;
  node.weights = weights;
  node.bias = std::move(bias);
  value.node = Append(std::move(node));
  value.channels = table_.New(static_cast<std::int64_t>(out));
  value.axes[axis] = value.channels;
  Set(std::move(value));
}

std::vector<float> OnnxTracer::TransposedWeights(const std::vector<float>& from, std::size_t rows,
                                                 std::size_t columns) {
  std::vector<float> to(from.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  return to;
}

void OnnxTracer::Gemm() {
  const OnnxTensor& weights = Weights(1);
  if (weights.shape.size() != 2 || IntegerOf(*node_, "transA", 0) != 0)
    Refuse("is a product of matrices that is not understood");
  const bool transposed = IntegerOf(*node_, "transB", 0) != 0;
  const auto rows = static_cast<std::size_t>(weights.shape[0]),
             columns = static_cast<std::size_t>(weights.shape[1]);
  const std::size_t out = transposed ? rows : columns, in = transposed ? columns : rows;
  std::vector<float> matrix =
      transposed ? weights.numbers : TransposedWeights(weights.numbers, rows, columns);
  const float alpha = NumberOf(*node_, "alpha", 1), beta = NumberOf(*node_, "beta", 1);
  for (float& value : matrix) value *= alpha;
  std::vector<float> bias(out, 0.0f);
  if (Has(2)) {
    const OnnxTensor& own = Weights(2);
    if (own.numbers.size() != out && own.numbers.size() != 1) Refuse("has a bias of another size");
    for (std::size_t i = 0; i < out; ++i)
      bias[i] = beta * own.numbers[own.numbers.size() == 1 ? 0 : i];
  }
  Linear(matrix, in, out, std::move(bias));
}

void OnnxTracer::MatMul() {
  const OnnxTensor& weights = Weights(1);
  if (weights.shape.size() != 2) Refuse("is a product of matrices that is not understood");
  const auto rows = static_cast<std::size_t>(weights.shape[0]),
             columns = static_cast<std::size_t>(weights.shape[1]);
  Linear(TransposedWeights(weights.numbers, rows, columns), rows, columns,
         std::vector<float>(columns, 0.0f));
}

void OnnxTracer::AveragePool() {
  TracedValue value = WithChannelsOf(Whole(0), 1);
  if (value.axes.size() < 3) Refuse("works on a value of fewer dimensions");
  const std::vector<Extents> window = Window(value.axes.size() - 2, nullptr);
  for (std::size_t i = 0; i + 1 < window.size(); ++i) {
    if (window[i].kernel != 1 || window[i].stride != 1 || window[i].pad != 0)
      Refuse("takes means over bands, which is not understood");
  }
  const Extents& frames = window.back();
  const bool ceiling = IntegerOf(*node_, "ceil_mode", 0) != 0;
  const Shape pads = IntegersOf(*node_, "pads");
  const bool padded = !pads.empty() && pads.back() == frames.kernel - 1 && frames.pad == 0 &&
                      frames.kernel > 1 && IntegerOf(*node_, "count_include_pad", 0) != 0;
  const bool plain = pads.empty() || std::count(pads.begin(), pads.end(), 0) ==
                                         static_cast<std::ptrdiff_t>(pads.size());
  if (frames.kernel != frames.stride || value.axes.back() != value.frames || !HasFrames(value) ||
      !value.bands.empty() || !(padded || (plain && ceiling)))
    Refuse("takes means of windows other than whole segments with the rest at the end");
  const std::int64_t before = FramesOf(value);
  value.node = Plain(Op::kSegmentMean, {value.node}, ChannelsOf(value.node));
  graph_.nodes[value.node].segment = static_cast<std::size_t>(frames.kernel);
  value.frames = table_.New((before + frames.kernel - 1) / frames.kernel);
  value.axes.back() = value.frames;
  if (padded) {
    value.padded_segment = static_cast<std::size_t>(frames.kernel);
    value.padded_frames = before;
  }
  Set(std::move(value));
}

void OnnxTracer::MaxPool() {
  TracedValue value = WithChannelsOf(Whole(0), 1);
  const std::vector<Extents> window = Window(2, nullptr);
  for (const Extents& one : window) {
    if (one.kernel != 2 || one.stride != 2 || one.pad != 0 || one.dilation != 1)
      Refuse("takes the greatest of windows other than 2 x 2");
  }
  if (value.axes.size() != 4 || !PadsAlike() || IntegerOf(*node_, "ceil_mode", 0) != 0 ||
      value.axes[2] != value.bands || value.axes[3] != value.frames || value.scale < 0)
    Refuse("takes the greatest of windows in a way that is not understood");
  const std::int64_t bands = table_.SizeOf(value.bands) / 2, frames = FramesOf(value) / 2;
  if (bands == 0 || frames == 0) Refuse("leaves no frames or bands");
  value.node = Plain(Op::kMaxPool, {value.node}, ChannelsOf(value.node));
  value.bands = table_.New(bands);
  value.frames = table_.New(frames);
  value.axes[2] = value.bands;
  value.axes[3] = value.frames;
  Set(std::move(value));
}

void OnnxTracer::Pad() {
  TracedValue value = Whole(0);
  Shape pads = IntegersOf(*node_, "pads");
  if (pads.empty() && KnownInput(1) != nullptr && KnownInput(1)->integer)
    pads = KnownInput(1)->integers;
  const std::size_t rank = value.axes.size();
  if (pads.size() != 2 * rank || Has(3)) Refuse("pads in a way that is not understood");
  const auto mode = node_->attributes.find("mode");
  const bool reflect = mode != node_->attributes.end() && mode->second.text == "reflect";
  std::int64_t pad = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    if (pads[i] == 0 && pads[rank + i] == 0) continue;
    if (!reflect || pads[i] != pads[rank + i] || value.axes[i] != value.frames || pads[i] < 0 ||
        pads[i] >= FramesOf(value))
      Refuse("pads other than frames by reflection, alike on both sides, which is not understood");
    pad = pads[i];
  }
  if (pad == 0) return Set(std::move(value));
  const auto axis = std::find(value.axes.begin(), value.axes.end(), value.frames);
  Node node;
  node.op = Op::kReflect;
  node.inputs = {value.node};
  node.channels = ChannelsOf(value.node);
  node.pad_frames = static_cast<std::size_t>(pad);
  const std::int64_t frames = FramesOf(value) + 2 * pad;
  value.node = Append(std::move(node));
  value.frames = table_.New(frames);
  *axis = value.frames;
  Set(std::move(value));
}

}  // namespace vpr
