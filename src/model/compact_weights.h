// Weights stored in half or a quarter of the space.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "vpr/model/model_file.h"

namespace vpr {

// Whether a tensor is the weights of a convolution or linear layer, which have the most values.
// float16: each value is IEEE's binary16. int8: those of each output are multiples of its scale,
// the greatest 127 times it; scales have 16 bits of mantissa, so that multiples of them are exact.
// Rounding once more changes nothing.
bool HasWeights(const Tensor& tensor);

// Throws kIncompatible for weights that are not numbers, or too great for the type.
void RoundWeights(Tensor& tensor, WeightType type);

// As bytes; in int8 the scales of all outputs (float32), then the multiples.
std::size_t CompactBytes(const Tensor& tensor, WeightType type, std::size_t values);
void AppendCompact(const Tensor& tensor, WeightType type, std::string& content);  // rounded weights
void ReadCompact(const char* bytes, WeightType type, Tensor& tensor);  // fills data, of its size

const char* Name(WeightType type);  // "float32", "float16", "int8"
std::optional<WeightType> WeightTypeOf(const std::string& name);

}  // namespace vpr
