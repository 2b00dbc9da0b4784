// An LSTM over the frames of a value, in either direction, in memory that does not grow with them.
#pragma once

#include "onednn/convolution.h"

namespace vpr {

class Lstm {
 public:
  // Of a node whose input has so many channels. The node's weights are no longer needed then.
  Lstm(const Node& node, std::size_t inputs, const Operations& operations = BestOperations());

  // Numbers of scratch memory that Run needs.
  std::size_t Scratch() const;

  // Of the frames that count; those behind them in y are left as they are.
  void Run(const View& x, const View& y, float* scratch) const;

 private:
  const Operations* operations_;
  std::size_t channels_;
  bool backward_;
  Node of_frames_, of_state_;  // the parts of the gates, as convolutions over one frame
  Convolution frames_, state_;
};

}  // namespace vpr
