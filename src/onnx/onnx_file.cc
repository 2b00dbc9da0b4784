#include "network/onnx_writer.h"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <set>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/clips/clip_classifier.h"

namespace vpr {
namespace {

using Op = Node::Op;
using Integers = std::vector<std::int64_t>;

Integers Signed(const std::vector<std::size_t>& sizes) { return {sizes.begin(), sizes.end()}; }

class Writer {
 public:
  explicit Writer(const Graph& graph) : nodes_(graph.nodes) {}

  std::string Write(const std::map<std::string, std::string>& metadata) {
    Begin(metadata, "speaker_embedding");
    Describe(*graph().add_input(), "feats", {"batch", "frames"}, nodes_[0].channels);
    Describe(*graph().add_output(), "embs", {"batch"}, nodes_.back().channels);
    for (std::size_t n = 0; n < nodes_.size(); ++n) Write(n);
    onnx::NodeProto& flatten = Add("Flatten", {Name(nodes_.size() - 1)}, "embs");
    Set(flatten, "axis", std::int64_t{1});
    return Finish();
  }

 protected:
  void Begin(const std::map<std::string, std::string>& metadata, const char* name) {
    file_.set_ir_version(onnx::IR_VERSION_2019_9_19);
    file_.set_producer_name("vpr");
    file_.set_producer_version(Version());
    onnx::OperatorSetIdProto& operators = *file_.add_opset_import();
    operators.set_domain("");
    operators.set_version(11);
    for (const auto& [key, value] : metadata) {
      onnx::StringStringEntryProto& entry = *file_.add_metadata_props();
      entry.set_key(key);
      entry.set_value(value);
    }
    graph().set_name(name);
  }

  std::string Finish() const {
    std::string content;
    if (!file_.SerializeToString(&content))
      throw Error(ErrorCode::kUnusable, "the network is too large for an ONNX file (2 GB)");
    return content;
  }

  onnx::GraphProto& graph() { return *file_.mutable_graph(); }

  static void Describe(onnx::ValueInfoProto& value, const char* name,
                       const std::vector<const char*>& free, std::size_t last) {
    value.set_name(name);
    onnx::TypeProto_Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    for (const char* dimension : free) tensor.mutable_shape()->add_dim()->set_dim_param(dimension);
    tensor.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(last));
  }

  static std::string Name(std::size_t n, const char* part = "") {
    return Format("x%zu%s", n, part);
  }

  onnx::NodeProto& Add(const char* type, const std::vector<std::string>& inputs,
                       const std::string& output) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(type);
    node.set_name(Format("%s_%d", type, graph().node_size()));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  static void Set(onnx::NodeProto& node, const char* name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }

  static void Set(onnx::NodeProto& node, const char* name, const Integers& values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (std::int64_t value : values) attribute.add_ints(value);
  }

