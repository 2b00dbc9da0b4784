// How an ONNX graph is traced, an operation at a time. What the operations come down to is in
// onnx_trace_*.cc, by kind.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "network/onnx_fold.h"
#include "network/onnx_trace.h"
#include "network/onnx_value.h"

namespace vpr {

class OnnxTracer {
 public:
  OnnxTracer(const OnnxGraph& onnx, const OnnxInterface& interface) : onnx_(onnx), in_(interface) {}

  TracedGraph Trace(std::int64_t frames);

 private:
  using Op = Node::Op;
  using Shape = std::vector<std::int64_t>;

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kMostNodes = 1 << 16, kMostExtent = 1 << 16;
  // A factor this close to 1 is a 1 that was computed in single precision.
  static constexpr double kClose = 1e-6;

  static bool Close(double a, double b) { return std::abs(a - b) <= kClose * std::abs(b); }

  // What a node is, where it is part of a pooling.
  struct Role {
    enum Kind {
      kPlain,
      kMean,          // of x over the frames, weighted by w where there is one
      kOff,           // x less its mean
      kSquare,        // of x
      kOffSquare,     // of x less its mean
      kWeighted,      // x times w, whose sum over the frames is 1
      kMeanOfSquare,  // of x
      kVariance,      // of x; `factor` times it, plus `floor`, or at least that
      kDeviation,     // the square root of that
      kSumOfSquares,  // of x over the channels
      kLength,        // the square root of that
    } kind = kPlain;
    std::size_t x = kNone, w = kNone;
    double factor = 1, floor = 0;
    bool least = false, unbiased = false;
  };

  // A value: known numbers, or traced, or some next to one another along an axis that do not all
  // have frames.
  struct Value {
    std::shared_ptr<const OnnxTensor> known;
    std::vector<TracedValue> parts;
    std::size_t axis = 0;

    bool traced() const { return known == nullptr && parts.size() == 1; }
  };

  [[noreturn]] void Refuse(const std::string& what) const;
  [[noreturn]] void RefuseOperation() const;

  void Begin(std::int64_t frames);

  // Nothing that stands for a step on the way to a pooling may be left over.
  void CheckFinished(std::size_t last) const;

  // Operations that the output needs.
  std::vector<bool> Needed() const;

  void Run();

  static Value Known(OnnxTensor tensor);
  void Set(std::size_t output, Value value);
  void Set(TracedValue value) { Set(0, Value{nullptr, {std::move(value)}, 0}); }

  // An input that is features, or made of them.
  TracedValue Traced(std::size_t i) const;
  // One that any operation may work on.
  TracedValue Whole(std::size_t i) const;
  const OnnxTensor& Weights(std::size_t i) const;
  bool Has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const OnnxTensor* KnownInput(std::size_t i) const;

  // ---- Nodes.

  std::size_t Append(Node node);
  const Role& RoleOf(std::size_t node) const;
  std::size_t ChannelsOf(std::size_t node) const { return graph_.nodes[node].channels; }

  std::size_t Plain(Op op, std::vector<std::size_t> inputs, std::size_t channels);
  // The same operation on the same value is the same node, so that poolings are recognised.
  std::size_t Once(Op op, std::size_t input, std::size_t channels);

  std::size_t Affine(std::size_t x, std::vector<float> scale, std::vector<float> bias,
                     Activation activation = Activation::kNone, float most = 0);
  std::size_t Affine(std::size_t x, double scale, double bias,
                     Activation activation = Activation::kNone, float most = 0);

  // With nothing but a node.
  TracedValue Settled(TracedValue value);

  // The same value of a node whose channels are these parts.
  TracedValue Arranged(TracedValue value, const Parts& channels);
  TracedValue WithChannelsOf(TracedValue value, std::size_t axis);

  bool HasFrames(const TracedValue& value) const { return !value.frames.empty(); }
  std::int64_t FramesOf(const TracedValue& value) const { return table_.SizeOf(value.frames); }
  bool IsStretched(const TracedValue& value) const;
  std::size_t SegmentOf(const TracedValue& value) const;

  // ---- Operations that give each value its own.

  void Activate(Activation activation, float most = 0);
  void Relu() { Activate(Activation::kRelu); }
  void Tanh() { Activate(Activation::kTanh); }
  void Sigmoid() { Activate(Activation::kSigmoid); }
  void Same() { Set(0, *inputs_[0]); }
  void Cast();
  void Neg();

  // A bound, by attribute or by input; `otherwise` without it.
  double Bound(const char* name, std::size_t input, double otherwise) const;
  void Clip();

  // A stand-in for a step on the way to a pooling; nothing else can use it.
  void SetRole(TracedValue value, const Role& role);

  void BatchNormalization();

  // ---- Operations of two values.

  enum class Kind { kAdd, kSub, kMul, kDiv };

  void Add() { Binary(Kind::kAdd); }
  void Sub() { Binary(Kind::kSub); }
  void Mul() { Binary(Kind::kMul); }
  void Div() { Binary(Kind::kDiv); }

  void Binary(Kind kind);

