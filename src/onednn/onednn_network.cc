#include "onednn/onednn_network.h"

#include <malloc.h>
#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <type_traits>
#include <unordered_map>

#include "onednn/convolution.h"
#include "onednn/lstm.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/process.h"

namespace vpr {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
using DataType = dnnl::memory::data_type;
using Op = Node::Op;

// oneDNN compiles a convolution for one number of frames, which costs more than running it. So the
// frames are rounded up to a multiple of this, and what lies behind the last one is kept zero
// after every operation, as the zero padding of a network for the exact number would be: the
// results are the same. Where nothing is compiled, few plans are reason enough for a smaller one.
constexpr std::size_t kFrameStep = 32, kFrameStepUncompiled = 8;

constexpr int kMostPlanners = 4;

constexpr double kShortest = 1e-12;  // an embedding that is scaled to length 1: LibTorch's

constexpr std::size_t kAlignment = 64;  // bytes
constexpr std::size_t kAlignedFloats = kAlignment / sizeof(float);

std::size_t Aligned(std::size_t floats) {
  return (floats + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
}

// oneDNN writes the code that it compiles to memory whose allocation it does not check: where there
// is little left (ulimit -v), it would crash. It needs less than this at once, on all planners.
void RequireMemory() {
  constexpr std::size_t kEnough = 64 << 20;
  void* room = ::mmap(nullptr, kEnough, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  ::munmap(room, kEnough);
}

// Memory for the values of one run, used again by the next one.
class Workspace {
 public:
  float* Get(std::size_t floats) {
    if (floats > size_) {
      memory_.reset(
          static_cast<float*>(std::aligned_alloc(kAlignment, Aligned(floats) * sizeof(float))));
      if (memory_ == nullptr) throw std::bad_alloc();
      size_ = floats;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> memory_;
  std::size_t size_ = 0;
};

// With its two parameters.
struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha = 0, beta = 0;
};

Eltwise EltwiseOf(const Node& node) {
  switch (node.activation) {
    case Activation::kTanh:
      return {dnnl::algorithm::eltwise_tanh};
    case Activation::kSigmoid:
      return {dnnl::algorithm::eltwise_logistic};
    case Activation::kSilu:
      return {dnnl::algorithm::eltwise_swish, 1};
    case Activation::kClippedRelu:
      return {dnnl::algorithm::eltwise_clip, 0, node.most};
    default:
      return {dnnl::algorithm::eltwise_relu};
  }
}

// oneDNN 3 took the factors out of what follows an operation, and its description's own type.
#if DNNL_VERSION_MAJOR >= 3
void AppendActivation(dnnl::post_ops& after, const Node& node) {
  const Eltwise eltwise = EltwiseOf(node);
  after.append_eltwise(eltwise.algorithm, eltwise.alpha, eltwise.beta);
}
template <typename... Arguments>
dnnl::convolution_forward::primitive_desc Describe(const dnnl::primitive_attr& attributes,
                                                   const dnnl::engine& engine,
                                                   const Arguments&... arguments) {
  return {engine, arguments..., attributes};
}
#else
void AppendActivation(dnnl::post_ops& after, const Node& node) {
  const Eltwise eltwise = EltwiseOf(node);
  after.append_eltwise(1, eltwise.algorithm, eltwise.alpha, eltwise.beta);
}
template <typename... Arguments>
dnnl::convolution_forward::primitive_desc Describe(const dnnl::primitive_attr& attributes,
                                                   const dnnl::engine& engine,
                                                   const Arguments&... arguments) {
  return {dnnl::convolution_forward::desc(arguments...), attributes, engine};
}
#endif

// oneDNN 2.6 describes convolutions in int8 wrongly if another thread describes one meanwhile
// (engines_test, Int8IsClose, fails without this). Compiling them, which takes the time, is not
// concerned.
std::mutex& DescriptionMutex() {
  static std::mutex mutex;
  return mutex;
}

void MaxPool(const View& x, const View& y) {
  const std::size_t channels = y.shape.channels, row = x.shape.frames * channels;
  for (std::size_t b = 0; b < y.shape.bands; ++b) {
    for (std::size_t t = 0; t < y.shape.frames; ++t) {
      const float* from = x.data + 2 * b * row + 2 * t * channels;
      float* to = y.data + (b * y.shape.frames + t) * channels;
      for (std::size_t c = 0; c < channels; ++c)
        to[c] = std::max(std::max(from[c], from[c + channels]),
                         std::max(from[c + row], from[c + row + channels]));
    }
  }
}

// Frames before the first and behind the last that counts, as in a mirror there.
void Reflect(std::size_t pad, const View& x, const View& y) {
  const std::size_t channels = x.shape.channels;
  for (std::size_t b = 0; b < x.shape.bands; ++b) {
    const float* from = x.data + b * x.shape.frames * channels;
    float* to = y.data + b * y.shape.frames * channels;
    for (std::size_t t = 0; t < y.valid; ++t) {
      const std::size_t at = t < pad             ? pad - t
                             : t < pad + x.valid ? t - pad
                                                 : 2 * (x.valid - 1) - (t - pad);
      std::copy_n(from + at * channels, channels, to + t * channels);
    }
  }
}

void UnitLength(const View& x, const View& y) {
  double sum = 0;
  for (std::size_t c = 0; c < x.shape.channels; ++c)
    sum += std::pow(static_cast<double>(x.data[c]), 2);
  const auto scale = static_cast<float>(1 / std::max(std::sqrt(sum), kShortest));
  for (std::size_t c = 0; c < x.shape.channels; ++c) y.data[c] = x.data[c] * scale;
}

void BandsAsChannels(const View& x, const View& y) {
  const auto [bands, frames, channels] = x.shape;
  for (std::size_t b = 0; b < bands; ++b)
    for (std::size_t t = 0; t < frames; ++t)
      for (std::size_t c = 0; c < channels; ++c)
        y.data[t * bands * channels + c * bands + b] = x.data[(b * frames + t) * channels + c];
}

// Channels that lie one after the other as so many parts of bands.
void PartsAsBands(const View& x, const View& y) {
  const auto [bands, frames, parts] = y.shape;
  for (std::size_t b = 0; b < bands; ++b)
    for (std::size_t t = 0; t < frames; ++t)
      for (std::size_t p = 0; p < parts; ++p)
        y.data[(b * frames + t) * parts + p] = x.data[t * x.shape.channels + p * bands + b];
}

// Whether a node's values cannot be negative, which gives 8 bits to what is positive.
std::vector<bool> NonNegative(const std::vector<Node>& nodes) {
  std::vector<bool> result;
  for (const Node& node : nodes) {
    switch (node.op) {
      case Op::kAffine:
      case Op::kConv:
      case Op::kAdd:
        result.push_back(node.activation == Activation::kRelu ||
                         node.activation == Activation::kSigmoid ||
                         node.activation == Activation::kClippedRelu);
        break;
      case Op::kMultiply:
      case Op::kMaxPool:
      case Op::kMean:
      case Op::kSegmentMean:
      case Op::kMultiplySegments:
      case Op::kConcat:
      case Op::kSlice:
      case Op::kBandsAsChannels:
      case Op::kChannelsAsBands:
      case Op::kReflect:
      case Op::kFirstFrame:
      case Op::kLastFrame:
        result.push_back(std::all_of(node.inputs.begin(), node.inputs.end(),
                                     [&](std::size_t input) { return result[input]; }));
        break;
      default:
        result.push_back(node.op == Op::kSoftmax);
    }
  }
  return result;
}

// Leaves out affine nodes that our own convolutions before them can do in passing: `after` gets
// them, by the convolutions' numbers.
std::vector<Node> WithoutAffine(std::vector<Node> nodes, std::map<std::size_t, Node>* after) {
  std::vector<std::size_t> uses(nodes.size()), place(nodes.size());
  for (const Node& node : nodes)
    for (std::size_t input : node.inputs) ++uses[input];
  std::vector<Node> kept;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    Node& node = nodes[n];
    if (node.op == Op::kAffine && node.activation == Activation::kNone &&
        uses[node.inputs[0]] == 1 && Convolution::TakesAffine(nodes[node.inputs[0]])) {
      place[n] = place[node.inputs[0]];
      after->emplace(place[n], std::move(node));
      continue;
    }
    place[n] = kept.size();
    for (std::size_t& input : node.inputs) input = place[input];
    kept.push_back(node);
  }
  return kept;
}

// Whether products of bytes are added exactly. Without VNNI sums of two are cut off at 16 bits,
// which 127 * 127 * 2 does not reach, but 255 * 127 * 2 does.
bool AddsBytesExactly() {
  constexpr unsigned kVnni = (dnnl_cpu_isa_avx512_core_vnni & ~dnnl_cpu_isa_avx512_core) |
                             (dnnl_cpu_isa_avx2_vnni & ~dnnl_cpu_isa_avx2);
  return (static_cast<unsigned>(dnnl_get_effective_cpu_isa()) & kVnni) != 0;
}

// Rounds values to multiples of what is returned, as 0 to 255 (or to 127) or as -127 to 127.
template <typename Integer>
float Quantize(const float* values, std::size_t count, Integer* out) {
  static const bool exact = AddsBytesExactly();
  const float most = std::is_signed_v<Integer> || !exact ? 127 : 255;
  float greatest = 0;
  for (std::size_t i = 0; i < count; ++i) greatest = std::max(greatest, std::abs(values[i]));
  if (!(greatest > 0)) greatest = most;  // all zero
  const float inverse = most / greatest;
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<Integer>(static_cast<std::int32_t>(
        values[i] * inverse + (std::is_signed_v<Integer> && values[i] < 0 ? -0.5f : 0.5f)));
  return greatest / most;
}

struct OneDnnConvolution {
  dnnl::convolution_forward primitive;
  dnnl::memory::desc source, target;
  dnnl::memory weights;
};

// Everything that depends on the number of frames in memory.
struct Plan {
  struct Step {
    Shape shape;
    std::size_t offset = 0;                   // of the value in the workspace
    bool over_residual = false;               // a convolution that takes over its residual's place
    std::size_t scratch = 0;                  // bytes
    bool int8 = false;                        // a convolution in int8
    std::unique_ptr<OneDnnConvolution> conv;  // null: none, or one of our own
  };
  std::vector<Step> steps;
  // Floats in the workspace: the values, scratch memory, and for one convolution in int8 two
  // numbers a channel and what is convolved.
  std::size_t values = 0, scratch = 0, factors = 0, integers = 0;
  std::size_t size() const { return values + scratch + factors + integers; }
};

// Gives every value its place: one that is no longer needed makes room for later ones.
class Places {
 public:
  std::size_t Take(std::size_t floats) {
    floats = Aligned(floats);
    auto best = free_.end();
    for (auto slot = free_.begin(); slot != free_.end(); ++slot) {
      if (slot->second >= floats && (best == free_.end() || slot->second < best->second))
        best = slot;
    }
    if (best == free_.end()) {
      sizes_[end_] = floats;
      end_ += floats;
      return end_ - floats;
    }
    const std::size_t offset = best->first;
    free_.erase(best);
    return offset;
  }
  void Release(std::size_t offset) { free_[offset] = sizes_.at(offset); }
  std::size_t end() const { return end_; }

 private:
  std::map<std::size_t, std::size_t> free_, sizes_;  // by offset
  std::size_t end_ = 0;
};

// OpenMP's number of threads is one for each thread that calls it. As long as this lives it is 1
// for this one; then what the caller had.
class OneOpenMpThread {
 public:
  OneOpenMpThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneOpenMpThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneOpenMpThread(const OneOpenMpThread&) = delete;
  OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

 private:
  int before_;
};

class OneDnnNetwork : public Network {
 public:
  explicit OneDnnNetwork(Graph graph)
      : nodes_(graph.int8 ? std::move(graph.nodes)
                          : WithoutAffine(std::move(graph.nodes), &after_)),
        int8_(graph.int8),
        non_negative_(NonNegative(nodes_)) {
    last_use_.resize(nodes_.size());
    packed_.resize(nodes_.size());
    weight_scales_.resize(nodes_.size());
    own_.resize(nodes_.size());
    lstms_.resize(nodes_.size());
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      for (std::size_t input : nodes_[n].inputs) last_use_[input] = n;
    last_use_.back() = nodes_.size();
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      if (nodes_[n].op == Op::kConv && !IsOwn(n)) frame_step_ = kFrameStep;
  }

  std::vector<float> Forward(const Matrix& features) override try {
    VPR_CHECK(features.rows == nodes_[0].channels);
    const OneOpenMpThread one_thread;
    const Plan& plan = PlanFor((features.cols + frame_step_ - 1) / frame_step_ * frame_step_);
    std::unique_ptr<Workspace> workspace = TakeWorkspace();
    float* memory = workspace->Get(plan.size());
    std::vector<std::size_t> frames(nodes_.size());
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      frames[n] = n == 0 ? features.cols : FramesAfter(nodes_[n], frames[nodes_[n].inputs[0]]);
      if (frames[n] == 0)
        throw Error(ErrorCode::kUnusable,
                    "too short for this network: " + std::to_string(features.cols) + " frames");
      const View value = {memory + plan.steps[n].offset, plan.steps[n].shape, frames[n]};
      if (n == 0) {
        operations_.transpose(features.data.data(), features.rows, features.cols, value.data);
      } else {
        Run(n, plan, memory, frames, value);
      }
      ClearTail(value);
    }
    const Plan::Step& last = plan.steps.back();
    std::vector<float> embedding(memory + last.offset,
                                 memory + last.offset + last.shape.channels * frames.back());
    ReturnWorkspace(std::move(workspace));
    return embedding;
  } catch (const dnnl::error& error) {
    throw Error(ErrorCode::kInternal, std::string("oneDNN: ") + error.what());
  }

 private:
  static void ClearTail(const View& value) {
    const std::size_t tail = (value.shape.frames - value.valid) * value.shape.channels;
    if (tail == 0) return;
    for (std::size_t b = 1; b <= value.shape.bands; ++b)
      std::fill_n(value.data + b * value.shape.frames * value.shape.channels - tail, tail, 0.0f);
  }

  void Run(std::size_t n, const Plan& plan, float* memory, const std::vector<std::size_t>& frames,
           const View& y) {
    const Node& node = nodes_[n];
    auto input = [&](std::size_t i) {
      const std::size_t from = node.inputs[i];
      return View{memory + plan.steps[from].offset, plan.steps[from].shape, frames[from]};
    };
    const View x = input(0);
    const std::size_t rows = y.shape.bands * y.shape.frames;
    switch (node.op) {
      case Op::kInput:
        break;
      case Op::kAffine:
        return operations_.affine(node, node.scale.data(), node.bias.data(), x, y);
      case Op::kConv:
        if (node.inputs.size() > 1 && !plan.steps[n].over_residual)
          std::copy_n(input(1).data, y.shape.size(), y.data);
        if (own_[n] != nullptr)
          return own_[n]->Run(node, x, y, node.inputs.size() > 1, memory + plan.values);
        return plan.steps[n].int8 ? ConvolveInt8(n, plan, x, y, memory + plan.values)
                                  : Convolve(n, plan, x.data, y, memory + plan.values, {});
      case Op::kAdd:
        return operations_.add(node, x, input(1), y);
      case Op::kMultiply:
        return operations_.times(x, input(1), y);
      case Op::kMaxPool:
        return MaxPool(x, y);
      case Op::kMean:
        return operations_.mean(x, y);
      case Op::kSegmentMean:
        return operations_.segment_mean(node.segment, x, y);
      case Op::kMultiplySegments:
        return operations_.multiply_segments(node.segment, x, input(1), y);
      case Op::kConcat:
        for (std::size_t i = 0, to = 0; i < node.inputs.size(); ++i) {
          const View part = input(i);
          operations_.copy(part.data, part.shape.channels, rows, part.shape.channels, y.data + to,
                           y.shape.channels);
          to += part.shape.channels;
        }
        return;
      case Op::kSlice:
        return operations_.copy(x.data + node.begin, x.shape.channels, rows, node.channels, y.data,
                                node.channels);
      case Op::kBandsAsChannels:
        return BandsAsChannels(x, y);
      case Op::kChannelsAsBands:
        if (node.channels > 1) return PartsAsBands(x, y);
        return operations_.transpose(x.data, x.shape.frames, x.shape.channels, y.data);
      case Op::kReflect:
        return Reflect(node.pad_frames, x, y);
      case Op::kSoftmax:
        return operations_.softmax(x, y);
      case Op::kStatistics:
        return operations_.statistics(node, x, nullptr, y);
      case Op::kWeightedStatistics:
        return operations_.statistics(node, x, input(1).data, y);
      case Op::kUnitLength:
        return UnitLength(x, y);
      case Op::kLstm:
        return lstms_[n]->Run(x, y, memory + plan.values);
      case Op::kFirstFrame:
      case Op::kLastFrame:
        std::copy_n(x.data + (node.op == Op::kLastFrame ? (x.valid - 1) * node.channels : 0),
                    node.channels, y.data);
        return;
    }
  }

  // For a convolution in int8: by what its results are multiplied, and the bias before that.
  struct Factors {
    float *scale = nullptr, *bias = nullptr;
  };

  void Convolve(std::size_t n, const Plan& plan, void* x, const View& y, float* scratch,
                const Factors& factors) {
    const Plan::Step& step = plan.steps[n];
    const auto channels = static_cast<std::int64_t>(nodes_[n].channels);
    const dnnl::memory::desc bias({channels}, DataType::f32, Tag::a);
    const dnnl::memory::desc scratch_size({static_cast<std::int64_t>(step.scratch)}, DataType::u8,
                                          Tag::a);
    std::unordered_map<int, dnnl::memory> arguments = {
        {DNNL_ARG_SRC, dnnl::memory(step.conv->source, engine_, x)},
        {DNNL_ARG_WEIGHTS, step.conv->weights},
        {DNNL_ARG_BIAS,
         dnnl::memory(bias, engine_, step.int8 ? factors.bias : nodes_[n].bias.data())},
        {DNNL_ARG_DST, dnnl::memory(step.conv->target, engine_, y.data)},
        {DNNL_ARG_SCRATCHPAD, dnnl::memory(scratch_size, engine_, scratch)}};
    if (step.int8)
      arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                        dnnl::memory(ChannelFactors(nodes_[n]), engine_, factors.scale));
    step.conv->primitive.execute(stream_, arguments);
  }

  // The range of the values is that of this very recording, so nothing has to be known of it
  // before.
  void ConvolveInt8(std::size_t n, const Plan& plan, const View& x, const View& y, float* scratch) {
    const Node& node = nodes_[n];
    const Factors factors = {scratch + plan.scratch, scratch + plan.scratch + node.channels};
    void* integers = scratch + plan.scratch + plan.factors;
    const float scale = non_negative_[node.inputs[0]]
                            ? Quantize(x.data, x.shape.size(), static_cast<std::uint8_t*>(integers))
                            : Quantize(x.data, x.shape.size(), static_cast<std::int8_t*>(integers));
    for (std::size_t c = 0; c < node.channels; ++c) {
      factors.scale[c] = scale * weight_scales_[n][c];
      factors.bias[c] = node.bias[c] / factors.scale[c];
    }
    Convolve(n, plan, integers, y, scratch, factors);
  }

  static dnnl::memory::desc ChannelFactors(const Node& node) {
    return {{1, static_cast<std::int64_t>(node.channels), 1, 1}, DataType::f32, Tag::nhwc};
  }

  // References stay valid: plans are never removed, and there are few of them (a network sees at
  // most 10 s at once).
  const Plan& PlanFor(std::size_t frames) {
    std::lock_guard lock(mutex_);
    const auto [entry, inserted] = plans_.try_emplace(frames);
    if (inserted) {
      try {
        entry->second = MakePlan(frames);
      } catch (...) {
        plans_.erase(entry);
        throw;
      }
    }
    return entry->second;
  }

  Plan MakePlan(std::size_t input_frames) {
    Plan plan;
    plan.steps.resize(nodes_.size());
    std::vector<std::size_t> frames(nodes_.size()), convolutions;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const Node& node = nodes_[n];
      Plan::Step& step = plan.steps[n];
      frames[n] = n == 0 ? input_frames : FramesAfter(node, frames[node.inputs[0]]);
      step.shape.frames = frames[n];
      step.shape.channels = node.channels;
      if (n > 0) {
        const Shape& in = plan.steps[node.inputs[0]].shape;
        step.shape.bands = BandsAfter(node, in.bands, in.channels);
      }
      if (step.shape.size() == 0)
        throw Error(ErrorCode::kUnusable,
                    "too little for this network: no bands or frames are left");
      if (node.op == Op::kConv) {
        // A value that is convolved as well is read until the end: it keeps its place.
        step.over_residual = node.inputs.size() > 1 && last_use_[node.inputs[1]] == n &&
                             node.inputs[1] != node.inputs[0];
        const Shape& in = plan.steps[node.inputs[0]].shape;
        // Not the first layer, vectors and depthwise convolutions: nothing is won there.
        step.int8 = int8_ && in.frames > 1 && in.channels > node.groups;
        if (step.int8) {
          plan.factors = std::max(plan.factors, Aligned(2 * node.channels));
          plan.integers = std::max(plan.integers, Aligned(in.size() / sizeof(float) + 1));
        }
        convolutions.push_back(n);
      }
      if (node.op == Op::kLstm) PlanLstm(n, plan.steps[node.inputs[0]].shape, step);
    }
    // What a command that embeds a file or two waits for.
    ParallelFor(convolutions.size(), std::min(HardwareThreads(), kMostPlanners),
                [&](std::size_t i) {
                  const OneOpenMpThread one_thread;
                  const std::size_t n = convolutions[i];
                  const Shape& in = plan.steps[nodes_[n].inputs[0]].shape;
                  IsOwn(n) ? PlanOwn(n, in, plan.steps[n]) : PlanOneDnn(n, in, plan.steps[n]);
                });
    Places places;
    std::size_t scratch = 0;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const Node& node = nodes_[n];
      Plan::Step& step = plan.steps[n];
      scratch = std::max(scratch, step.scratch);
      step.offset =
          step.over_residual ? plan.steps[node.inputs[1]].offset : places.Take(step.shape.size());
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const bool taken_over = i == 1 && step.over_residual;
        const bool again =
            std::find(node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(i),
                      node.inputs[i]) != node.inputs.begin() + static_cast<std::ptrdiff_t>(i);
        if (last_use_[node.inputs[i]] == n && !taken_over && !again)
          places.Release(plan.steps[node.inputs[i]].offset);
      }
    }
    plan.values = places.end();
    plan.scratch = Aligned(scratch / sizeof(float) + 1);