  static void SetText(onnx::NodeProto& node, const char* name, const char* text) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::STRING);
    attribute.set_s(text);
  }

  std::string Constant(const std::string& name, const std::vector<float>& values,
                       const std::vector<std::size_t>& shape) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (std::size_t extent : shape) tensor.add_dims(static_cast<std::int64_t>(extent));
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return name;
  }

  std::string Constant(const std::string& name, const Integers& values) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
    return name;
  }

  // Where the result before the activation goes.
  static std::string Before(std::size_t n, Activation activation) {
    return activation == Activation::kNone ? Name(n) : Name(n, "_linear");
  }

  void Activate(std::size_t n) {
    const std::string from = Before(n, nodes_[n].activation);
    switch (nodes_[n].activation) {
      case Activation::kNone:
        break;
      case Activation::kRelu:
        Add("Relu", {from}, Name(n));
        break;
      case Activation::kTanh:
        Add("Tanh", {from}, Name(n));
        break;
      case Activation::kSigmoid:
        Add("Sigmoid", {from}, Name(n));
        break;
      case Activation::kSilu:
        Add("Sigmoid", {from}, Name(n, "_gate"));
        Add("Mul", {from, Name(n, "_gate")}, Name(n));
        break;
      case Activation::kClippedRelu:
        Add("Clip",
            {from, Constant(Name(n, "_low"), {0.0f}, {}),
             Constant(Name(n, "_high"), {nodes_[n].most}, {})},
            Name(n));
        break;
    }
  }

  // x - mean, squared.
  std::string Deviation(std::size_t n, const std::string& x, const std::string& mean) {
    Add("Sub", {x, mean}, Name(n, "_off"));
    Add("Mul", {Name(n, "_off"), Name(n, "_off")}, Name(n, "_square"));
    return Name(n, "_square");
  }

  void Statistics(std::size_t n, const std::string& mean, const std::string& variance) {
    const std::vector<float> floor = {nodes_[n].variance_floor};
    if (nodes_[n].floor_is_least) {
      Add("Clip", {variance, Constant(Name(n, "_floor"), floor, {})}, Name(n, "_positive"));
    } else {
      Add("Add", {variance, Constant(Name(n, "_epsilon"), floor, {1})}, Name(n, "_positive"));
    }
    Add("Sqrt", {Name(n, "_positive")}, Name(n, "_deviation"));
    Set(Add("Concat", {mean, Name(n, "_deviation")}, Name(n)), "axis", 1);
  }

  std::string MeanOverFrames(const std::string& x, const std::string& output) {
    onnx::NodeProto& mean = Add("ReduceMean", {x}, output);
    Set(mean, "axes", Integers{3});
    Set(mean, "keepdims", 1);
    return output;
  }

  std::string SumOverFrames(std::size_t n, const std::string& x, const std::string& weights,
                            const char* part) {
    const std::string product = Name(n, part) + "_product";
    Add("Mul", {x, weights}, product);
    onnx::NodeProto& sum = Add("ReduceSum", {product}, Name(n, part));
    Set(sum, "axes", Integers{3});
    Set(sum, "keepdims", 1);
    return Name(n, part);
  }

  // Sums over every segment and how many frames are in them, both over its full length: whether the
  // frames after the end count in an average is understood in different ways.
  void SegmentMean(std::size_t n, const std::string& x) {
    const auto segment = static_cast<std::int64_t>(nodes_[n].segment);
    auto pool = [&](const std::string& from, const std::string& to) {
      onnx::NodeProto& average = Add("AveragePool", {from}, to);
      Set(average, "kernel_shape", Integers{1, segment});
      Set(average, "strides", Integers{1, segment});
      Set(average, "pads", Integers{0, 0, 0, segment - 1});
      Set(average, "count_include_pad", 1);
    };
    Add("Mul", {x, Constant(Name(n, "_zero"), {0.0f}, {1})}, Name(n, "_zeros"));
    Add("Add", {Name(n, "_zeros"), Constant(Name(n, "_one"), {1.0f}, {1})}, Name(n, "_ones"));
    pool(x, Name(n, "_part"));
    pool(Name(n, "_ones"), Name(n, "_share"));
    Add("Div", {Name(n, "_part"), Name(n, "_share")}, Name(n));
  }

  void MultiplySegments(std::size_t n, const std::string& x, const std::string& gates) {
    const Node& node = nodes_[n];
    const auto channels = static_cast<std::int64_t>(node.channels);
    Add("Reshape", {gates, Constant(Name(n, "_column"), Integers{0, channels, -1, 1})},
        Name(n, "_one"));
    Set(Add("Concat", std::vector<std::string>(node.segment, Name(n, "_one")), Name(n, "_many")),
        "axis", 3);
    Add("Reshape", {Name(n, "_many"), Constant(Name(n, "_row"), Integers{0, channels, 1, -1})},
        Name(n, "_long"));
    Add("Shape", {x}, Name(n, "_extents"));
    Set(Add("Gather", {Name(n, "_extents"), Constant(Name(n, "_last"), Integers{3})},
            Name(n, "_end")),
        "axis", std::int64_t{0});
    Add("Slice",
        {Name(n, "_long"), Constant(Name(n, "_begin"), Integers{0}), Name(n, "_end"),
         Constant(Name(n, "_axes"), Integers{3})},
        Name(n, "_gates"));
    Add("Mul", {x, Name(n, "_gates")}, Name(n));
  }

  // The sum of squares over the number of frames less one, which is counted by a sum of ones.
  std::string UnbiasedVariance(std::size_t n, const std::string& square) {
    onnx::NodeProto& sum = Add("ReduceSum", {square}, Name(n, "_total"));
    Set(sum, "axes", Integers{3});
    Set(sum, "keepdims", 1);
    Add("Mul", {square, Constant(Name(n, "_zero"), {0.0f}, {1})}, Name(n, "_zeros"));
    Add("Add", {Name(n, "_zeros"), Constant(Name(n, "_one"), {1.0f}, {1})}, Name(n, "_ones"));
    onnx::NodeProto& count = Add("ReduceSum", {Name(n, "_ones")}, Name(n, "_count"));
    Set(count, "axes", Integers{3});
    Set(count, "keepdims", 1);
    // The greater of one less and 1, without Max, which OpenCV 4.6 refuses on a constant.
    Add("Add", {Name(n, "_count"), Constant(Name(n, "_minus"), {-2.0f}, {1})}, Name(n, "_less"));
    Add("Relu", {Name(n, "_less")}, Name(n, "_beyond"));
    Add("Add", {Name(n, "_beyond"), Name(n, "_one")}, Name(n, "_least"));
    Add("Div", {Name(n, "_total"), Name(n, "_least")}, Name(n, "_variance"));
    return Name(n, "_variance");
  }

  void Conv(std::size_t n, const std::string& x) {
    const Node& node = nodes_[n];
    const std::string weights =
        Constant(Name(n, "_weight"), node.weights,
                 {node.channels, nodes_[node.inputs[0]].channels / node.groups, node.kernel_bands,
                  node.kernel_frames});
    const bool residual = node.inputs.size() > 1;
    const std::string output = Before(n, node.activation);
    onnx::NodeProto& conv =
        Add("Conv", {x, weights, Constant(Name(n, "_bias"), node.bias, {node.channels})},
            residual ? Name(n, "_inner") : output);
    Set(conv, "kernel_shape", Signed({node.kernel_bands, node.kernel_frames}));
    Set(conv, "strides", Signed({node.stride_bands, node.stride_frames}));
    Set(conv, "pads", Signed({node.pad_bands, node.pad_frames, node.pad_bands, node.pad_frames}));
    Set(conv, "dilations", Signed({1, node.dilation_frames}));
    Set(conv, "group", static_cast<std::int64_t>(node.groups));
    if (residual) Add("Add", {Name(n, "_inner"), Name(node.inputs[1])}, output);
    Activate(n);
  }

  // Y is [frames, directions, batch, channels]. Gates in the order input, output, forget, new
  // value.
  void Lstm(std::size_t n, const std::string& x) {
    const Node& node = nodes_[n];
    const std::size_t h = node.channels, inputs = nodes_[node.inputs[0]].channels;
    auto reordered = [&](const std::vector<float>& values, std::size_t columns) {
      std::vector<float> out;
      for (std::size_t gate : {0, 3, 1, 2}) {
        const float* begin = values.data() + gate * h * columns;
        out.insert(out.end(), begin, begin + h * columns);
      }
      return out;
    };
    std::vector<float> bias = reordered(node.bias, 1);
    bias.resize(8 * h);  // of what is recurrent: zeros
    Set(Add("Squeeze", {x}, Name(n, "_frames")), "axes", Integers{2});
    Set(Add("Transpose", {Name(n, "_frames")}, Name(n, "_turned")), "perm", Integers{2, 0, 1});
    onnx::NodeProto& lstm =
        Add("LSTM",
            {Name(n, "_turned"),
             Constant(Name(n, "_weight"), reordered(node.weights, inputs), {1, 4 * h, inputs}),
             Constant(Name(n, "_recurrent"), reordered(node.recurrent, h), {1, 4 * h, h}),
             Constant(Name(n, "_bias"), bias, {1, 8 * h})},
            Name(n, "_states"));
    Set(lstm, "hidden_size", static_cast<std::int64_t>(h));
    SetText(lstm, "direction", node.backward ? "reverse" : "forward");
    Set(Add("Transpose", {Name(n, "_states")}, Name(n)), "perm", Integers{2, 3, 1, 0});
  }

  void Write(std::size_t n) {
    const Node& node = nodes_[n];
    const std::string x = node.inputs.empty() ? "feats" : Name(node.inputs[0]);
    const std::string y = node.inputs.size() > 1 ? Name(node.inputs[1]) : "";
    switch (node.op) {
      case Op::kInput:  // [batch, frames, bands] to [batch, bands, 1, frames]
        Set(Add("Unsqueeze", {x}, "feats_4d"), "axes", Integers{1});
        Set(Add("Transpose", {"feats_4d"}, Name(n)), "perm", Integers{0, 3, 1, 2});
        break;
      case Op::kAffine:
        Add("Mul", {x, Constant(Name(n, "_scale"), node.scale, {1, node.channels, 1, 1})},
            Name(n, "_scaled"));
        Add("Add",
            {Name(n, "_scaled"), Constant(Name(n, "_shift"), node.bias, {1, node.channels, 1, 1})},
            Before(n, node.activation));
        Activate(n);
        break;
      case Op::kConv:
        Conv(n, x);
        break;
      case Op::kAdd:
        Add("Add", {x, y}, Before(n, node.activation));
        Activate(n);
        break;
      case Op::kMultiply:
        Add("Mul", {x, y}, Name(n));
        break;
      case Op::kMaxPool: {
        onnx::NodeProto& pool = Add("MaxPool", {x}, Name(n));
        Set(pool, "kernel_shape", Integers{2, 2});
        Set(pool, "strides", Integers{2, 2});
        break;
      }
      case Op::kMean:
        Add("GlobalAveragePool", {x}, Name(n));
        break;
      case Op::kSegmentMean:
        SegmentMean(n, x);
        break;
      case Op::kMultiplySegments:
        MultiplySegments(n, x, y);
        break;
      case Op::kConcat: {
        std::vector<std::string> inputs;
        for (std::size_t input : node.inputs) inputs.push_back(Name(input));
        Set(Add("Concat", inputs, Name(n)), "axis", 1);
        break;
      }
      case Op::kSlice:
        Add("Slice",
            {x, Constant(Name(n, "_begin"), Signed({node.begin})),
             Constant(Name(n, "_end"), Signed({node.begin + node.channels})),
             Constant(Name(n, "_axes"), Integers{1})},
            Name(n));
        break;
      case Op::kBandsAsChannels:  // 0: as it is; -1: the rest
        Add("Reshape",
            {x, Constant(Name(n, "_shape"),
                         Integers{0, static_cast<std::int64_t>(node.channels), 1, -1})},
            Name(n));
        break;
      case Op::kChannelsAsBands:
        if (node.channels > 1) {
          Add("Reshape",
              {x, Constant(Name(n, "_shape"),
                           Signed({0, node.channels,
                                   nodes_[node.inputs[0]].channels / node.channels, 0}))},
              Name(n));
          break;
        }
        Set(Add("Transpose", {x}, Name(n)), "perm", Integers{0, 2, 1, 3});
        break;
      case Op::kReflect: {
        const auto pad = static_cast<std::int64_t>(node.pad_frames);
        SetText(Add("Pad", {x, Constant(Name(n, "_pads"), Integers{0, 0, 0, pad, 0, 0, 0, pad})},
                    Name(n)),
                "mode", "reflect");
        break;
      }
      case Op::kSoftmax:
        Set(Add("Softmax", {x}, Name(n)), "axis", 3);
        break;
      case Op::kStatistics: {
        const std::string mean = MeanOverFrames(x, Name(n, "_mean")),
                          square = Deviation(n, x, mean);
        Statistics(n, mean,
                   node.unbiased ? UnbiasedVariance(n, square)
                                 : MeanOverFrames(square, Name(n, "_variance")));
        break;
      }
      case Op::kWeightedStatistics: {
        const std::string mean = SumOverFrames(n, x, y, "_mean");
        Statistics(n, mean, SumOverFrames(n, Deviation(n, x, mean), y, "_variance"));
        break;
      }
      case Op::kUnitLength: {
        Add("Mul", {x, x}, Name(n, "_square"));
        onnx::NodeProto& sum = Add("ReduceSum", {Name(n, "_square")}, Name(n, "_sum"));
        Set(sum, "axes", Integers{1});
        Set(sum, "keepdims", 1);
        // One for each channel by a convolution: OpenCV 4.6 cannot divide channels by one number.
        onnx::NodeProto& spread =
            Add("Conv",
                {Name(n, "_sum"), Constant(Name(n, "_ones"), std::vector<float>(node.channels, 1),
                                           {node.channels, 1, 1, 1})},
                Name(n, "_sums"));
        Set(spread, "kernel_shape", Integers{1, 1});
        Add("Sqrt", {Name(n, "_sums")}, Name(n, "_length"));
        Add("Div", {x, Name(n, "_length")}, Name(n));
        break;
      }
      case Op::kLstm:
        Lstm(n, x);
        break;
      case Op::kFirstFrame:
      case Op::kLastFrame:
        Add("Slice",
            {x, Constant(Name(n, "_begin"), Integers{node.op == Op::kLastFrame ? -1 : 0}),
             Constant(Name(n, "_end"), Integers{node.op == Op::kLastFrame ? INT32_MAX : 1}),
             Constant(Name(n, "_axes"), Integers{3})},
            Name(n));
        break;
    }
  }

  const std::vector<Node>& nodes_;

 private:
  onnx::ModelProto file_;
};

