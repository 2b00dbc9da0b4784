#include "network/onnx_fold.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/printable_name.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Shape = std::vector<std::int64_t>;
using Inputs = std::vector<const OnnxTensor*>;

constexpr std::size_t kMostAtOnce = std::size_t{1} << 25, kMostDimensions = 8;

Error Refusal(const OnnxNode& node, const std::string& what) {
  return Error(ErrorCode::kIncompatible, NameOf(node) + " " + what);
}

const OnnxTensor& Need(const OnnxNode& node, const Inputs& inputs, std::size_t i) {
  if (i >= inputs.size() || inputs[i] == nullptr)
    throw Refusal(node, Format("lacks its input %zu", i + 1));
  return *inputs[i];
}

const Shape& NeedIntegers(const OnnxNode& node, const Inputs& inputs, std::size_t i) {
  const OnnxTensor& tensor = Need(node, inputs, i);
  if (!tensor.integer) throw Refusal(node, Format("takes integers as its input %zu", i + 1));
  return tensor.integers;
}

double At(const OnnxTensor& tensor, std::size_t i) {
  return tensor.integer ? static_cast<double>(tensor.integers[i])
                        : static_cast<double>(tensor.numbers[i]);
}

// How far apart the values of each axis lie.
Shape StridesOf(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// For each place of `shape` in order, the sum of its indices times `strides`, plus `start`.
template <typename Visit>
void EachPlace(const Shape& shape, const Shape& strides, std::int64_t start, Visit visit) {
  for (std::int64_t extent : shape) {
    if (extent == 0) return;
  }
  Shape index(shape.size(), 0);
  std::int64_t at = start;
  for (std::size_t i = 0;; ++i) {
    visit(i, static_cast<std::size_t>(at));
    std::size_t axis = shape.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

// The strides of a tensor seen as one of the greater shape, 0 along axes where it is repeated.
Shape BroadcastStrides(const Shape& from, const Shape& to) {
  const Shape own = StridesOf(from);
  Shape strides(to.size(), 0);
  const std::size_t ahead = to.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) strides[ahead + i] = from[i] == 1 ? 0 : own[i];
  return strides;
}

void Resize(OnnxTensor& tensor, std::size_t count) {
  if (tensor.integer) {
    tensor.integers.resize(count);
  } else {
    tensor.numbers.resize(count);
  }
}

void Copy(const OnnxTensor& from, std::size_t i, OnnxTensor& to, std::size_t k) {
  if (to.integer) {
    to.integers[k] = from.integers[i];
  } else {
    to.numbers[k] = from.numbers[i];
  }
}

std::int64_t Rounded(double value) {
  constexpr double kMost = 9e18;
  if (!(value > -kMost && value < kMost)) return value > 0 ? std::int64_t{9} << 59 : 0;
  return static_cast<std::int64_t>(value);
}

enum class Result { kSame, kTruth };

struct Binary {
  const char* type;
  Result result;
  double (*compute)(double a, double b, bool integer);
};

double Quotient(double a, double b, bool integer) {
  if (!integer) return a / b;
  return b == 0 ? 0 : std::trunc(a / b);
}

constexpr Binary kBinaries[] = {
    {"Add", Result::kSame, [](double a, double b, bool) { return a + b; }},
    {"Sub", Result::kSame, [](double a, double b, bool) { return a - b; }},
    {"Mul", Result::kSame, [](double a, double b, bool) { return a * b; }},
    {"Div", Result::kSame, Quotient},
    {"Mod", Result::kSame,
     [](double a, double b, bool) { return b == 0 ? 0 : a - b * std::floor(a / b); }},
    {"Pow", Result::kSame, [](double a, double b, bool) { return std::pow(a, b); }},
    {"Min", Result::kSame, [](double a, double b, bool) { return std::min(a, b); }},
    {"Max", Result::kSame, [](double a, double b, bool) { return std::max(a, b); }},
    {"Equal", Result::kTruth, [](double a, double b, bool) { return a == b ? 1.0 : 0.0; }},
    {"Less", Result::kTruth, [](double a, double b, bool) { return a < b ? 1.0 : 0.0; }},
    {"LessOrEqual", Result::kTruth, [](double a, double b, bool) { return a <= b ? 1.0 : 0.0; }},
    {"Greater", Result::kTruth, [](double a, double b, bool) { return a > b ? 1.0 : 0.0; }},
    {"GreaterOrEqual", Result::kTruth, [](double a, double b, bool) { return a >= b ? 1.0 : 0.0; }},
    {"And", Result::kTruth, [](double a, double b, bool) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
    {"Or", Result::kTruth, [](double a, double b, bool) { return a != 0 || b != 0 ? 1.0 : 0.0; }}};

struct Unary {
  const char* type;
  double (*compute)(double a);
};

constexpr Unary kUnaries[] = {{"Identity", [](double a) { return a; }},
                              {"Not", [](double a) { return a == 0 ? 1.0 : 0.0; }},
                              {"Neg", [](double a) { return -a; }},
                              {"Abs", [](double a) { return std::abs(a); }},
                              {"Sqrt", [](double a) { return std::sqrt(a); }},
                              {"Exp", [](double a) { return std::exp(a); }},
                              {"Log", [](double a) { return std::log(a); }},
                              {"Floor", [](double a) { return std::floor(a); }},
                              {"Ceil", [](double a) { return std::ceil(a); }},
                              {"Relu", [](double a) { return std::max(a, 0.0); }},
                              {"Reciprocal", [](double a) { return 1 / a; }}};

struct Reduction {
  const char* type;
  double start;
  double (*step)(double sum, double value);
};

constexpr Reduction kReductions[] = {
    {"ReduceSum", 0, [](double sum, double value) { return sum + value; }},
    {"ReduceMean", 0, [](double sum, double value) { return sum + value; }},
    {"ReduceProd", 1, [](double sum, double value) { return sum * value; }},
    {"ReduceMax", -std::numeric_limits<double>::infinity(),
     [](double sum, double value) { return std::max(sum, value); }},
    {"ReduceMin", std::numeric_limits<double>::infinity(),
     [](double sum, double value) { return std::min(sum, value); }}};

template <typename Entry, std::size_t kCount>
const Entry* Find(const Entry (&entries)[kCount], const std::string& type) {
  for (const Entry& entry : entries) {
    if (type == entry.type) return &entry;
  }
  return nullptr;
}

OnnxTensor Reduce(const OnnxNode& node, const Reduction& reduction, const Inputs& inputs) {
  const OnnxTensor& x = Need(node, inputs, 0);
  std::vector<bool> reduced(x.shape.size(), false);
  const std::vector<std::int64_t> axes = AxesOf(node, inputs);
  for (std::int64_t axis : axes) reduced[AxisOf(node, axis, x.shape.size())] = true;
  if (axes.empty()) {
    if (IntegerOf(node, "noop_with_empty_axes", 0) != 0) return x;
    reduced.assign(x.shape.size(), true);
  }
  const bool keep = IntegerOf(node, "keepdims", 1) != 0;
  OnnxTensor y;
  y.integer = x.integer;
  Shape kept;
  std::size_t each = 1;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    kept.push_back(reduced[i] ? 1 : x.shape[i]);
    if (reduced[i]) each *= static_cast<std::size_t>(x.shape[i]);
    if (!reduced[i] || keep) y.shape.push_back(kept.back());
  }
  std::vector<double> sums(CountOf(kept, kMostAtOnce), reduction.start);
  EachPlace(x.shape, BroadcastStrides(kept, x.shape), 0,
            [&](std::size_t i, std::size_t to) { sums[to] = reduction.step(sums[to], At(x, i)); });
  Resize(y, sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double value = node.type == "ReduceMean"
                             ? sums[i] / static_cast<double>(std::max<std::size_t>(each, 1))
                             : sums[i];
    if (y.integer) {
      y.integers[i] = Rounded(value);
    } else {
      y.numbers[i] = static_cast<float>(value);
    }
  }
  return y;
}

// Of [1, channels, rows, columns], with windows that do not overlap along the columns: what our own
// writer makes of segments.
std::optional<OnnxTensor> AveragePool(const OnnxNode& node, const OnnxTensor& x) {
  const Shape kernel = IntegersOf(node, "kernel_shape"), strides = IntegersOf(node, "strides"),
              pads = IntegersOf(node, "pads");
  if (x.integer || x.shape.size() != 4 || kernel.size() != 2 || kernel != strides ||
      kernel[0] != 1 || kernel[1] < 1 || kernel[1] > 1 << 20 ||
      pads != Shape{0, 0, 0, kernel[1] - 1} || IntegerOf(node, "count_include_pad", 0) == 0)
    return std::nullopt;
  OnnxTensor y;
  y.shape = x.shape;
  const std::int64_t frames = x.shape[3];
  y.shape[3] = (frames + kernel[1] - 1) / kernel[1];
  const std::size_t rows = frames == 0 ? 0 : x.numbers.size() / static_cast<std::size_t>(frames);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::int64_t begin = 0; begin < frames; begin += kernel[1]) {
      double sum = 0;
      for (std::int64_t t = begin; t < std::min(frames, begin + kernel[1]); ++t)
        sum += static_cast<double>(
            x.numbers[row * static_cast<std::size_t>(frames) + static_cast<std::size_t>(t)]);
      y.numbers.push_back(static_cast<float>(sum / static_cast<double>(kernel[1])));
    }
  }
  return y;
}

}  // namespace