#ifdef __GLIBC__
    if (ProcessIsOwned()) malloc_trim(0);  // the plain weights
#endif
    return plan;
  }

  // Whether a node is a convolution of ours.
  bool IsOwn(std::size_t n) const { return !int8_ && Convolution::Fits(nodes_[n]); }

  void PlanOwn(std::size_t n, const Shape& in, Plan::Step& step) {
    if (own_[n] == nullptr) {
      const auto after = after_.find(n);
      own_[n] = std::make_unique<Convolution>(nodes_[n], in.bands, in.channels,
                                              after == after_.end() ? nullptr : &after->second);
      std::vector<float>().swap(nodes_[n].weights);
    }
    step.scratch = own_[n]->Scratch(nodes_[n], in, step.shape) * sizeof(float);
  }

  void PlanLstm(std::size_t n, const Shape& in, Plan::Step& step) {
    if (lstms_[n] == nullptr) {
      lstms_[n] = std::make_unique<Lstm>(nodes_[n], in.channels);
      std::vector<float>().swap(nodes_[n].weights);
      std::vector<float>().swap(nodes_[n].recurrent);
    }
    step.scratch = lstms_[n]->Scratch() * sizeof(float);
  }

  void PlanOneDnn(std::size_t n, const Shape& in, Plan::Step& step) {
    step.conv = std::make_unique<OneDnnConvolution>();
    OneDnnConvolution& conv = *step.conv;
    Node& node = nodes_[n];
    auto dims = [](std::initializer_list<std::size_t> sizes) {
      return Dims(sizes.begin(), sizes.end());
    };
    const std::size_t groups = node.groups;
    Dims weight_dims =
        dims({node.channels / groups, in.channels / groups, node.kernel_bands, node.kernel_frames});
    if (groups > 1) weight_dims.insert(weight_dims.begin(), static_cast<std::int64_t>(groups));
    const Tag plain = groups > 1 ? Tag::goihw : Tag::oihw;
    const DataType source_type = !step.int8                      ? DataType::f32
                                 : non_negative_[node.inputs[0]] ? DataType::u8
                                                                 : DataType::s8;
    const DataType weight_type = step.int8 ? DataType::s8 : DataType::f32;
    conv.source = {dims({1, in.channels, in.bands, in.frames}), source_type, Tag::nhwc};
    conv.target = {dims({1, node.channels, step.shape.bands, step.shape.frames}), DataType::f32,
                   Tag::nhwc};
    dnnl::post_ops after;
    if (step.int8) after.append_binary(dnnl::algorithm::binary_mul, ChannelFactors(node));
    if (node.inputs.size() > 1) after.append_sum();
    if (node.activation != Activation::kNone) AppendActivation(after, node);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::memory::desc bias(dims({node.channels}), DataType::f32, Tag::a);
    auto with = [&](const dnnl::memory::desc& weights) {
      std::lock_guard lock(DescriptionMutex());
      return Describe(attributes, engine_, dnnl::prop_kind::forward_inference,
                      dnnl::algorithm::convolution_direct, conv.source, weights, bias, conv.target,
                      dims({node.stride_bands, node.stride_frames}),
                      dims({0, node.dilation_frames - 1}), dims({node.pad_bands, node.pad_frames}),
                      dims({node.pad_bands, node.pad_frames}));
    };
    dnnl::convolution_forward::primitive_desc chosen = with({weight_dims, weight_type, Tag::any});
    // It may want the weights packed in another way for every number of frames; where the same code
    // takes them as they are, they are not kept twice.
    for (const dnnl::memory& packed : packed_[n]) {
      if (packed.get_desc() == chosen.weights_desc()) break;
      try {
        const dnnl::convolution_forward::primitive_desc other = with(packed.get_desc());
        if (std::strcmp(other.impl_info_str(), chosen.impl_info_str()) == 0) chosen = other;
      } catch (const dnnl::error&) {
        // Not with this packing.
      }
    }
    RequireMemory();
    conv.primitive = dnnl::convolution_forward(chosen);
    step.scratch = chosen.scratchpad_desc().get_size();
    for (const dnnl::memory& packed : packed_[n]) {
      if (packed.get_desc() == chosen.weights_desc()) conv.weights = packed;
    }
    if (conv.weights) return;
    conv.weights = dnnl::memory(chosen.weights_desc(), engine_);
    dnnl::memory from;
    std::vector<std::int8_t> integers;
    if (step.int8) {
      integers = IntegerWeights(n);
      from = dnnl::memory({weight_dims, weight_type, plain}, engine_, integers.data());
    } else if (node.weights.empty()) {
      from = packed_[n].front();  // the plain ones are gone
    } else {
      from = dnnl::memory({weight_dims, weight_type, plain}, engine_, node.weights.data());
    }
    dnnl::reorder(from, conv.weights).execute(stream_, from, conv.weights);
    stream_.wait();
    // What is packed is enough for another packing, so the plain weights need no memory any more.
    if (!int8_) std::vector<float>().swap(node.weights);
    packed_[n].push_back(conv.weights);
  }

  // A node's weights as multiples of weight_scales_[n], one for each channel of the result.
  std::vector<std::int8_t> IntegerWeights(std::size_t n) {
    const Node& node = nodes_[n];
    const std::size_t each = node.weights.size() / node.channels;
    std::vector<std::int8_t> integers(node.weights.size());
    weight_scales_[n].resize(node.channels);
    for (std::size_t c = 0; c < node.channels; ++c)
      weight_scales_[n][c] =
          Quantize(node.weights.data() + c * each, each, integers.data() + c * each);
    return integers;
  }

  std::unique_ptr<Workspace> TakeWorkspace() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>();
    std::unique_ptr<Workspace> workspace = std::move(idle_.back());
    idle_.pop_back();
    return workspace;
  }
  void ReturnWorkspace(std::unique_ptr<Workspace> workspace) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

  std::map<std::size_t, Node> after_;  // affine nodes that convolutions do in passing
  std::vector<Node> nodes_;
  bool int8_;
  std::vector<bool> non_negative_;
  std::vector<std::size_t> last_use_;  // the last node that needs a value
  const Operations& operations_ = BestOperations();
  std::size_t frame_step_ = kFrameStepUncompiled;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::mutex mutex_;  // of what follows
  std::map<std::size_t, Plan> plans_;
  std::vector<std::vector<dnnl::memory>> packed_;  // a node's weights as its plans want them
  std::vector<std::unique_ptr<Convolution>> own_;  // null: by oneDNN
  std::vector<std::unique_ptr<Lstm>> lstms_;
  std::vector<std::vector<float>> weight_scales_;  // of those in int8
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace

std::unique_ptr<Network> MakeOneDnnNetwork(Graph graph) {
  return std::make_unique<OneDnnNetwork>(std::move(graph));
}

}  // namespace vpr