// The network of clips: the graph that sees pictures, and what else there is (ClipNetwork).
class ClipWriter : public Writer {
 public:
  ClipWriter(const ClipModel& model, const Graph& pictures)
      : Writer(pictures), model_(model), shape_(model.info.shape) {
    for (const Tensor& tensor : model.tensors) tensors_[tensor.name] = &tensor;
  }

  std::string WriteClips(const std::map<std::string, std::string>& metadata) {
    Begin(metadata, "clip_classifier");
    const auto classes = static_cast<std::size_t>(shape_.classes);
    std::string seen, heard;
    if (shape_.fused()) Describe(*graph().add_input(), "present", {"batch"}, 2);
    if (shape_.image) {
      seen = SeePictures();
      Answer("image.head", seen, "image_probabilities");
      Describe(*graph().add_output(), "image_probabilities", {"batch"}, classes);
    }
    if (shape_.sound) {
      heard = HearSound();
      Answer("sound.head", heard, "audio_probabilities");
      Describe(*graph().add_output(), "audio_probabilities", {"batch"}, classes);
    }
    if (shape_.fused()) {
      Join(seen, heard);
      Describe(*graph().add_output(), "probabilities", {"batch"}, classes);
      if (shape_.fusion != ClipFusion::kConcat)
        Describe(*graph().add_output(), "weights", {"batch"}, 2);
    }
    return Finish();
  }

