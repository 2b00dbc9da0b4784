#include "torch/graph_network.h"

#include <cmath>
#include <map>
#include <vector>

#include "torch/batch_norm.h"
#include "torch/layers.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

using torch::Tensor;
using Kind = Layer::Kind;
using Op = Node::Op;

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

// A weight and perhaps a bias, drawn as torch::nn::Linear, Conv2d and LSTM draw theirs.
class Weights : public torch::nn::Module {
 public:
  explicit Weights(const Parameters& parameters) {
    linear.weight = register_parameter("weight", torch::empty(parameters.shape));
    double range = parameters.range;
    if (range > 0) {
      torch::nn::init::uniform_(linear.weight, -range, range);
    } else {
      torch::nn::init::kaiming_uniform_(linear.weight, std::sqrt(5.0));
      range = 1 / std::sqrt(static_cast<double>(linear.weight[0].numel()));
    }
    if (!parameters.bias) return;
    linear.bias = register_parameter("bias", torch::empty(parameters.shape[0]));
    torch::nn::init::uniform_(linear.bias, -range, range);
  }

  Linear linear;
};

// A value is [batch, channels, bands, frames], [batch, channels, frames] if it has no bands, or
// [batch, channels] if it has no frames either. Without bands it may have four dimensions too: in
// those of a convolution over bands and frames, channels last in memory, depthwise convolutions are
// twice as fast on a CPU forwards and backwards as in three, and batch normalisation three times.
class GraphNetwork : public EmbeddingNetwork {
 public:
  explicit GraphNetwork(const Description& description) {
    for (const Parameters& one : description.parameters) Register(one);
    for (const Layer& layer : description.layers) {
      Step& step = steps_.emplace_back();
      step.layer = layer;
      if (layer.kind == Kind::kConv) step.linear = weights_.at(layer.name)->linear;
      if (layer.kind == Kind::kNorm) step.norm = norms_.at(layer.name);
      if (!layer.norm.empty()) step.norm = norms_.at(layer.norm);
      if (layer.kind == Kind::kAttentiveStatistics) {
        step.linear = weights_.at(layer.name + ".hidden")->linear;
        step.scores = weights_.at(layer.name + ".weights")->linear;
      }
      if (layer.kind == Kind::kLstm) {
        step.linear = weights_.at(layer.name + ".input")->linear;
        step.recurrent = weights_.at(layer.name + ".state")->linear.weight;
      }
    }
    // When a value is not needed any more.
    std::vector<std::size_t> last(steps_.size(), steps_.size());
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      for (std::size_t input : steps_[s].layer.node.inputs) last[input] = s;
    }
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (last[s] < steps_.size()) steps_[last[s]].done.push_back(s);
    }
  }

  Tensor forward(Tensor features) override {
    std::vector<Tensor> values(steps_.size());
    std::vector<std::vector<Tensor>> pieces(steps_.size());  // of values that are sliced
    values[0] = std::move(features);
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      values[s] = Run(steps_[s], values, pieces);
      for (std::size_t done : steps_[s].done) {
        values[done] = Tensor();
        pieces[done].clear();
      }
    }
    return values.back();
  }

 private:
  struct Step {
    Layer layer;
    Linear linear, scores;
    Tensor recurrent;
    BatchNorm norm{nullptr};
    std::vector<std::size_t> done;  // values that this step is the last to need
  };

  // As a module in modules named by what lies between the dots.
  void Register(const Parameters& one) {
    torch::nn::Module* parent = this;
    std::size_t begin = 0;
    for (std::size_t dot; (dot = one.name.find('.', begin)) != std::string::npos; begin = dot + 1) {
      const std::string part = one.name.substr(begin, dot - begin);
      std::shared_ptr<torch::nn::Module>& group = groups_[one.name.substr(0, dot)];
      if (group == nullptr)
        group = parent->register_module(part, std::make_shared<torch::nn::Module>());
      parent = group.get();
    }
    const std::string name = one.name.substr(begin);
    if (one.is_norm) {
      norms_.emplace(one.name, parent->register_module(name, BatchNorm(one.shape[0])));
    } else {
      weights_[one.name] = parent->register_module(name, std::make_shared<Weights>(one));
    }
  }

  Tensor Run(const Step& step, const std::vector<Tensor>& values,
             std::vector<std::vector<Tensor>>& pieces) {
    const Node& node = step.layer.node;
    const Tensor& x = values[node.inputs[0]];
    switch (step.layer.kind) {
      case Kind::kNorm:
        return Activated(BatchNorm(step.norm)(x), node);
      case Kind::kConv: {
        Tensor y = Convolution(step, x);
        if (!step.norm.is_empty()) y = BatchNorm(step.norm)(y);
        if (node.inputs.size() > 1) {
          const Tensor& residual = values[node.inputs[1]];
          // In place: nobody else has seen y.
          y = y.scalar_type() == residual.scalar_type() ? y.add_(residual) : y + residual;
        }
        return Activated(std::move(y), node);
      }
      case Kind::kDropout:
        return step.layer.whole
                   ? DropWhole(x, step.layer.dropped)
                   : torch::dropout(x.to(torch::kFloat), step.layer.dropped, is_training());
      case Kind::kAttentiveStatistics:
        return AttentiveStatistics(OverFrames(x.to(torch::kFloat)), step.linear, step.scores);
      case Kind::kLstm:
        return Lstm(step, OverFrames(x.to(torch::kFloat)));
      case Kind::kOperation:
        break;
    }
    switch (node.op) {
      case Op::kAdd:
        return Activated(x + Along(values[node.inputs[1]], x), node);
      case Op::kMultiply: {
        const Tensor& gate = values[node.inputs[1]];
        return x * Along(gate.to(x.scalar_type()), x);
      }
      case Op::kMaxPool:
        return torch::max_pool2d(x, 2);
      case Op::kMean:
        return x.flatten(2).mean(2);
      case Op::kSegmentMean:
        return torch::avg_pool2d(x, {1, Signed(node.segment)}, {1, Signed(node.segment)}, {0, 0},
                                 /*ceil_mode=*/true);
      case Op::kMultiplySegments: {
        Tensor gates = values[node.inputs[1]];
        if (gates.size(3) > 1)
          gates = gates.unsqueeze(4)
                      .expand({-1, -1, -1, -1, Signed(node.segment)})
                      .flatten(3)
                      .slice(3, 0, x.size(3));
        return x * gates;
      }
      case Op::kConcat: {
        std::vector<Tensor> parts;
        for (std::size_t input : node.inputs) parts.push_back(values[input]);
        return torch::cat(parts, 1);
      }
      case Op::kSlice: {
        if (node.begin % node.channels != 0)
          return x.narrow(1, Signed(node.begin), Signed(node.channels));
        // All at once: going back, their gradients are then put together in one go.
        std::vector<Tensor>& parts = pieces[node.inputs[0]];
        if (parts.empty() || parts[0].size(1) != Signed(node.channels))
          parts = x.split(Signed(node.channels), 1);
        return parts[node.begin / node.channels];
      }
      case Op::kBandsAsChannels:
        return x.flatten(1, 2);
      case Op::kChannelsAsBands:
        // Half again as fast on a CPU as with the channels first.
        return x.view({x.size(0), Signed(node.channels), -1, x.size(2)})
            .contiguous(torch::MemoryFormat::ChannelsLast);
      case Op::kStatistics:
        return Statistics(OverFrames(x.to(torch::kFloat)), static_cast<double>(node.variance_floor),
                          node.unbiased);
      case Op::kFirstFrame:
        return OverFrames(x).select(2, 0);
      case Op::kLastFrame:
        return OverFrames(x).select(2, -1);
      case Op::kUnitLength:
        return torch::nn::functional::normalize(
            x, torch::nn::functional::NormalizeFuncOptions().dim(1));
      default:  // what only graphs have that were trained elsewhere
        throw Error(ErrorCode::kIncompatible, "the network has an operation that is not trained");
    }
  }

  static Tensor Convolution(const Step& step, const Tensor& x) {
    const Node& node = step.layer.node;
    const auto& [weight, bias] = step.linear;
    if (step.layer.dimensions == 0) return torch::linear(x, weight, bias);
    if (x.dim() == 2) return torch::linear(x, weight.flatten(1), bias);  // a window of 1 x 1
    if (step.layer.dimensions == 1)
      return torch::conv1d(x, weight, bias, Signed(node.stride_frames), Signed(node.pad_frames),
                           Signed(node.dilation_frames), Signed(node.groups));
    Tensor planes = x.dim() == 4 ? x : x.unsqueeze(2).contiguous(torch::MemoryFormat::ChannelsLast);
    std::int64_t stride_bands = Signed(node.stride_bands),
                 stride_frames = Signed(node.stride_frames);
    // What a window of 1 x 1 skips is left out beforehand: the gradients of such convolutions with
    // strides write behind their buffers in oneDNN 2.6.3 (Debian 12) on processors with AVX-512
    // where there are fewer than 16 channels.
    const bool strides = stride_bands > 1 || stride_frames > 1;
    if (strides && weight.size(2) == 1 && weight.size(3) == 1 && node.pad_bands == 0 &&
        node.pad_frames == 0) {
      planes = planes.slice(2, 0, c10::nullopt, stride_bands)
                   .slice(3, 0, c10::nullopt, stride_frames)
                   .contiguous(torch::MemoryFormat::ChannelsLast);
      stride_bands = stride_frames = 1;
    }
    return torch::conv2d(planes, weight, bias, {stride_bands, stride_frames},
                         {Signed(node.pad_bands), Signed(node.pad_frames)},
                         {1, Signed(node.dilation_frames)}, Signed(node.groups));
  }

  // x: [batch, channels, frames].
  static Tensor Lstm(const Step& step, const Tensor& x) {
    // Rounding adds up from frame to frame.
    const c10::impl::ExcludeDispatchKeyGuard in_float32(c10::autocast_dispatch_keyset);
    const auto& [weight, bias] = step.linear;
    const Tensor zeros = x.new_zeros({1, x.size(0), Signed(step.layer.node.channels)});
    Tensor frames = x.permute({2, 0, 1});
    if (step.layer.node.backward) frames = frames.flip(0);
    Tensor y = std::get<0>(torch::lstm(frames.contiguous(), {zeros, zeros},
                                       {weight, step.recurrent, bias, torch::zeros_like(bias)},
                                       /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0,
                                       /*train=*/weight.requires_grad(), /*bidirectional=*/false,
                                       /*batch_first=*/false));
    if (step.layer.node.backward) y = y.flip(0);
    return y.permute({1, 2, 0});
  }

  // Those that are kept stand for the others too.
  Tensor DropWhole(const Tensor& x, double share) const {
    if (!is_training() || share <= 0) return x;
    std::vector<std::int64_t> each(static_cast<std::size_t>(x.dim()), 1);
    each[0] = x.size(0);
    return x * torch::empty(each, x.options()).bernoulli_(1 - share).div_(1 - share);
  }

  // Of an x that nothing else holds and whose own derivative does not need it: written over.
  static Tensor Activated(Tensor x, const Node& node) {
    switch (node.activation) {
      case Activation::kNone:
        return x;
      case Activation::kRelu:
        return x.relu_();
      case Activation::kTanh:
        return x.tanh_();
      case Activation::kSigmoid:
        return x.sigmoid_();
      case Activation::kSilu:
        return torch::silu(x);
      case Activation::kClippedRelu:
        return torch::clamp(x, 0, static_cast<double>(node.most));
    }
    return x;
  }

  // One band: [batch, channels, frames].
  static Tensor OverFrames(const Tensor& x) { return x.dim() == 4 ? x.squeeze(2) : x; }

  // [batch, channels] in the shape that goes with x.
  static Tensor Along(const Tensor& y, const Tensor& x) {
    if (y.dim() >= x.dim()) return y;
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
    shape[0] = y.size(0);
    shape[1] = y.size(1);
    return y.view(shape);
  }

  std::vector<Step> steps_;
  std::map<std::string, std::shared_ptr<torch::nn::Module>> groups_;
  std::map<std::string, std::shared_ptr<Weights>> weights_;
  std::map<std::string, BatchNorm> norms_;
};

}  // namespace

std::shared_ptr<EmbeddingNetwork> MakeGraphNetwork(const Description& description) {
  return std::make_shared<GraphNetwork>(description);
}

}  // namespace vpr