  // The only number that a tensor has, however often.
  static std::optional<double> Uniform(const OnnxTensor& tensor);

  // A value repeated along axes of size 1 as `shape` needs it.
  TracedValue Broadcast(TracedValue value, const Shape& shape);

  void WithKnown(Kind kind, std::size_t input, const OnnxTensor& known, bool known_first);

  void WithNumber(Kind kind, TracedValue value, double number, bool known_first);

  // Means of padded segments divided by how much of each segment there was.
  void Shares(Kind kind, TracedValue value, const OnnxTensor& known, bool known_first);

  // Gives two values nodes whose dimensions are the same, or the second's [channels, 1, 1]. Swaps
  // them if need be.
  std::vector<Parts> Match(TracedValue& a, TracedValue& b);

  void Sum(TracedValue a, TracedValue b);

  void Product(TracedValue a, TracedValue b);

  void Quotient(const TracedValue& a, const TracedValue& b);

  void Pow();

  // Mean of the square less square of the mean.
  bool Variance(const TracedValue& a, const TracedValue& b);

  void Sqrt();

  std::size_t Statistics(const Role& role);
  std::size_t Half(std::size_t node, std::size_t begin, std::size_t channels);

  // ---- Over the frames.

  void ReduceMean() { Reduce(false); }
  void ReduceSum() { Reduce(true); }

  std::vector<bool> ReducedAxes(const TracedValue& value) const;
  void DropAxes(TracedValue& value, const std::vector<bool>& reduced) const;

  void Reduce(bool sum);

  void GlobalAveragePool();

  void ReduceL2();
  // Checks that the axes reduced are the channels of a vector.
  void DropAxesOfChannels(TracedValue& value) const;
  void LpNormalization();

  void Softmax();

  // Where a value is chosen by a mask that is all alike.
  void Where();

  // ---- Convolutions and products with weights.

  struct Extents {
    std::int64_t kernel = 1, stride = 1, pad = 0, dilation = 1;
  };

  // Of the axes after the channels.
  std::vector<Extents> Window(std::size_t count, const OnnxTensor* weights) const;
  bool PadsAlike() const;

  void Conv();

  void Convolve(TracedValue value, const OnnxTensor& weights, const std::vector<Extents>& window,
                std::int64_t groups, const OnnxTensor* bias);

  // A product with weights [out, in] of values along an axis of which only some have frames: those
  // that have none are multiplied once.
  void JoinedProduct(const std::vector<float>& weights, std::int64_t out, const OnnxTensor* bias);

  // Along the last axis.
  void Linear(const std::vector<float>& weights, std::size_t in, std::size_t out,
              std::vector<float> bias);

  static std::vector<float> TransposedWeights(const std::vector<float>& from, std::size_t rows,
                                              std::size_t columns);

  void Gemm();

  void MatMul();

  // ---- Pooling with windows, padding.

  void AveragePool();

  void MaxPool();

  void Pad();

  // ---- Operations that move values.

  void Transpose();

  void Reshape();

  void ShapeOfValue();

  void Expand();
  void Tile();

  std::size_t Channels(std::size_t node, std::size_t begin, std::size_t count);
  TracedValue KeptPart(TracedValue value, std::size_t axis, std::int64_t begin, std::int64_t count);

  void Slice();

  void Split();

  void Gather();

  void Concat();

  // Of vectors that are joined along an axis that comes before all others they have values along,
  // as the last states of LSTMs are; none if they are not such.
  std::optional<TracedValue> JoinedStates(const std::vector<TracedValue>& parts, std::size_t axis);
  TracedValue Joined(const std::vector<TracedValue>& parts, std::size_t axis);

  // One of the frames: the first or, else, the last.
  TracedValue OneFrame(TracedValue value, std::size_t axis, bool last);

  // ---- Over the frames, one after the other.

  void Lstm();
  // What one direction of so many makes of a value, from its own part of the weights.
  std::size_t LstmOneWay(const TracedValue& value, std::size_t direction, std::size_t directions,
                         bool backward, std::size_t channels);
  void CheckLstm() const;

  // The node that makes the embedding.
  std::size_t Finish(const Value& result);
  static Part FirstOf(const Parts& parts) { return parts.empty() ? kNone : parts[0]; }

  struct Operation {
    const char* type;
    void (OnnxTracer::*run)();
  };
  static std::span<const Operation> Operations();
  // What runs this node; null if nothing does.
  const Operation* FindOperation() const;

  const OnnxGraph& onnx_;
  const OnnxInterface& in_;
  Graph graph_;
  std::vector<std::string> names_;
  std::vector<Role> roles_;
  std::map<std::size_t, double> frames_of_;  // of nodes that are pooled
  std::set<std::size_t> unfinished_;
  std::map<std::pair<Op, std::size_t>, std::size_t> once_;
  std::vector<std::pair<Role, std::size_t>> statistics_;
  PartTable table_;
  OnnxFolder folder_;
  std::map<std::string, Value> values_;
  const OnnxNode* node_ = nullptr;  // the one under way, and its inputs
  std::vector<const Value*> inputs_;
  std::vector<const OnnxTensor*> known_;
};

}  // namespace vpr