 private:
  const std::vector<float>& Values(const std::string& name) const {
    return tensors_.at(name)->data;
  }

  std::string Do(const char* type, const std::vector<std::string>& inputs,
                 const std::string& output) {
    Add(type, inputs, output);
    return output;
  }

  std::string Along(const char* type, const std::string& x, const Integers& axes, bool keep,
                    const std::string& output) {
    onnx::NodeProto& node = Add(type, {x}, output);
    Set(node, "axes", axes);
    Set(node, "keepdims", keep ? 1 : 0);
    return output;
  }

  std::string Scalar(const std::string& name, float value) { return Constant(name, {value}, {1}); }

  std::string Linear(const std::string& name, const std::string& x, const std::string& output) {
    const Tensor& weight = *tensors_.at(name + ".weight");
    const auto out = static_cast<std::size_t>(weight.shape[0]),
               in = static_cast<std::size_t>(weight.shape[1]);
    // Channel attention uses its layers twice.
    if (written_.insert(name).second) {
      Constant(name + ".weight", weight.data, {out, in});
      Constant(name + ".bias", Values(name + ".bias"), {out});
    }
    Set(Add("Gemm", {x, name + ".weight", name + ".bias"}, output), "transB", 1);
    return output;
  }

  void Answer(const std::string& head, const std::string& x, const std::string& output) {
    Set(Add("Softmax", {Linear(head, x, output + "_scores")}, output), "axis", 1);
  }

