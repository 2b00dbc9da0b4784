// A network that says something about every second frame of a recording: convolutions over time.
#pragma once

#include <string>
#include <vector>

#include "vpr/model/model_file.h"
#include "vpr/network/graph.h"

namespace vpr {

// Time-delay neural network (Waibel et al., "Phoneme recognition using time-delay neural networks",
// IEEE TASSP 1989) with shortcuts: bands normalised; a convolution of 5 frames with stride 2 to
// `channels`; for each dilation a convolution of `kernel` frames plus its input; a layer to
// `outputs`. Batch normalisation and ReLU after all but the last.
struct TdnnShape {
  int inputs = 0;  // bands
  int outputs = 0;
  int channels = 128;
  int kernel = 5;  // odd
  std::vector<int> dilations = {1, 2, 4, 1, 2, 4};

  // Throws kInvalidArgument for what is out of range.
  void Validate() const;
};

// Rows of the output for `frames` frames of the input: one for every two.
std::size_t TdnnFrames(std::size_t frames);

// In evaluation mode; the last node is [outputs, 1, TdnnFrames(frames)]. Throws kIncompatible if a
// tensor is missing, left over, or of another shape.
Graph BuildTdnn(const TdnnShape& shape, std::vector<Tensor> tensors);

}  // namespace vpr
