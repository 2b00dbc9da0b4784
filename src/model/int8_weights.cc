#include "model/int8_weights.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "vpr/base/error.h"

namespace vpr {
namespace {

float WeightScale(std::span<const float> weights) {
  float greatest = 0;
  for (float weight : weights) greatest = std::max(greatest, std::abs(weight));
  int exponent = 0;
  const float mantissa = std::frexp(greatest / 127, &exponent);
  return std::ldexp(std::ceil(std::ldexp(mantissa, 16)), exponent - 16);
}

// Plus 0 makes -0 a 0, as it is read back.
float Multiple(float weight, float scale) {
  return scale > 0 ? std::nearbyint(weight / scale) + 0.0f : 0;
}

std::size_t Outputs(const Tensor& tensor) { return static_cast<std::size_t>(tensor.shape[0]); }

}  // namespace

bool HasWeights(const Tensor& tensor) { return tensor.shape.size() >= 2 && tensor.shape[0] > 0; }

void RoundWeights(Tensor& tensor) {
  const std::size_t each = tensor.data.size() / Outputs(tensor);
  for (std::size_t o = 0; o < Outputs(tensor); ++o) {
    const std::span<float> weights = std::span(tensor.data).subspan(o * each, each);
    for (float weight : weights) {
      if (!std::isfinite(weight))
        throw Error(ErrorCode::kIncompatible, "the model has weights that are not numbers");
    }
    const float scale = WeightScale(weights);
    for (float& weight : weights) weight = scale * Multiple(weight, scale);
  }
}

std::size_t Int8Bytes(const Tensor& tensor, std::size_t values) {
  return values == 0 ? 0 : Outputs(tensor) * sizeof(float) + values;
}

void AppendInt8(const Tensor& tensor, std::string& content) {
  if (tensor.data.empty()) return;
  const std::size_t each = tensor.data.size() / Outputs(tensor);
  std::string multiples;
  for (std::size_t o = 0; o < Outputs(tensor); ++o) {
    const std::span<const float> weights = std::span(tensor.data).subspan(o * each, each);
    const float scale = WeightScale(weights);
    content.append(reinterpret_cast<const char*>(&scale), sizeof(scale));
    for (float weight : weights)
      multiples += static_cast<char>(static_cast<std::int8_t>(Multiple(weight, scale)));
  }
  content += multiples;
}

void ReadInt8(const char* bytes, Tensor& tensor) {
  if (tensor.data.empty()) return;
  const std::size_t each = tensor.data.size() / Outputs(tensor);
  const char* multiples = bytes + Outputs(tensor) * sizeof(float);
  for (std::size_t o = 0; o < Outputs(tensor); ++o) {
    float scale = 0;
    std::memcpy(&scale, bytes + o * sizeof(float), sizeof(float));
    for (std::size_t i = o * each; i < (o + 1) * each; ++i)
      tensor.data[i] = scale * static_cast<float>(static_cast<signed char>(multiples[i]));
  }
}

}  // namespace vpr