  std::string Factors(const std::string& name, const std::string& means,
                      const std::string& maxima) {
    std::vector<std::string> parts;
    for (const auto& [pooled, part] : {std::pair(means, ".mean"), std::pair(maxima, ".max")}) {
      const std::string at = name + part;
      const std::string hidden =
          Do("Relu", {Linear(name + ".squeeze", pooled, at + ".squeezed")}, at + ".hidden");
      parts.push_back(
          Do("Sigmoid", {Linear(name + ".excite", hidden, at + ".scores")}, at + ".factors"));
    }
    return Do("Add", parts, name + ".factors");
  }

  std::string Project(const std::string& name, const std::string& features) {
    const std::string x = Linear(name + ".projection", features, name + ".projected");
    const std::string mean = Along("ReduceMean", x, {1}, true, name + ".mean");
    const std::string off = Do("Sub", {x, mean}, name + ".off");
    const std::string square = Do("Mul", {off, off}, name + ".square");
    const std::string variance = Along("ReduceMean", square, {1}, true, name + ".variance");
    constexpr float kFloor = 1e-5f;  // LayerNorm's
    const std::string positive =
        Do("Add", {variance, Scalar(name + ".floor", kFloor)}, name + ".positive");
    const std::string deviation = Do("Sqrt", {positive}, name + ".deviation");
    const std::string even = Do("Div", {off, deviation}, name + ".even");
    const std::size_t width = ClipShape::kProjection;
    const std::string scaled =
        Do("Mul", {even, Constant(name + ".norm.weight", Values(name + ".norm.weight"), {width})},
           name + ".scaled");
    return Do("Add", {scaled, Constant(name + ".norm.bias", Values(name + ".norm.bias"), {width})},
              name + ".part");
  }

