// A convolution of floats without oneDNN: products of rows of the input and the weights, or
// Winograd's algorithm, with 4 multiplications instead of 9, where the window has 3 x 3 places and
// moves by one. Nothing is compiled for a number of frames.
#pragma once

#include <cstddef>
#include <vector>

#include "onednn/operations.h"

namespace vpr {

class Convolution {
 public:
  // Not of groups.
  static bool Fits(const Node& node) { return node.groups == 1; }

  // Whether a convolution can scale and shift its results.
  static bool TakesAffine(const Node& node) {
    return node.op == Node::Op::kConv && Fits(node) && node.kernel_bands == 1;
  }

  // Of a node whose input has so many bands and channels. The node's weights are no longer needed
  // then; its bias is. `after`: an affine node that it does as well, which must live as long.
  Convolution(const Node& node, std::size_t bands, std::size_t channels,
              const Node* after = nullptr, const Operations& operations = BestOperations());

  // Numbers of scratch memory that Run needs.
  std::size_t Scratch(const Node& node, const Shape& in, const Shape& out) const;

  // `add`: to what is in y.
  void Run(const Node& node, const View& x, const View& y, bool add, float* scratch) const;

 private:
  void RunDirect(const Node& node, const View& x, const View& y, bool add, float* scratch) const;
  void RunWinograd(const Node& node, const View& x, const View& y, bool add, float* scratch) const;

  const Operations* operations_;
  const Node* after_;
  bool winograd_;
  std::size_t channels_;  // of the input
  std::vector<float> weights_;
};

}  // namespace vpr