std::string NameOf(const OnnxNode& node) {
  return PrintableName(node.type) + " '" + PrintableName(node.name) + "'";
}

std::int64_t IntegerOf(const OnnxNode& node, const char* name, std::int64_t otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.integer;
}

float NumberOf(const OnnxNode& node, const char* name, float otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.number;
}

std::vector<std::int64_t> IntegersOf(const OnnxNode& node, const char* name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? Shape{} : found->second.integers;
}

std::size_t AxisOf(const OnnxNode& node, std::int64_t axis, std::size_t rank) {
  const auto extent = static_cast<std::int64_t>(rank);
  if (axis < -extent || axis >= extent)
    throw Refusal(node, Format("works along axis %lld of a value that has %zu",
                               static_cast<long long>(axis), rank));
  return static_cast<std::size_t>(axis < 0 ? axis + extent : axis);
}

std::vector<std::int64_t> AxesOf(const OnnxNode& node, const Inputs& inputs) {
  if (node.attributes.contains("axes")) return IntegersOf(node, "axes");
  if (inputs.size() < 2 || inputs[1] == nullptr) return {};
  return NeedIntegers(node, inputs, 1);
}

Shape BroadcastShape(const OnnxNode& node, const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = result[longer.size() - shorter.size() + i];
    if (extent == 1) {
      extent = shorter[i];
    } else if (shorter[i] != 1 && shorter[i] != extent) {
      throw Refusal(node, "has inputs whose shapes do not go together");
    }
  }
  return result;
}