  std::string SeePictures() {
    const std::int64_t side = shape_.side, features = shape_.image_features();
    onnx::ValueInfoProto& input = *graph().add_input();
    Describe(input, "image", {"batch", "frames"}, 3);
    for (int i = 0; i < 2; ++i)
      input.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(side);
    VPR_CHECK(nodes_.size() > 2 && nodes_[1].op == Op::kChannelsAsBands && nodes_[1].channels == 3);
    Add("Reshape", {"image", Constant("image.pictures", Integers{-1, 3, side, side})}, Name(1));
    for (std::size_t n = 2; n < nodes_.size(); ++n) Write(n);
    // [batch * frames, features, 1, 1] to [batch, frames, features]
    Add("Shape", {"image"}, "image.extents");
    Add("Slice",
        {"image.extents", Constant("image.begin", Integers{0}), Constant("image.end", Integers{2})},
        "image.counts");
    Set(Add("Concat", {"image.counts", Constant("image.width", Integers{features})}, "image.shape"),
        "axis", std::int64_t{0});
    std::string x = Do("Reshape", {Name(nodes_.size() - 1), "image.shape"}, "image.features");
    const std::string factors =
        Factors("image.attention", Along("ReduceMean", x, {1}, false, "image.attention.means"),
                Along("ReduceMax", x, {1}, false, "image.attention.maxima"));
    Set(Add("Unsqueeze", {factors}, "image.attention.each"), "axes", Integers{1});
    x = Do("Mul", {x, "image.attention.each"}, "image.attended");
    Set(Add("Concat",
            {Along("ReduceMean", x, {1}, false, "image.means"),
             Along("ReduceMax", x, {1}, false, "image.maxima")},
            "image.pooled"),
        "axis", 1);
    return Project("image", "image.pooled");
  }

  std::string Convolve(const std::string& name, const std::string& x, std::size_t in,
                       std::size_t out, const std::vector<float>& weights,
                       const std::vector<float>& bias) {
    onnx::NodeProto& conv = Add("Conv",
                                {x, Constant(name + ".weight", weights, {out, in, 3, 3}),
                                 Constant(name + ".bias", bias, {out})},
                                name + ".sums");
    Set(conv, "kernel_shape", Integers{3, 3});
    Set(conv, "pads", Integers{1, 1, 1, 1});
    return Do("Relu", {name + ".sums"}, name + ".out");
  }

