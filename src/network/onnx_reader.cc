// The numbers of fields and types are those of onnx.proto.
#include "network/onnx_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include "base/half.h"
#include "base/printable_name.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kMostNodes = 1 << 16, kMostDimensions = 8;
constexpr std::size_t kMostElements = std::size_t{1} << 29;
constexpr std::int64_t kOldestOperators = 7, kNewestOperators = 24;

Error Corrupt(const std::string& what) { return Error(ErrorCode::kCorrupt, what); }
Error Incompatible(const std::string& what) { return Error(ErrorCode::kIncompatible, what); }

// The fields of a message, one after the other.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : left_(bytes) {}

  // The next field; false at the end.
  bool Next() {
    if (left_.empty()) return false;
    const std::uint64_t key = Varint();
    number_ = key >> 3;
    wire_ = static_cast<int>(key & 7);
    bytes_ = {};
    value_ = 0;
    switch (wire_) {
      case 0:
        value_ = Varint();
        break;
      case 1:
        bytes_ = Take(8);
        break;
      case 2:
        bytes_ = Take(Varint());
        break;
      case 5:
        bytes_ = Take(4);
        break;
      default:
        throw Corrupt("it is no ONNX file, or damaged");
    }
    return true;
  }

  std::uint64_t number() const { return number_; }
  std::string_view bytes() const {
    if (wire_ != 2) throw Corrupt("it is no ONNX file, or damaged");
    return bytes_;
  }
  std::string text() const { return std::string(bytes()); }
  std::int64_t integer() const {
    if (wire_ != 0) throw Corrupt("it is no ONNX file, or damaged");
    return static_cast<std::int64_t>(value_);
  }
  float number32() const {
    if (wire_ != 5) throw Corrupt("it is no ONNX file, or damaged");
    float value = 0;
    std::memcpy(&value, bytes_.data(), sizeof(value));
    return value;
  }

  // Appends a repeated field, packed or not.
  void Append(std::vector<std::int64_t>& to) const {
    if (wire_ == 0) {
      to.push_back(static_cast<std::int64_t>(value_));
      return;
    }
    Fields packed(bytes());
    while (!packed.left_.empty()) to.push_back(static_cast<std::int64_t>(packed.Varint()));
  }
  template <typename T>
  void AppendFixed(std::vector<T>& to) const {
    if (wire_ == 0 || bytes_.size() % sizeof(T) != 0)
      throw Corrupt("it is no ONNX file, or damaged");
    const std::size_t before = to.size();
    to.resize(before + bytes_.size() / sizeof(T));
    if (!bytes_.empty()) std::memcpy(to.data() + before, bytes_.data(), bytes_.size());
  }

 private:
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw Corrupt("it is no ONNX file, or cut off");
  }
  std::string_view Take(std::uint64_t count) {
    if (count > left_.size()) throw Corrupt("it is no ONNX file, or cut off");
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  std::string_view left_, bytes_;
  std::uint64_t number_ = 0, value_ = 0;
  int wire_ = 0;
};

enum Type : std::int64_t {
  kFloat = 1,
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kInt32,
  kInt64,
  kBool = 9,
  kHalf,
  kDouble,
  kBfloat16 = 16
};

// Values as they lie in memory.
template <typename T, typename Add>
void EachRaw(std::string_view raw, Add add) {
  for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    add(value);
  }
}

std::size_t BytesOf(std::int64_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
    case kHalf:
    case kBfloat16:
      return 2;
    case kFloat:
    case kInt32:
      return 4;
    case kInt64:
    case kDouble:
      return 8;
    default:
      return 0;
  }
}

struct NamedTensor {
  std::string name;
  std::shared_ptr<const OnnxTensor> tensor;
};

