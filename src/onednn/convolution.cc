#include "onednn/convolution.h"

#include <algorithm>

namespace vpr {
namespace {

constexpr std::size_t kSquares = 16;  // numbers a channel of a square of 4 x 4

// Numbers of a block's squares, transformed and multiplied: what the second cache holds, or some
// squares more where the weights are many, which are read for every block.
constexpr std::size_t kBlockFloats = 128 << 10, kFewestSquares = 48;

std::size_t RoundUp(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

bool Pads(const Node& node) { return node.pad_bands + node.pad_frames > 0; }

Shape Padded(const Node& node, const Shape& in) {
  return {in.bands + 2 * node.pad_bands, in.frames + 2 * node.pad_frames, in.channels};
}

// `value(j, k)`, the weight of result j and part k of `depth`, as Product wants it.
template <typename Value>
void Pack(std::size_t columns, std::size_t depth, std::size_t lanes, float* to, Value value) {
  for (std::size_t begin = 0, width = 0; begin < columns; begin += width) {
    width = PanelWidth(lanes, columns, begin);
    for (std::size_t k = 0; k < depth; ++k)
      for (std::size_t j = begin; j < begin + width; ++j) *to++ = j < columns ? value(j, k) : 0;
  }
}

struct Blocks {
  std::size_t wide, all, at_once;
  std::size_t spread_step, gather_step;  // floats from one of the 16 products to the next
};

Blocks BlocksOf(const Shape& out, std::size_t channels) {
  Blocks blocks = {};
  blocks.wide = (out.frames + 1) / 2;
  blocks.all = (out.bands + 1) / 2 * blocks.wide;
  blocks.at_once = std::max(kFewestSquares, kBlockFloats / kSquares / (channels + out.channels));
  blocks.at_once = std::min(blocks.at_once, blocks.all);
  // Not by powers of two, which would fall on the same lines of the cache.
  blocks.spread_step = blocks.at_once * channels + 16;
  blocks.gather_step = blocks.at_once * out.channels + 16;
  return blocks;
}

}  // namespace

Convolution::Convolution(const Node& node, std::size_t bands, std::size_t channels,
                         const Node* after, const Operations& operations)
    : operations_(&operations), after_(after), channels_(channels) {
  const std::size_t lanes = operations.lanes;
  winograd_ = node.kernel_bands == 3 && node.kernel_frames == 3 && node.stride_bands == 1 &&
              node.stride_frames == 1 && node.pad_bands == 1 && node.pad_frames == 1 &&
              node.dilation_frames == 1 && bands > 1 && channels % lanes == 0 &&
              node.channels % lanes == 0;
  const std::size_t window = node.kernel_bands * node.kernel_frames;
  const std::size_t columns = RoundUp(node.channels, lanes);
  if (!winograd_) {
    weights_.resize(columns * channels * window);
    Pack(node.channels, channels * window, lanes, weights_.data(),
         [&](std::size_t j, std::size_t k) {
           return node.weights[(j * channels + k % channels) * window + k / channels];
         });
    return;
  }
  // G w G^T of every window.
  const std::size_t each = columns * channels;
  std::vector<float> squares(node.channels * channels * kSquares);
  for (std::size_t i = 0; i < node.channels * channels; ++i) {
    const float* w = node.weights.data() + i * window;
    float half[4][3];
    for (std::size_t c = 0; c < 3; ++c) {
      half[0][c] = w[c];
      half[1][c] = 0.5f * (w[c] + w[3 + c] + w[6 + c]);
      half[2][c] = 0.5f * (w[c] - w[3 + c] + w[6 + c]);
      half[3][c] = w[6 + c];
    }
    float* to = squares.data() + i * kSquares;
    for (std::size_t r = 0; r < 4; ++r, to += 4) {
      to[0] = half[r][0];
      to[1] = 0.5f * (half[r][0] + half[r][1] + half[r][2]);
      to[2] = 0.5f * (half[r][0] - half[r][1] + half[r][2]);
      to[3] = half[r][2];
    }
  }
  weights_.resize(each * kSquares);
  for (std::size_t s = 0; s < kSquares; ++s)
    Pack(node.channels, channels, lanes, weights_.data() + s * each,
         [&](std::size_t j, std::size_t k) { return squares[(j * channels + k) * kSquares + s]; });
}

std::size_t Convolution::Scratch(const Node& node, const Shape& in, const Shape& out) const {
  if (winograd_) {
    const Blocks blocks = BlocksOf(out, channels_);
    return kSquares * (blocks.spread_step + blocks.gather_step) + channels_;
  }
  return kProductDepth * kProductRows + (Pads(node) ? Padded(node, in).size() : 0);
}

void Convolution::Run(const Node& node, const View& x, const View& y, bool add,
                      float* scratch) const {
  winograd_ ? RunWinograd(node, x, y, add, scratch) : RunDirect(node, x, y, add, scratch);
}

void Convolution::RunDirect(const Node& node, const View& x, const View& y, bool add,
                            float* scratch) const {
  const float* source = x.data;
  const Shape shape = Padded(node, x.shape);
  const std::size_t row = shape.frames * channels_;
  if (Pads(node)) {
    const std::size_t side = node.pad_frames * channels_, middle = x.shape.frames * channels_;
    float* to = scratch + kProductDepth * kProductRows;
    source = to;
    for (std::size_t b = 0; b < shape.bands; ++b, to += row) {
      if (b < node.pad_bands || b >= node.pad_bands + x.shape.bands) {
        std::fill_n(to, row, 0.0f);
        continue;
      }
      std::fill_n(to, side, 0.0f);
      std::copy_n(x.data + (b - node.pad_bands) * middle, middle, to + side);
      std::fill_n(to + side + middle, side, 0.0f);
    }
  }
  // Frames next to each other lie so in memory: one tap.
  const std::size_t together = node.dilation_frames == 1 ? node.kernel_frames : 1;
  std::vector<std::ptrdiff_t> taps;
  for (std::size_t b = 0; b < node.kernel_bands; ++b)
    for (std::size_t f = 0; f < node.kernel_frames; f += together)
      taps.push_back(static_cast<std::ptrdiff_t>(b * row + f * node.dilation_frames * channels_));
  std::vector<const float*> rows;
  rows.reserve(y.shape.bands * y.shape.frames);
  for (std::size_t b = 0; b < y.shape.bands; ++b)
    for (std::size_t t = 0; t < y.shape.frames; ++t)
      rows.push_back(source + b * node.stride_bands * row + t * node.stride_frames * channels_);
  const float *scale = after_ == nullptr ? nullptr : after_->scale.data(),
              *shift = after_ == nullptr ? nullptr : after_->bias.data();
  operations_->multiply({rows.data(), rows.size(), taps.data(), taps.size(), together * channels_,
                         weights_.data(), node.channels, node.bias.data(), scale, shift, add,
                         node.activation, node.most, y.data, scratch});
}

void Convolution::RunWinograd(const Node& node, const View& x, const View& y, bool add,
                              float* scratch) const {
  const Blocks blocks = BlocksOf(y.shape, channels_);
  const std::size_t columns = RoundUp(node.channels, operations_->lanes);
  float* spread = scratch;
  float* products = spread + kSquares * blocks.spread_step;
  float* zeros = products + kSquares * blocks.gather_step;
  std::fill_n(zeros, channels_, 0.0f);
  std::vector<const float*> rows(blocks.at_once);
  const std::ptrdiff_t no_tap = 0;
  for (std::size_t begin = 0; begin < blocks.all; begin += blocks.at_once) {
    const std::size_t count = std::min(blocks.at_once, blocks.all - begin);
    for (std::size_t i = 0; i < count; ++i) {
      // The square's first place is one band and one frame before the four results.
      const std::size_t band = (begin + i) / blocks.wide * 2, frame = (begin + i) % blocks.wide * 2;
      const float* from[kSquares];
      for (std::size_t s = 0; s < kSquares; ++s) {
        const std::size_t b = band + s / 4 - 1, t = frame + s % 4 - 1;  // before 0: huge
        from[s] = b < x.shape.bands && t < x.shape.frames
                      ? x.data + (b * x.shape.frames + t) * channels_
                      : zeros;
      }
      operations_->spread(from, channels_, spread + i * channels_, blocks.spread_step);
    }
    for (std::size_t s = 0; s < kSquares; ++s) {
      for (std::size_t i = 0; i < count; ++i)
        rows[i] = spread + s * blocks.spread_step + i * channels_;
      operations_->multiply({rows.data(), count, &no_tap, 1, channels_,
                             weights_.data() + s * columns * channels_, node.channels, nullptr,
                             nullptr, nullptr, false, Activation::kNone, 0,
                             products + s * blocks.gather_step, nullptr});
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t band = (begin + i) / blocks.wide * 2, frame = (begin + i) % blocks.wide * 2;
      float* to[4];
      for (std::size_t s = 0; s < 4; ++s) {
        const std::size_t b = band + s / 2, t = frame + s % 2;
        to[s] = b < y.shape.bands && t < y.shape.frames
                    ? y.data + (b * y.shape.frames + t) * node.channels
                    : nullptr;
      }
      operations_->gather(products + i * node.channels, node.channels, blocks.gather_step,
                          node.bias.data(), add, node.activation, node.most, to);
    }
  }
}

}  // namespace vpr