  std::string HearSound() {
    onnx::ValueInfoProto& input = *graph().add_input();
    Describe(input, "audio", {"batch"}, static_cast<std::size_t>(shape_.bands));
    input.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_param("time");
    const auto bands = static_cast<std::size_t>(shape_.bands);
    std::string x =
        Do("Sub", {"audio", Constant("audio.mean", model_.standardizer.mean, {1, bands, 1})},
           "audio.off");
    x = Do("Mul", {x, Constant("audio.scale", model_.standardizer.scale, {1, bands, 1})},
           "audio.even");
    Set(Add("Unsqueeze", {x}, "audio.plane"), "axes", Integers{1});
    // Batch normalisation goes into the convolution before it.
    std::vector<float> weights = Values("sound.first.weight"), bias = Values("sound.first.bias");
    for (std::size_t c = 0; c < bias.size(); ++c) {
      const std::string norm = "sound.first_norm.";
      const float scale =
          Values(norm + "weight")[c] / std::sqrt(Values(norm + "running_var")[c] + 1e-5f);
      for (std::size_t i = 0; i < 9; ++i) weights[9 * c + i] *= scale;
      bias[c] = (bias[c] - Values(norm + "running_mean")[c]) * scale + Values(norm + "bias")[c];
    }
    x = Convolve("sound.first", "audio.plane", 1, ClipShape::kFirst, weights, bias);
    onnx::NodeProto& pool = Add("MaxPool", {x}, "sound.pooled");
    Set(pool, "kernel_shape", Integers{2, 2});
    Set(pool, "strides", Integers{2, 2});
    const std::string factors = Factors(
        "sound.attention", Along("ReduceMean", "sound.pooled", {2, 3}, false, "sound.means"),
        Along("ReduceMax", "sound.pooled", {2, 3}, false, "sound.maxima"));
    Set(Add("Unsqueeze", {factors}, "sound.attention.each"), "axes", Integers{2, 3});
    x = Do("Mul", {"sound.pooled", "sound.attention.each"}, "sound.attended");
    x = Convolve("sound.second", x, ClipShape::kFirst, ClipShape::kSecond,
                 Values("sound.second.weight"), Values("sound.second.bias"));
    x = Along("ReduceMean", x, {2}, false, "sound.over_bands");
    Set(Add("Transpose", {x}, "sound.in_time"), "perm", Integers{2, 0, 1});
    Lstm();
    // [time, 2, batch, kLstm] to [batch, 2 kLstm]
    x = Along("ReduceMean", "sound.states", {0}, false, "sound.state");
    Set(Add("Transpose", {x}, "sound.each"), "perm", Integers{1, 0, 2});
    Set(Add("Flatten", {"sound.each"}, "sound.flat"), "axis", 1);
    return Project("sound", "sound.flat");
  }

