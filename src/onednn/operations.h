// What the networks' operations come down to in memory, compiled for several kinds of processors.
#pragma once

#include <cstddef>
#include <vector>

#include "vpr/network/graph.h"

namespace vpr {

// A value in memory: [bands][frames][channels].
struct Shape {
  std::size_t bands = 1, frames = 1, channels = 1;
  std::size_t size() const { return bands * frames * channels; }
};

struct View {
  float* data;
  Shape shape;        // in memory
  std::size_t valid;  // frames that count; the rest is zero
};

// So much of so many rows stays in the second cache beside a panel of weights. Fewer sums at a time
// let the panel stay in the first one, but results then come and go for every part, which costs
// more.
constexpr std::size_t kProductDepth = 768, kProductRows = 128;

// y[r][j] = after(activation(bias[j] + (add ? y[r][j] : 0) + the sum over taps t and d < depth of
// rows[r][taps[t] + d] * weight(j, t, d))), after(x) = scale[j] x + shift[j].
struct Product {
  const float* const* rows;
  std::size_t num_rows;
  const std::ptrdiff_t* taps;
  std::size_t num_taps, depth;
  const float* weights;  // of every panel (PanelWidth) in turn [num_taps][depth][width]
  std::size_t columns;
  const float *bias, *scale, *shift;  // null: none
  bool add;
  Activation activation;
  float most;      // of Activation::kClippedRelu
  float* y;        // [num_rows][columns]
  float* scratch;  // kProductDepth * kProductRows numbers, or null
};

// Results computed side by side from the column-th on: two vectors, or one where that is enough.
static inline std::size_t PanelWidth(std::size_t lanes, std::size_t columns, std::size_t column) {
  return columns - column > lanes ? 2 * lanes : lanes;
}

// A square of 4 x 4 values, from which Winograd's F(2 x 2, 3 x 3) makes one of 2 x 2. `from[i]`
// points to the channels at place i, row by row. The 16 values of a channel go to, or come from,
// places that are `step` apart.
struct Operations {
  std::size_t lanes;  // numbers in a vector
  void (*multiply)(const Product& product);
  void (*spread)(const float* const* from, std::size_t channels, float* to, std::size_t step);
  // `to[i]`, i < 4, null: not wanted.
  void (*gather)(const float* from, std::size_t channels, std::size_t step, const float* bias,
                 bool add, Activation activation, float most, float* const* to);

  void (*affine)(const Node& node, const float* scale, const float* bias, const View& x,
                 const View& y);
  void (*add)(const Node& node, const View& a, const View& b, const View& y);
  void (*times)(const View& a, const View& b, const View& y);
  void (*mean)(const View& x, const View& y);
  void (*segment_mean)(std::size_t segment, const View& x, const View& y);
  void (*multiply_segments)(std::size_t segment, const View& x, const View& gates, const View& y);
  // `weights` null: all alike.
  void (*statistics)(const Node& node, const View& x, const float* weights, const View& y);
  void (*softmax)(const View& x, const View& y);
  // `count` numbers of each of so many rows, `from_step` and `to_step` apart.
  void (*copy)(const float* from, std::size_t from_step, std::size_t rows, std::size_t count,
               float* to, std::size_t to_step);
  // One frame of an LSTM of so many channels: of its gates (Node::recurrent) the new `cell` and y.
  void (*lstm)(const float* gates, std::size_t channels, float* cell, float* y);
  // y[column][row] = x[row][column].
  void (*transpose)(const float* x, std::size_t rows, std::size_t columns, float* y);
};

// Those that the processor at hand has, the best one first.
const std::vector<const Operations*>& AllOperations();
inline const Operations& BestOperations() { return *AllOperations().front(); }

extern const Operations kOperationsAny, kOperationsAvx2, kOperationsAvx512;

}  // namespace vpr
