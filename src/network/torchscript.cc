#include "network/torchscript.h"

#include "vpr/base/text.h"

namespace vpr {
namespace {

using Op = Node::Op;

class Writer {
 public:
  explicit Writer(const Graph& graph) : nodes_(graph.nodes) {}

  ScriptModule Write() {
    script_.source = "def forward(self, feats: Tensor) -> Tensor:\n";
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      script_.source += Format("    x%zu = ", n) + Expression(n) + "\n";
    script_.source += Format("    return x%zu.flatten(1)\n", nodes_.size() - 1);
    return std::move(script_);
  }

 private:
  std::string Input(std::size_t n, std::size_t i) const {
    return Format("x%zu", nodes_[n].inputs[i]);
  }

  // Adds a parameter and returns how the source names it.
  std::string Parameter(const char* kind, std::size_t n, const std::vector<float>& values,
                        const std::vector<std::size_t>& shape) {
    const std::string name = Format("%s%zu", kind, n);
    script_.parameters.push_back({name, {shape.begin(), shape.end()}, values});
    return "self." + name;
  }

  static std::string Activated(const std::string& x, const Node& node) {
    switch (node.activation) {
      case Activation::kNone:
        return x;
      case Activation::kRelu:
        return "torch.relu(" + x + ")";
      case Activation::kTanh:
        return "torch.tanh(" + x + ")";
      case Activation::kSigmoid:
        return "torch.sigmoid(" + x + ")";
      case Activation::kSilu:
        return "torch.silu(" + x + ")";
      case Activation::kClippedRelu:
        return "torch.clamp(" + x + Format(", 0, %.9g)", static_cast<double>(node.most));
    }
    return x;
  }

  static std::string Statistics(const Node& node, const std::string& mean,
                                const std::string& variance) {
    const auto floor = static_cast<double>(node.variance_floor);
    return "torch.cat([" + mean + ", torch.sqrt(" +
           (node.floor_is_least ? "torch.clamp(" + variance + Format(", %.9g)", floor)
                                : variance + Format(" + %.9g", floor)) +
           ")], 1)";
  }

  std::string Expression(std::size_t n) {
    const Node& node = nodes_[n];
    const std::string x = node.inputs.empty() ? "feats" : Input(n, 0);
    const std::string y = node.inputs.size() > 1 ? Input(n, 1) : "";
    switch (node.op) {
      case Op::kInput:
        return x + ".transpose(1, 2).unsqueeze(2)";
      case Op::kAffine:
        return Activated(x + " * " + Parameter("scale", n, node.scale, {1, node.channels, 1, 1}) +
                             " + " + Parameter("bias", n, node.bias, {1, node.channels, 1, 1}),
                         node);
      case Op::kConv: {
        const std::string weights =
            Parameter("weight", n, node.weights,
                      {node.channels, nodes_[node.inputs[0]].channels / node.groups,
                       node.kernel_bands, node.kernel_frames});
        std::string conv = "torch.conv2d(" + x + ", " + weights + ", " +
                           Parameter("bias", n, node.bias, {node.channels}) +
                           Format(", [%zu, %zu], [%zu, %zu], [1, %zu], %zu)", node.stride_bands,
                                  node.stride_frames, node.pad_bands, node.pad_frames,
                                  node.dilation_frames, node.groups);
        if (!y.empty()) conv += " + " + y;
        return Activated(conv, node);
      }
      case Op::kAdd:
        return Activated(x + " + " + y, node);
      case Op::kMultiply:
        return x + " * " + y;
      case Op::kMaxPool:
        return "torch.max_pool2d(" + x + ", [2, 2])";
      case Op::kMean:
        return x + ".mean([2, 3], True)";
      case Op::kSegmentMean:
        return Format("torch.avg_pool2d(%s, [1, %zu], [1, %zu], [0, 0], True)", x.c_str(),
                      node.segment, node.segment);
      case Op::kMultiplySegments:
        return x + " * " + y +
               Format(".repeat_interleave(%zu, 3).narrow(3, 0, %s.size(3))", node.segment,
                      x.c_str());
      case Op::kConcat: {
        std::string list;
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
          list += (i > 0 ? ", " : "") + Input(n, i);
        return "torch.cat([" + list + "], 1)";
      }
      case Op::kSlice:
        return x + Format(".narrow(1, %zu, %zu)", node.begin, node.channels);
      case Op::kBandsAsChannels:
        return x + ".flatten(1, 2).unsqueeze(2)";
      case Op::kChannelsAsBands:
        if (node.channels > 1)
          return Format("%s.squeeze(2).unflatten(1, [%zu, -1])", x.c_str(), node.channels);
        return x + ".transpose(1, 2)";
      case Op::kReflect:
        return Format("torch.reflection_pad2d(%s, [%zu, %zu, 0, 0])", x.c_str(), node.pad_frames,
                      node.pad_frames);
      case Op::kSoftmax:
        return "torch.softmax(" + x + ", 3)";
      case Op::kStatistics: {
        const std::string mean = x + ".mean([3], True)";
        const std::string square = "(" + x + " - " + mean + ").square()";
        return Statistics(node, mean,
                          node.unbiased ? square + ".sum([3], True) / max(" + x + ".size(3) - 1, 1)"
                                        : square + ".mean([3], True)");
      }
      case Op::kWeightedStatistics: {
        const std::string mean = "(" + x + " * " + y + ").sum([3], True)";
        return Statistics(node, mean,
                          "((" + x + " - " + mean + ").square() * " + y + ").sum([3], True)");
      }
      case Op::kUnitLength:
        return x + " / " + x + ".square().sum([1], True).sqrt().clamp(1e-12)";
      case Op::kLstm: {
        const std::size_t gates = 4 * node.channels;
        const std::string state = x + Format(".new_zeros([1, %s.size(0), %zu])", x.c_str(),
                                             node.channels),
                          turn = node.backward ? ".flip([0])" : "";
        return "torch.lstm(" + x + ".squeeze(2).permute(2, 0, 1)" + turn + ", [" + state + ", " +
               state + "], [" +
               Parameter("weight", n, node.weights, {gates, nodes_[node.inputs[0]].channels}) +
               ", " + Parameter("recurrent", n, node.recurrent, {gates, node.channels}) + ", " +
               Parameter("bias", n, node.bias, {gates}) + ", " +
               Parameter("zero", n, std::vector<float>(gates), {gates}) +
               "], True, 1, 0.0, False, False, False)[0]" + turn + ".permute(1, 2, 0).unsqueeze(2)";
      }
      case Op::kFirstFrame:
        return x + ".narrow(3, 0, 1)";
      case Op::kLastFrame:
        return x + ".narrow(3, -1, 1)";
    }
    return {};
  }

  const std::vector<Node>& nodes_;
  ScriptModule script_;
};

}  // namespace

ScriptModule MakeScriptModule(const Graph& graph) { return Writer(graph).Write(); }

}  // namespace vpr