Shape ShapeAfter(const OnnxNode& node, const Shape& shape, const Inputs& inputs) {
  if (node.type == "Flatten") {
    std::int64_t axis = IntegerOf(node, "axis", 1);
    if (axis != static_cast<std::int64_t>(shape.size()))
      axis = static_cast<std::int64_t>(AxisOf(node, axis, shape.size()));
    const auto middle = shape.begin() + axis;
    return {static_cast<std::int64_t>(CountOf({shape.begin(), middle}, kMostAtOnce)),
            static_cast<std::int64_t>(CountOf({middle, shape.end()}, kMostAtOnce))};
  }
  if (node.type == "Squeeze") {
    const Shape axes = AxesOf(node, inputs);
    std::vector<bool> gone(shape.size(), false);
    for (std::int64_t axis : axes) gone[AxisOf(node, axis, shape.size())] = true;
    Shape result;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (gone[i] && shape[i] != 1)
        throw Refusal(node, Format("takes away axis %zu, which has %lld values", i,
                                   static_cast<long long>(shape[i])));
      if (axes.empty() ? shape[i] != 1 : !gone[i]) result.push_back(shape[i]);
    }
    return result;
  }
  if (node.type == "Unsqueeze") {
    const Shape axes = AxesOf(node, inputs);
    const std::size_t rank = shape.size() + axes.size();
    if (axes.empty() || rank > kMostDimensions) throw Refusal(node, "has no axes, or too many");
    std::vector<bool> added(rank, false);
    for (std::int64_t axis : axes) added[AxisOf(node, axis, rank)] = true;
    if (static_cast<std::size_t>(std::count(added.begin(), added.end(), true)) != axes.size())
      throw Refusal(node, "names an axis twice");
    Shape result;
    std::size_t from = 0;
    for (std::size_t i = 0; i < rank; ++i) result.push_back(added[i] ? 1 : shape[from++]);
    return result;
  }
  Shape result = NeedIntegers(node, inputs, 1);
  if (result.size() > kMostDimensions) throw Refusal(node, "makes too many dimensions");
  const std::size_t count = CountOf(shape, std::numeric_limits<std::size_t>::max() / 2);
  std::size_t known = 1;
  std::int64_t* rest = nullptr;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && IntegerOf(node, "allowzero", 0) == 0) {
      if (i >= shape.size()) throw Refusal(node, "keeps an axis that is not there");
      result[i] = shape[i];
    }
    if (result[i] == -1) {
      if (rest != nullptr) throw Refusal(node, "leaves two dimensions open");
      rest = &result[i];
    } else {
      known = CountOf({static_cast<std::int64_t>(known), result[i]},
                      std::numeric_limits<std::int64_t>::max());
    }
  }
  if (rest != nullptr && known > 0) *rest = static_cast<std::int64_t>(count / known);
  if (rest != nullptr && known == 0) throw Refusal(node, "makes an empty value");
  if (CountOf(result, std::numeric_limits<std::int64_t>::max()) != count)
    throw Refusal(node, "makes a shape of another number of values");
  return result;
}

