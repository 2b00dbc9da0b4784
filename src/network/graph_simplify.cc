#include "network/graph_simplify.h"

#include <algorithm>

namespace vpr {
namespace {

using Op = Node::Op;

class Simplifier {
 public:
  Simplifier(Graph& graph, std::vector<std::string>& names, std::size_t last)
      : nodes_(graph.nodes), names_(names), last_(last) {}

  void Run(std::size_t frames) {
    Measure(frames);
    CountUses();
    for (std::size_t n = 1; n <= last_; ++n) {
      if (uses_[n] == 0) continue;
      for (std::size_t& input : nodes_[n].inputs) input = Final(input);
      if (nodes_[n].op == Op::kAffine) JoinAffine(n);
      if (nodes_[n].op == Op::kAdd) JoinSum(n);
      if (nodes_[n].op == Op::kConv && Final(n) == n) TakeAffineBefore(n);
    }
    last_ = Final(last_);
    CountUses();
    Compact();
  }

 private:
  void Measure(std::size_t frames) {
    for (const Node& node : nodes_) {
      if (node.inputs.empty()) {
        frames_.push_back(frames);
        bands_.push_back(1);
        continue;
      }
      const std::size_t in = node.inputs[0];
      frames_.push_back(FramesAfter(node, frames_[in]));
      bands_.push_back(BandsAfter(node, bands_[in], nodes_[in].channels));
    }
  }

  void CountUses() {
    uses_.assign(nodes_.size(), 0);
    uses_[last_] = 1;
    replaced_.resize(nodes_.size(), nodes_.size());
    for (std::size_t n = last_ + 1; n-- > 0;) {
      if (uses_[n] == 0 || replaced_[n] != nodes_.size()) continue;
      for (std::size_t input : nodes_[n].inputs) ++uses_[Final(input)];
    }
  }

  std::size_t Final(std::size_t n) const {
    while (replaced_[n] != nodes_.size()) n = replaced_[n];
    return n;
  }

  // scale and bias of node n into what node p does.
  static void Scale(Node& p, const Node& n) {
    if (p.op == Op::kConv) {
      const std::size_t each = p.weights.size() / p.channels;
      for (std::size_t c = 0; c < p.channels; ++c)
        for (std::size_t i = 0; i < each; ++i) p.weights[c * each + i] *= n.scale[c];
    } else {
      for (std::size_t c = 0; c < p.channels; ++c) p.scale[c] *= n.scale[c];
    }
    for (std::size_t c = 0; c < p.channels; ++c) p.bias[c] = p.bias[c] * n.scale[c] + n.bias[c];
  }

  void JoinAffine(std::size_t n) {
    const Node& node = nodes_[n];
    const std::size_t from = node.inputs[0];
    Node& before = nodes_[from];
    if (uses_[from] != 1 || before.activation != Activation::kNone) {
      // A second ReLU and the like change nothing, nor does what is the identity altogether.
      if (IsIdentity(node) && node.activation == Activation::kNone) Replace(n, from);
      return;
    }
    const bool linear =
        before.op == Op::kAffine || (before.op == Op::kConv && before.inputs.size() == 1);
    const bool activates = linear || before.op == Op::kConv || before.op == Op::kAdd;
    if (!linear && !(activates && IsIdentity(node))) {
      if (IsIdentity(node) && node.activation == Activation::kNone) Replace(n, from);
      return;
    }
    if (linear && !IsIdentity(node)) Scale(before, node);
    before.activation = node.activation;
    before.most = node.most;
    Replace(n, from);
  }

  // x + convolution: the convolution adds it.
  void JoinSum(std::size_t n) {
    for (int i : {0, 1}) {
      const std::size_t from = nodes_[n].inputs[static_cast<std::size_t>(i)],
                        other = nodes_[n].inputs[static_cast<std::size_t>(1 - i)];
      const Node& conv = nodes_[from];
      if (conv.op != Op::kConv || conv.inputs.size() != 1 || uses_[from] != 1 ||
          conv.activation != Activation::kNone || from == other ||
          frames_[from] != frames_[other] || bands_[from] != bands_[other])
        continue;
      Node joined = std::move(nodes_[from]);
      joined.inputs.push_back(other);
      joined.activation = nodes_[n].activation;
      joined.most = nodes_[n].most;
      nodes_[from] = {};
      nodes_[n] = std::move(joined);
      uses_[from] = 0;
      return;
    }
  }

  // What scales and shifts the input of a convolution without padding becomes part of its weights.
  void TakeAffineBefore(std::size_t n) {
    Node& conv = nodes_[n];
    const std::size_t from = conv.inputs[0];
    const Node& affine = nodes_[from];
    if (affine.op != Op::kAffine || uses_[from] != 1 || affine.activation != Activation::kNone ||
        conv.groups != 1 || conv.pad_bands != 0 || conv.pad_frames != 0)
      return;
    const std::size_t window = conv.kernel_bands * conv.kernel_frames;
    std::size_t at = 0;
    for (std::size_t o = 0; o < conv.channels; ++o) {
      double shift = 0;
      for (std::size_t c = 0; c < affine.channels; ++c) {
        for (std::size_t k = 0; k < window; ++k, ++at) {
          shift += static_cast<double>(conv.weights[at]) * static_cast<double>(affine.bias[c]);
          conv.weights[at] *= affine.scale[c];
        }
      }
      conv.bias[o] += static_cast<float>(shift);
    }
    conv.inputs[0] = affine.inputs[0];
    uses_[from] = 0;
  }

  void Replace(std::size_t n, std::size_t by) {
    replaced_[n] = by;
    uses_[by] += uses_[n] - 1;
    uses_[n] = 0;
  }

  void Compact() {
    std::vector<Node> kept;
    std::vector<std::string> names;
    std::vector<std::size_t> place(nodes_.size());
    for (std::size_t n = 0; n <= last_; ++n) {
      if (n != 0 && uses_[n] == 0) continue;
      place[n] = kept.size();
      kept.push_back(std::move(nodes_[n]));
      names.push_back(std::move(names_[n]));
      for (std::size_t& input : kept.back().inputs) input = place[Final(input)];
    }
    nodes_ = std::move(kept);
    names_ = std::move(names);
  }

  std::vector<Node>& nodes_;
  std::vector<std::string>& names_;
  std::size_t last_;
  std::vector<std::size_t> frames_, bands_, uses_, replaced_;
};

}  // namespace

bool IsIdentity(const Node& node) {
  return std::all_of(node.scale.begin(), node.scale.end(), [](float s) { return s == 1; }) &&
         std::all_of(node.bias.begin(), node.bias.end(), [](float b) { return b == 0; });
}

void Simplify(Graph& graph, std::vector<std::string>& names, std::size_t last, std::size_t frames) {
  Simplifier(graph, names, last).Run(frames);
}

}  // namespace vpr