  void Lstm() {
    constexpr std::size_t n = ClipShape::kLstm, in = ClipShape::kSecond;
    std::vector<float> input, recurrent, bias;
    const auto add = [](const std::vector<float>& from, std::size_t each, std::vector<float>& to) {
      for (std::size_t gate : {0, 3, 1, 2})  // ONNX: input, output, forget, cell
        to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(gate * n * each),
                  from.begin() + static_cast<std::ptrdiff_t>((gate + 1) * n * each));
    };
    for (const char* way : {"", "_reverse"}) {
      add(Values(std::string("sound.lstm.weight_ih_l0") + way), in, input);
      add(Values(std::string("sound.lstm.weight_hh_l0") + way), n, recurrent);
      add(Values(std::string("sound.lstm.bias_ih_l0") + way), 1, bias);
      add(Values(std::string("sound.lstm.bias_hh_l0") + way), 1, bias);
    }
    onnx::NodeProto& lstm =
        Add("LSTM",
            {"sound.in_time", Constant("sound.lstm.input", input, {2, 4 * n, in}),
             Constant("sound.lstm.recurrent", recurrent, {2, 4 * n, n}),
             Constant("sound.lstm.bias", bias, {2, 8 * n})},
            "sound.states");
    Set(lstm, "hidden_size", static_cast<std::int64_t>(n));
    onnx::AttributeProto& direction = *lstm.add_attribute();
    direction.set_name("direction");
    direction.set_type(onnx::AttributeProto::STRING);
    direction.set_s("bidirectional");
  }

  // Column `side` of a value [batch, 2].
  std::string Side(const std::string& x, std::int64_t side, const std::string& output) {
    return Do(
        "Slice",
        {x, Constant(output + ".begin", Integers{side}),
         Constant(output + ".end", Integers{side + 1}), Constant(output + ".axis", Integers{1})},
        output);
  }

  std::string Weighted(const std::string& x, const std::string& weights, std::int64_t side,
                       const std::string& output) {
    return Do("Mul", {x, Side(weights, side, output + ".weight")}, output);
  }

  void Join(const std::string& seen, const std::string& heard) {
    if (shape_.fusion == ClipFusion::kMean) {
      Do("Div", {"present", Along("ReduceSum", "present", {1}, true, "present.sum")}, "weights");
      Do("Add",
         {Weighted("image_probabilities", "weights", 0, "fusion.image"),
          Weighted("audio_probabilities", "weights", 1, "fusion.audio")},
         "probabilities");
      return;
    }
    const std::string image = Weighted(seen, "present", 0, "fusion.seen"),
                      sound = Weighted(heard, "present", 1, "fusion.heard");
    Set(Add("Concat", {image, sound}, "fusion.both"), "axis", 1);
    std::string inner;
    if (shape_.fusion == ClipFusion::kAttention) {
      inner =
          Do("Relu", {Linear("fusion.gate", "fusion.both", "fusion.gate.sums")}, "fusion.gates");
      const std::string scores = Linear("fusion.weights", inner, "fusion.scores");
      constexpr float kMask = 1e9f;
      std::string mask = Do("Sub", {"present", Scalar("fusion.one", 1)}, "fusion.absent");
      mask = Do("Mul", {mask, Scalar("fusion.far", kMask)}, "fusion.mask");
      Set(Add("Softmax", {Do("Add", {scores, mask}, "fusion.masked")}, "weights"), "axis", 1);
      const std::string joined = Do("Add",
                                    {Weighted(image, "weights", 0, "fusion.image"),
                                     Weighted(sound, "weights", 1, "fusion.audio")},
                                    "fusion.joined");
      inner = Linear("fusion.hidden", joined, "fusion.sums");
    } else {
      inner = Linear("fusion.hidden", "fusion.both", "fusion.sums");
      std::vector<float> scale = Values("fusion.norm.weight"), shift = Values("fusion.norm.bias");
      for (std::size_t c = 0; c < scale.size(); ++c) {
        scale[c] /= std::sqrt(Values("fusion.norm.running_var")[c] + 1e-5f);
        shift[c] -= scale[c] * Values("fusion.norm.running_mean")[c];
      }
      inner =
          Do("Mul", {inner, Constant("fusion.norm.scale", scale, {scale.size()})}, "fusion.scaled");
      inner =
          Do("Add", {inner, Constant("fusion.norm.shift", shift, {shift.size()})}, "fusion.normed");
    }
    Answer("fusion.head", Do("Relu", {inner}, "fusion.inner"), "probabilities");
  }

  const ClipModel& model_;
  const ClipShape& shape_;
  std::map<std::string, const Tensor*> tensors_;
  std::set<std::string> written_;
};

}  // namespace
}  // namespace vpr

extern "C" __attribute__((visibility("default"))) void vpr_onnx_clip_writer_v1(
    const vpr::ClipModel& model, const vpr::Graph& pictures,
    const std::map<std::string, std::string>& metadata, std::string& content) {
  content = vpr::ClipWriter(model, pictures).WriteClips(metadata);
}

extern "C" __attribute__((visibility("default"))) void vpr_onnx_writer_v3(
    const vpr::Graph& graph, const std::map<std::string, std::string>& metadata,
    std::string& content) {
  content = vpr::Writer(graph).Write(metadata);
}