NamedTensor ReadTensor(std::string_view bytes) {
  auto tensor = std::make_shared<OnnxTensor>();
  std::string name;
  std::int64_t type = 0;
  std::string_view raw;
  std::vector<float> numbers;
  std::vector<double> doubles;
  std::vector<std::int64_t> integers;
  bool external = false, has_raw = false;
  for (Fields field(bytes); field.Next();) {
    switch (field.number()) {
      case 1:
        field.Append(tensor->shape);
        break;
      case 2:
        type = field.integer();
        break;
      case 4:
        field.AppendFixed(numbers);
        break;
      case 5:
      case 7:
        field.Append(integers);
        break;
      case 8:
        name = field.text();
        break;
      case 9:
        raw = field.bytes();
        has_raw = true;
        break;
      case 10:
        field.AppendFixed(doubles);
        break;
      case 13:
        external = true;
        break;
      case 14:
        external = external || field.integer() != 0;
        break;
      default:
        break;
    }
  }
  const std::string what = "tensor '" + PrintableName(name) + "'";
  if (external) throw Incompatible(what + " is kept in another file; save the network as one file");
  if (BytesOf(type) == 0)
    throw Incompatible(
        what + Format(" has type %lld, which is not understood", static_cast<long long>(type)));
  if (tensor->shape.size() > kMostDimensions)
    throw Incompatible(what + Format(" has %zu dimensions", tensor->shape.size()));
  const std::size_t count = CountOf(tensor->shape, kMostElements, what);
  tensor->integer = type != kFloat && type != kHalf && type != kDouble && type != kBfloat16;
  std::size_t found = 0;
  if (has_raw) {
    found = raw.size() % BytesOf(type) == 0 ? raw.size() / BytesOf(type) : count + 1;
  } else if (type == kFloat) {
    found = numbers.size();
  } else if (type == kDouble) {
    found = doubles.size();
  } else {
    found = integers.size();
  }
  if (found != count)
    throw Corrupt(what + Format(" has %zu values where its shape needs %zu", found, count));
  auto number = [&](double value) { tensor->numbers.push_back(static_cast<float>(value)); };
  auto integer = [&](auto value) { tensor->integers.push_back(static_cast<std::int64_t>(value)); };
  auto half = [&](std::uint16_t bits) { tensor->numbers.push_back(FromHalf(bits)); };
  auto bfloat16 = [&](std::uint16_t bits) {
    tensor->numbers.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
  };
  if (tensor->integer) {
    tensor->integers.reserve(count);
  } else {
    tensor->numbers.reserve(count);
  }
  if (!has_raw) {
    if (type == kFloat) {
      tensor->numbers = std::move(numbers);
    } else if (type == kDouble) {
      for (double value : doubles) number(value);
    } else if (type == kHalf || type == kBfloat16) {
      for (std::int64_t bits : integers)
        type == kHalf ? half(static_cast<std::uint16_t>(bits))
                      : bfloat16(static_cast<std::uint16_t>(bits));
    } else {
      tensor->integers = std::move(integers);
    }
  } else {
    switch (type) {
      case kFloat:
        tensor->numbers.resize(count);
        if (count > 0) std::memcpy(tensor->numbers.data(), raw.data(), raw.size());
        break;
      case kDouble:
        EachRaw<double>(raw, number);
        break;
      case kHalf:
        EachRaw<std::uint16_t>(raw, half);
        break;
      case kBfloat16:
        EachRaw<std::uint16_t>(raw, bfloat16);
        break;
      case kUint8:
      case kBool:
        EachRaw<std::uint8_t>(raw, integer);
        break;
      case kInt8:
        EachRaw<std::int8_t>(raw, integer);
        break;
      case kUint16:
        EachRaw<std::uint16_t>(raw, integer);
        break;
      case kInt16:
        EachRaw<std::int16_t>(raw, integer);
        break;
      case kInt32:
        EachRaw<std::int32_t>(raw, integer);
        break;
      default:
        EachRaw<std::int64_t>(raw, integer);
        break;
    }
  }
  return {std::move(name), std::move(tensor)};
}

std::pair<std::string, OnnxAttribute> ReadAttribute(std::string_view bytes) {
  std::string name;
  OnnxAttribute attribute;
  for (Fields field(bytes); field.Next();) {
    switch (field.number()) {
      case 1:
        name = field.text();
        break;
      case 2:
        attribute.number = field.number32();
        break;
      case 3:
        attribute.integer = field.integer();
        break;
      case 4:
        attribute.text = field.text();
        break;
      case 5:
        attribute.tensor = ReadTensor(field.bytes()).tensor;
        break;
      case 6:
      case 11:
        attribute.graph = true;
        break;
      case 7:
        field.AppendFixed(attribute.numbers);
        break;
      case 8:
        field.Append(attribute.integers);
        break;
      case 9:
        attribute.texts.push_back(field.text());
        break;
      default:
        break;
    }
  }
  return {std::move(name), std::move(attribute)};
}

OnnxNode ReadNode(std::string_view bytes) {
  OnnxNode node;
  std::string domain;
  for (Fields field(bytes); field.Next();) {
    switch (field.number()) {
      case 1:
        node.inputs.push_back(field.text());
        break;
      case 2:
        node.outputs.push_back(field.text());
        break;
      case 3:
        node.name = field.text();
        break;
      case 4:
        node.type = field.text();
        break;
      case 5:
        node.attributes.insert(ReadAttribute(field.bytes()));
        break;
      case 7:
        domain = field.text();
        break;
      default:
        break;
    }
  }
  if (node.outputs.empty()) throw Corrupt("an operation of it has no output");
  if (node.name.empty()) node.name = node.outputs[0];
  if (!domain.empty() && domain != "ai.onnx") node.type = domain + "." + node.type;
  return node;
}