std::vector<KeptRange> RangesOf(const OnnxNode& node, const Shape& shape, const Inputs& inputs) {
  Shape begins, ends, axes, steps;
  if (node.attributes.contains("starts")) {
    begins = IntegersOf(node, "starts");
    ends = IntegersOf(node, "ends");
    axes = IntegersOf(node, "axes");
  } else {
    begins = NeedIntegers(node, inputs, 1);
    ends = NeedIntegers(node, inputs, 2);
    if (inputs.size() > 3 && inputs[3] != nullptr) axes = NeedIntegers(node, inputs, 3);
    if (inputs.size() > 4 && inputs[4] != nullptr) steps = NeedIntegers(node, inputs, 4);
  }
  if (axes.empty()) {
    for (std::size_t i = 0; i < begins.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (begins.size() != ends.size() || axes.size() != begins.size() ||
      (!steps.empty() && steps.size() != begins.size()))
    throw Refusal(node, "has begins, ends, axes and steps of different numbers");
  std::vector<KeptRange> ranges;
  for (std::int64_t extent : shape) ranges.push_back({0, extent});
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = AxisOf(node, axes[i], shape.size());
    const std::int64_t extent = shape[axis];
    // -1 with everything turns an axis round, which shape arithmetic for Pad does.
    if (!steps.empty() && steps[i] == -1) {
      ranges[axis] = {-1, extent};
      continue;
    }
    if (!steps.empty() && steps[i] != 1) throw Refusal(node, "takes steps other than 1");
    auto within = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? (at < -extent ? 0 : at + extent) : at, 0, extent);
    };
    const std::int64_t begin = within(begins[i]), end = within(ends[i]);
    ranges[axis] = {begin, std::max<std::int64_t>(end - begin, 0)};
  }
  return ranges;
}

std::vector<std::int64_t> PartsOfSplit(const OnnxNode& node, std::int64_t extent,
                                       const Inputs& inputs) {
  Shape parts = IntegersOf(node, "split");
  if (parts.empty() && inputs.size() > 1 && inputs[1] != nullptr)
    parts = NeedIntegers(node, inputs, 1);
  const auto count = static_cast<std::int64_t>(node.outputs.size());
  if (parts.empty()) {
    const std::int64_t each = (extent + count - 1) / count;
    for (std::int64_t i = 0; i < count; ++i)
      parts.push_back(std::clamp<std::int64_t>(extent - i * each, 0, each));
  }
  std::int64_t left = extent;
  for (std::int64_t part : parts) {
    if (part < 1 || part > left) throw Refusal(node, "has parts that do not fit");
    left -= part;
  }
  if (left != 0 || parts.size() != node.outputs.size())
    throw Refusal(node, "has parts that do not fit");
  return parts;
}

std::size_t OnnxFolder::Reserve(const OnnxNode& node, const Shape& shape) {
  if (shape.size() > kMostDimensions) throw Refusal(node, "makes too many dimensions");
  std::size_t count = 0;
  try {
    count = CountOf(shape, kMostAtOnce);
  } catch (const Error&) {
    throw Refusal(node, "makes more values than any network needs");
  }
  if (count > left_) throw Refusal(node, "makes more values than any network needs");
  left_ -= count;
  return count;
}

