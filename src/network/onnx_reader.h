// ONNX files as data: protocol buffers of which only what networks need is taken. Nothing is opened
// beside the file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vpr {

// A tensor of known values: of numbers, or of integers, truth values among them.
struct OnnxTensor {
  bool integer = false;
  std::vector<std::int64_t> shape;
  std::vector<float> numbers;
  std::vector<std::int64_t> integers;

  std::size_t size() const { return integer ? integers.size() : numbers.size(); }
};

struct OnnxAttribute {
  std::int64_t integer = 0;
  float number = 0;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<float> numbers;
  std::vector<std::string> texts;
  std::shared_ptr<const OnnxTensor> tensor;
  bool graph = false;  // which is not read
};

struct OnnxNode {
  std::string type, name;  // of one without a name, that of its first output
  std::vector<std::string> inputs, outputs;
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxInput {
  std::string name;
  bool integer = false;
  std::vector<std::int64_t> shape;  // -1: any
};

struct OnnxGraph {
  std::int64_t operators = 0;  // version of the operator set
  std::vector<OnnxNode> nodes;
  std::map<std::string, std::shared_ptr<const OnnxTensor>> initializers;
  std::vector<OnnxInput> inputs;  // those without an initializer
  std::vector<std::string> outputs;
  std::map<std::string, std::string> metadata;
};

// Throws kCorrupt for what is no ONNX file or is damaged, kIncompatible for weights kept in other
// files, types and operator sets that are not understood.
OnnxGraph ReadOnnx(std::string_view content);

// The product of extents. Throws kIncompatible for negative ones and for more values than `most`.
// `what` has the shape.
std::size_t CountOf(const std::vector<std::int64_t>& shape, std::size_t most,
                    const std::string& what = "a tensor");

}  // namespace vpr