void ReadTensorType(std::string_view bytes, OnnxInput& input) {
  for (Fields field(bytes); field.Next();) {
    if (field.number() == 1) {
      const std::int64_t type = field.integer();
      if (type != kFloat && type != kInt64 && type != kInt32)
        throw Incompatible("input '" + PrintableName(input.name) +
                           "' takes neither numbers in single precision nor integers");
      input.integer = type != kFloat;
    }
    if (field.number() != 2) continue;
    for (Fields shape(field.bytes()); shape.Next();) {
      if (shape.number() != 1) continue;
      std::int64_t extent = -1;
      for (Fields dimension(shape.bytes()); dimension.Next();) {
        if (dimension.number() == 1) extent = dimension.integer();
      }
      input.shape.push_back(extent > 0 ? extent : -1);
    }
  }
}

OnnxInput ReadValueInfo(std::string_view bytes) {
  OnnxInput input;
  std::string_view type;
  for (Fields field(bytes); field.Next();) {
    if (field.number() == 1) input.name = field.text();
    if (field.number() == 2) type = field.bytes();
  }
  for (Fields field(type); field.Next();) {
    if (field.number() == 1) ReadTensorType(field.bytes(), input);
  }
  if (input.shape.size() > kMostDimensions)
    throw Incompatible("input '" + PrintableName(input.name) + "' has too many dimensions");
  return input;
}

void ReadGraph(std::string_view bytes, OnnxGraph& graph) {
  std::vector<OnnxInput> inputs;
  std::set<std::string> made;  // every name is given once
  auto add_name = [&](const std::string& name) {
    if (!name.empty() && !made.insert(name).second)
      throw Corrupt("the name '" + PrintableName(name) + "' is given twice in it");
  };
  for (Fields field(bytes); field.Next();) {
    switch (field.number()) {
      case 1: {
        if (graph.nodes.size() >= kMostNodes)
          throw Incompatible(Format("it has more than %zu operations", kMostNodes));
        graph.nodes.push_back(ReadNode(field.bytes()));
        for (const std::string& output : graph.nodes.back().outputs) add_name(output);
        break;
      }
      case 5: {
        NamedTensor tensor = ReadTensor(field.bytes());
        add_name(tensor.name);
        graph.initializers.emplace(std::move(tensor.name), std::move(tensor.tensor));
        break;
      }
      case 11:
        inputs.push_back(ReadValueInfo(field.bytes()));
        break;
      case 12: {
        Fields output(field.bytes());
        while (output.Next()) {
          if (output.number() == 1) graph.outputs.push_back(output.text());
        }
        break;
      }
      case 15:
        throw Incompatible("it has sparse tensors, which are not understood");
      default:
        break;
    }
  }
  for (OnnxInput& input : inputs) {
    if (graph.initializers.contains(input.name)) continue;  // as files of the first years have it
    add_name(input.name);
    graph.inputs.push_back(std::move(input));
  }
}

}  // namespace

std::size_t CountOf(const std::vector<std::int64_t>& shape, std::size_t most,
                    const std::string& what) {
  // An empty one must not hide what cannot be multiplied.
  std::size_t count = 1;
  bool empty = false;
  for (std::int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && count > most / static_cast<std::size_t>(extent)))
      throw Incompatible(what + Format(" with a dimension of %lld is beyond what is understood",
                                       static_cast<long long>(extent)));
    empty = empty || extent == 0;
    count *= static_cast<std::size_t>(std::max<std::int64_t>(extent, 1));
  }
  return empty ? 0 : count;
}

OnnxGraph ReadOnnx(std::string_view content) {
  OnnxGraph graph;
  bool found = false;
  for (Fields field(content); field.Next();) {
    switch (field.number()) {
      case 7:
        if (found) throw Corrupt("it has two graphs");
        found = true;
        ReadGraph(field.bytes(), graph);
        break;
      case 8: {
        std::string domain;
        std::int64_t version = 0;
        for (Fields set(field.bytes()); set.Next();) {
          if (set.number() == 1) domain = set.text();
          if (set.number() == 2) version = set.integer();
        }
        if (domain.empty() || domain == "ai.onnx") graph.operators = version;
        break;
      }
      case 14: {
        std::string key, value;
        for (Fields entry(field.bytes()); entry.Next();) {
          if (entry.number() == 1) key = entry.text();
          if (entry.number() == 2) value = entry.text();
        }
        graph.metadata[key] = value;
        break;
      }
      default:
        break;
    }
  }
  if (!found || graph.nodes.empty()) throw Corrupt("it is no ONNX file: it has no graph");
  if (graph.operators < kOldestOperators || graph.operators > kNewestOperators)
    throw Incompatible(Format("it uses operator set %lld; %lld to %lld are understood",
                              static_cast<long long>(graph.operators),
                              static_cast<long long>(kOldestOperators),
                              static_cast<long long>(kNewestOperators)));
  return graph;
}

}  // namespace vpr