std::optional<std::vector<OnnxTensor>> OnnxFolder::Fold(const OnnxNode& node,
                                                        const Inputs& inputs) {
  const std::string& type = node.type;
  auto one = [](OnnxTensor tensor) {
    std::vector<OnnxTensor> list;
    list.push_back(std::move(tensor));
    return list;
  };
  auto input = [&](std::size_t i) -> const OnnxTensor& { return Need(node, inputs, i); };
  OnnxTensor y;
  if (type == "Constant") {
    for (const auto& [name, attribute] : node.attributes) {
      if (name == "value" && attribute.tensor) return one(*attribute.tensor);
      if (name == "value_int") {
        y.integer = true;
        y.integers = {attribute.integer};
        return one(std::move(y));
      }
      if (name == "value_float") {
        y.numbers = {attribute.number};
        return one(std::move(y));
      }
      if (name == "value_ints") {
        y.integer = true;
        y.integers = attribute.integers;
        y.shape = {static_cast<std::int64_t>(y.integers.size())};
        return one(std::move(y));
      }
      if (name == "value_floats") {
        y.numbers = attribute.numbers;
        y.shape = {static_cast<std::int64_t>(y.numbers.size())};
        return one(std::move(y));
      }
    }
    return std::nullopt;
  }
  if (type == "ConstantOfShape") {
    y.shape = NeedIntegers(node, inputs, 0);
    const std::size_t count = Reserve(node, y.shape);
    const auto found = node.attributes.find("value");
    OnnxTensor value;
    value.numbers = {0};
    if (found != node.attributes.end() && found->second.tensor) value = *found->second.tensor;
    if (value.size() != 1) throw Refusal(node, "fills with more than one value");
    y.integer = value.integer;
    if (y.integer) {
      y.integers.assign(count, value.integers[0]);
    } else {
      y.numbers.assign(count, value.numbers[0]);
    }
    return one(std::move(y));
  }
  if (type == "Range") {
    const OnnxTensor &begin = input(0), &end = input(1), &step = input(2);
    if (begin.size() != 1 || end.size() != 1 || step.size() != 1 || At(step, 0) == 0)
      throw Refusal(node, "needs a begin, an end and a step");
    const double count = std::ceil((At(end, 0) - At(begin, 0)) / At(step, 0));
    y.integer = begin.integer;
    y.shape = {count > 0 ? Rounded(count) : 0};
    Resize(y, Reserve(node, y.shape));
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double value = At(begin, 0) + static_cast<double>(i) * At(step, 0);
      if (y.integer) {
        y.integers[i] = Rounded(value);
      } else {
        y.numbers[i] = static_cast<float>(value);
      }
    }
    return one(std::move(y));
  }
  if (inputs.empty() || inputs[0] == nullptr) return std::nullopt;
  const OnnxTensor& x = *inputs[0];
  if (type == "Shape") {
    y.integer = true;
    y.integers = x.shape;
    y.shape = {static_cast<std::int64_t>(x.shape.size())};
    return one(std::move(y));
  }
  if (type == "Size") {
    y.integer = true;
    y.integers = {static_cast<std::int64_t>(x.size())};
    return one(std::move(y));
  }
  if (const Unary* unary = Find(kUnaries, type)) {
    y = x;
    Reserve(node, y.shape);
    for (std::int64_t& value : y.integers)
      value = type == "Identity" ? value : Rounded(unary->compute(static_cast<double>(value)));
    for (float& value : y.numbers)
      value = static_cast<float>(unary->compute(static_cast<double>(value)));
    return one(std::move(y));
  }
  if (type == "Cast") {
    const std::int64_t to = IntegerOf(node, "to", 1);
    y.shape = x.shape;
    y.integer = !(to == 1 || to == 10 || to == 11 || to == 16);
    Resize(y, Reserve(node, y.shape));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double value = At(x, i);
      if (!y.integer) {
        y.numbers[i] = static_cast<float>(value);
      } else if (to == 9) {
        y.integers[i] = value != 0;
      } else {
        y.integers[i] = x.integer ? x.integers[i] : Rounded(value);
      }
    }
    return one(std::move(y));
  }
  if (const Binary* binary = Find(kBinaries, type); binary != nullptr && inputs.size() == 2) {
    const OnnxTensor& b = input(1);
    const bool integer = x.integer && b.integer;
    y.shape = BroadcastShape(node, x.shape, b.shape);
    y.integer = binary->result == Result::kTruth || integer;
    Resize(y, Reserve(node, y.shape));
    std::vector<std::size_t> places(y.size());
    EachPlace(y.shape, BroadcastStrides(x.shape, y.shape), 0,
              [&](std::size_t i, std::size_t at) { places[i] = at; });
    EachPlace(y.shape, BroadcastStrides(b.shape, y.shape), 0, [&](std::size_t i, std::size_t at) {
      const double value = binary->compute(At(x, places[i]), At(b, at), integer);
      if (y.integer) {
        y.integers[i] = Rounded(value);
      } else {
        y.numbers[i] = static_cast<float>(value);
      }
    });
    return one(std::move(y));
  }
  if (const Reduction* reduction = Find(kReductions, type)) {
    Reserve(node, x.shape);
    return one(Reduce(node, *reduction, inputs));
  }
  if (type == "Where") {
    const OnnxTensor &a = input(1), &b = input(2);
    if (!x.integer || a.integer != b.integer) return std::nullopt;
    y.integer = a.integer;
    y.shape = BroadcastShape(node, BroadcastShape(node, a.shape, b.shape), x.shape);
    Resize(y, Reserve(node, y.shape));
    auto take = [&](const OnnxTensor& from, bool wanted) {
      std::vector<std::size_t> places(y.size());
      EachPlace(y.shape, BroadcastStrides(from.shape, y.shape), 0,
                [&](std::size_t i, std::size_t at) { places[i] = at; });
      EachPlace(y.shape, BroadcastStrides(x.shape, y.shape), 0, [&](std::size_t i, std::size_t at) {
        if ((x.integers[at] != 0) == wanted) Copy(from, places[i], y, i);
      });
    };
    take(a, true);
    take(b, false);
    return one(std::move(y));
  }
  if (type == "Reshape" || type == "Squeeze" || type == "Unsqueeze" || type == "Flatten") {
    Reserve(node, x.shape);
    y = x;
    y.shape = ShapeAfter(node, x.shape, inputs);
    return one(std::move(y));
  }
  if (type == "Expand" || type == "Tile") {
    const Shape& wanted = NeedIntegers(node, inputs, 1);
    y.integer = x.integer;
    if (type == "Expand") {
      y.shape = BroadcastShape(node, x.shape, wanted);
      Resize(y, Reserve(node, y.shape));
      EachPlace(y.shape, BroadcastStrides(x.shape, y.shape), 0,
                [&](std::size_t i, std::size_t at) { Copy(x, at, y, i); });
      return one(std::move(y));
    }
    if (wanted.size() != x.shape.size()) throw Refusal(node, "repeats other axes than there are");
    // Each axis as one of repetitions and one of values.
    const Shape own = StridesOf(x.shape);
    Shape places, strides;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] < 0 || (wanted[i] > 0 && x.shape[i] > (std::int64_t{1} << 40) / wanted[i]))
        throw Refusal(node, "makes more values than any network needs");
      y.shape.push_back(wanted[i] * x.shape[i]);
      places.insert(places.end(), {wanted[i], x.shape[i]});
      strides.insert(strides.end(), {0, own[i]});
    }
    Resize(y, Reserve(node, y.shape));
    EachPlace(places, strides, 0, [&](std::size_t i, std::size_t at) { Copy(x, at, y, i); });
    return one(std::move(y));
  }
  if (type == "Transpose") {
    Shape order = IntegersOf(node, "perm");
    if (order.empty()) {
      for (std::size_t i = x.shape.size(); i-- > 0;) order.push_back(static_cast<std::int64_t>(i));
    }
    if (order.size() != x.shape.size()) throw Refusal(node, "orders other axes than there are");
    const Shape own = StridesOf(x.shape);
    Shape strides;
    std::vector<bool> seen(order.size(), false);
    for (std::int64_t from : order) {
      const std::size_t axis = AxisOf(node, from, order.size());
      if (seen[axis]) throw Refusal(node, "names an axis twice");
      seen[axis] = true;
      y.shape.push_back(x.shape[axis]);
      strides.push_back(own[axis]);
    }
    y.integer = x.integer;
    Resize(y, Reserve(node, y.shape));
    EachPlace(y.shape, strides, 0, [&](std::size_t i, std::size_t at) { Copy(x, at, y, i); });
    return one(std::move(y));
  }
  if (type == "Gather") {
    const OnnxTensor& indices = input(1);
    if (!indices.integer) throw Refusal(node, "takes integers as its input 2");
    const std::size_t axis = AxisOf(node, IntegerOf(node, "axis", 0), x.shape.size());
    y.integer = x.integer;
    y.shape.assign(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    y.shape.insert(y.shape.end(), indices.shape.begin(), indices.shape.end());
    y.shape.insert(y.shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                   x.shape.end());
    Resize(y, Reserve(node, y.shape));
    const auto inner = static_cast<std::size_t>(StridesOf(x.shape)[axis]);
    const auto extent = x.shape[axis];
    const std::size_t outer =
        extent == 0 || inner == 0 ? 0 : x.size() / inner / static_cast<std::size_t>(extent);
    std::size_t to = 0;
    for (std::size_t o = 0; o < outer; ++o) {
      for (std::int64_t index : indices.integers) {
        if (index < -extent || index >= extent) throw Refusal(node, "takes what is not there");
        const auto row = static_cast<std::size_t>(index < 0 ? index + extent : index);
        for (std::size_t i = 0; i < inner; ++i)
          Copy(x, (o * static_cast<std::size_t>(extent) + row) * inner + i, y, to++);
      }
    }
    if (to != y.size()) throw Refusal(node, "takes what is not there");
    return one(std::move(y));
  }
  if (type == "Slice" || type == "Split") {
    std::vector<std::vector<KeptRange>> parts;
    if (type == "Slice") {
      parts.push_back(RangesOf(node, x.shape, inputs));
    } else {
      const std::size_t axis = AxisOf(node, IntegerOf(node, "axis", 0), x.shape.size());
      std::int64_t begin = 0;
      for (std::int64_t part : PartsOfSplit(node, x.shape[axis], inputs)) {
        std::vector<KeptRange>& ranges = parts.emplace_back();
        for (std::int64_t extent : x.shape) ranges.push_back({0, extent});
        ranges[axis] = {begin, part};
        begin += part;
      }
    }
    std::vector<OnnxTensor> list;
    const Shape own = StridesOf(x.shape);
    for (const std::vector<KeptRange>& ranges : parts) {
      OnnxTensor& part = list.emplace_back();
      part.integer = x.integer;
      Shape strides = own;
      std::int64_t start = 0;
      for (std::size_t i = 0; i < ranges.size(); ++i) {
        part.shape.push_back(ranges[i].count);
        if (ranges[i].begin >= 0) {
          start += ranges[i].begin * own[i];
        } else {  // turned round
          start += (x.shape[i] - 1) * own[i];
          strides[i] = -own[i];
        }
      }
      Resize(part, Reserve(node, part.shape));
      EachPlace(part.shape, strides, start,
                [&](std::size_t i, std::size_t at) { Copy(x, at, part, i); });
    }
    return list;
  }
  if (type == "Concat") {
    const std::size_t axis = AxisOf(node, IntegerOf(node, "axis", 0), x.shape.size());
    y.integer = x.integer;
    y.shape = x.shape;
    y.shape[axis] = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const OnnxTensor& part = input(i);
      if (part.shape.size() != x.shape.size() || part.integer != x.integer)
        throw Refusal(node, "joins values of different kinds");
      for (std::size_t k = 0; k < x.shape.size(); ++k) {
        if (k != axis && part.shape[k] != x.shape[k])
          throw Refusal(node, "joins values of different shapes");
      }
      y.shape[axis] += part.shape[axis];
    }
    Resize(y, Reserve(node, y.shape));
    std::int64_t start = 0;
    const Shape strides = StridesOf(y.shape);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EachPlace(inputs[i]->shape, strides, start * strides[axis],
                [&](std::size_t from, std::size_t at) { Copy(*inputs[i], from, y, at); });
      start += inputs[i]->shape[axis];
    }
    return one(std::move(y));
  }
  if (type == "AveragePool") {
    if (std::optional<OnnxTensor> pooled = AveragePool(node, x)) {
      Reserve(node, pooled->shape);
      return one(std::move(*pooled));
    }
  }
  return std::nullopt;
}

}  // namespace vpr
