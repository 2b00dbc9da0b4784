// Weights stored in a quarter of the space.
#pragma once

#include <cstddef>
#include <string>

#include "vpr/model/model_file.h"

namespace vpr {

// Weights of a convolution or linear layer: those of each output are int8 multiples of its scale,
// the greatest 127 times it. Scales have 16 bits of mantissa, so that multiples of them are exact,
// and rounding once more changes nothing.
bool HasWeights(const Tensor& tensor);

// Throws kIncompatible for weights that are not numbers.
void RoundWeights(Tensor& tensor);

// As bytes: the scales of all outputs (float32), then the multiples.
std::size_t Int8Bytes(const Tensor& tensor, std::size_t values);
void AppendInt8(const Tensor& tensor, std::string& content);  // of rounded weights
void ReadInt8(const char* bytes, Tensor& tensor);             // fills tensor.data, of its size

}  // namespace vpr
