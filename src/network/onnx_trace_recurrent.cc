#include <algorithm>

#include "network/onnx_tracer.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Where ONNX has our gates, which are those of the input, of forgetting, of the new value and of
// the output: it has the output's second.
constexpr std::size_t kGates = 4, kPlaces[kGates] = {0, 2, 3, 1};

// Block `direction` of `directions`, of rows of `columns` values, its gates in our order.
std::vector<float> Reordered(const std::vector<float>& values, std::size_t begin,
                             std::size_t channels, std::size_t columns) {
  std::vector<float> ours;
  ours.reserve(kGates * channels * columns);
  for (std::size_t place : kPlaces) {
    const auto from =
        values.begin() + static_cast<std::ptrdiff_t>(begin + place * channels * columns);
    ours.insert(ours.end(), from, from + static_cast<std::ptrdiff_t>(channels * columns));
  }
  return ours;
}

}  // namespace

TracedValue OnnxTracer::OneFrame(TracedValue value, std::size_t axis, bool last) {
  if (IsStretched(value)) Refuse("works on means of segments, which is not understood");
  Parts channels = value.channels;
  channels.insert(channels.end(), value.bands.begin(), value.bands.end());
  value = Arranged(std::move(value), channels);
  value.node = Once(last ? Op::kLastFrame : Op::kFirstFrame, value.node, ChannelsOf(value.node));
  value.frames.clear();
  value.axes[axis].clear();
  return value;
}

// What is not as PyTorch's exporter writes it.
void OnnxTracer::CheckLstm() const {
  auto given = [&](const char* name) { return node_->attributes.contains(name); };
  if (given("activations")) {
    const std::vector<std::string>& names = node_->attributes.at("activations").texts;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != (i % 3 == 0 ? "Sigmoid" : "Tanh"))
        Refuse("has activations other than Sigmoid, Tanh, Tanh, which is not understood");
    }
  }
  if (given("clip") && NumberOf(*node_, "clip", 0) != 0)
    Refuse("limits its gates (clip), which is not understood");
  if (IntegerOf(*node_, "input_forget", 0) != 0)
    Refuse("couples its gates (input_forget), which is not understood");
  if (IntegerOf(*node_, "layout", 0) != 0)
    Refuse("has the recordings first (layout 1), which is not understood");
  if (Has(7)) Refuse("looks at its cells (peephole weights), which is not understood");
  for (std::size_t state : {5, 6}) {
    if (!Has(state)) continue;
    const OnnxTensor* known = KnownInput(state);
    const std::optional<double> number = known == nullptr ? std::nullopt : Uniform(*known);
    if (!number || *number != 0) Refuse("begins with a state that is not zero");
  }
}

std::size_t OnnxTracer::LstmOneWay(const TracedValue& value, std::size_t direction,
                                   std::size_t directions, bool backward, std::size_t channels) {
  const std::size_t inputs = ChannelsOf(value.node), gates = kGates * channels;
  const auto shape = [](std::initializer_list<std::size_t> sizes) {
    return Shape(sizes.begin(), sizes.end());
  };
  const OnnxTensor &weights = Weights(1), &recurrent = Weights(2);
  auto check = [&](const OnnxTensor& tensor, const char* name, const Shape& expected) {
    if (tensor.shape == expected) return;
    auto text = [](const Shape& sizes) {
      std::string list;
      for (std::int64_t size : sizes)
        list += (list.empty() ? "" : ", ") + Format("%lld", static_cast<long long>(size));
      return "[" + list + "]";
    };
    Refuse(std::string("has ") + name + " of shape " + text(tensor.shape) + ", expected " +
           text(expected));
  };
  check(weights, "weights W", shape({directions, gates, inputs}));
  check(recurrent, "weights R", shape({directions, gates, channels}));
  Node node;
  node.op = Op::kLstm;
  node.inputs = {value.node};
  node.channels = channels;
  node.backward = backward;
  node.weights = Reordered(weights.numbers, direction * gates * inputs, channels, inputs);
  node.recurrent = Reordered(recurrent.numbers, direction * gates * channels, channels, channels);
  node.bias.assign(gates, 0.0f);
  if (Has(3)) {
    const OnnxTensor& bias = Weights(3);
    check(bias, "a bias B", shape({directions, 2 * gates}));
    const std::vector<float> a = Reordered(bias.numbers, direction * 2 * gates, channels, 1),
                             b = Reordered(bias.numbers, direction * 2 * gates + gates, channels,
                                           1);
    for (std::size_t i = 0; i < gates; ++i) node.bias[i] = a[i] + b[i];
  }
  return Append(std::move(node));
}

// [frames, 1, inputs] to [frames, directions, 1, channels], and the last states [directions, 1,
// channels].
void OnnxTracer::Lstm() {
  const auto attribute = node_->attributes.find("direction");
  const std::string direction =
      attribute == node_->attributes.end() ? "forward" : attribute->second.text;
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    Refuse("goes '" + Printable(direction) + "'; expected forward, reverse or bidirectional");
  CheckLstm();
  const std::size_t directions = direction == "bidirectional" ? 2 : 1;
  const OnnxTensor& recurrent = Weights(2);
  const std::int64_t size =
      IntegerOf(*node_, "hidden_size", recurrent.shape.empty() ? 0 : recurrent.shape.back());
  if (size < 1 || size > static_cast<std::int64_t>(kMostExtent))
    Refuse(Format("has a hidden size of %lld; expected 1 to %zu", static_cast<long long>(size),
                  kMostExtent));
  const auto channels = static_cast<std::size_t>(size);
  TracedValue value = Settled(Whole(0));
  if (value.axes.size() != 3 || value.axes[0] != value.frames || !HasFrames(value) ||
      !value.axes[1].empty())
    Refuse("works on other than [frames, 1, channels], which is not understood");
  value = WithChannelsOf(std::move(value), 2);
  if (!value.bands.empty()) Refuse("works on bands, which is not understood");
  if (Has(4)) {
    const OnnxTensor* lengths = KnownInput(4);
    if (lengths == nullptr || !lengths->integer || lengths->integers != Shape{FramesOf(value)})
      Refuse("works on fewer frames than there are, which is not understood");
  }
  std::vector<std::size_t> ways, ends;
  for (std::size_t i = 0; i < directions; ++i) {
    const bool backward = direction == "reverse" || i == 1;
    ways.push_back(LstmOneWay(value, i, directions, backward, channels));
    ends.push_back(Once(backward ? Op::kFirstFrame : Op::kLastFrame, ways.back(), channels));
  }
  const Parts of_directions = table_.New(static_cast<std::int64_t>(directions)),
              of_channels = table_.New(size);
  TracedValue all = value, state;
  all.channels = of_directions;
  all.channels.insert(all.channels.end(), of_channels.begin(), of_channels.end());
  all.bands.clear();
  state.channels = all.channels;
  all.axes = {value.frames, of_directions, {}, of_channels};
  state.axes = {of_directions, {}, of_channels};
  all.node = directions == 1 ? ways[0] : Plain(Op::kConcat, ways, directions * channels);
  state.node = directions == 1 ? ends[0] : Plain(Op::kConcat, ends, directions * channels);
  Set(0, Value{nullptr, {std::move(all)}, 0});
  Set(1, Value{nullptr, {std::move(state)}, 0});
}

}  // namespace vpr
