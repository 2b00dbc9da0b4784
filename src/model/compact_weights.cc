#include "model/compact_weights.h"

#include <Eigen/Core>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/half.h"
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

void RoundToInt8(Tensor& tensor) {
  const std::size_t each = tensor.data.size() / Outputs(tensor);
  for (std::size_t o = 0; o < Outputs(tensor); ++o) {
    const std::span<float> weights = std::span(tensor.data).subspan(o * each, each);
    const float scale = WeightScale(weights);
    for (float& weight : weights) weight = scale * Multiple(weight, scale);
  }
}

void AppendInt8(const Tensor& tensor, std::string& content) {
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
  const std::size_t each = tensor.data.size() / Outputs(tensor);
  const char* multiples = bytes + Outputs(tensor) * sizeof(float);
  for (std::size_t o = 0; o < Outputs(tensor); ++o) {
    float scale = 0;
    std::memcpy(&scale, bytes + o * sizeof(float), sizeof(float));
    for (std::size_t i = o * each; i < (o + 1) * each; ++i)
      tensor.data[i] = scale * static_cast<float>(static_cast<signed char>(multiples[i]));
  }
}

void CheckFinite(const Tensor& tensor) {
  for (float value : tensor.data) {
    if (!std::isfinite(value))
      throw Error(ErrorCode::kIncompatible,
                  "the model has weights that are not numbers, or too great for this type");
  }
}

}  // namespace

bool HasWeights(const Tensor& tensor) { return tensor.shape.size() >= 2 && tensor.shape[0] > 0; }

void RoundWeights(Tensor& tensor, WeightType type) {
  CheckFinite(tensor);
  if (type == WeightType::kInt8) RoundToInt8(tensor);
  if (type == WeightType::kFloat16) {
    for (float& value : tensor.data) value = static_cast<float>(Eigen::half(value));
    CheckFinite(tensor);
  }
}

std::size_t CompactBytes(const Tensor& tensor, WeightType type, std::size_t values) {
  if (type == WeightType::kFloat16) return values * sizeof(Eigen::half);
  return values == 0 ? 0 : Outputs(tensor) * sizeof(float) + values;
}

void AppendCompact(const Tensor& tensor, WeightType type, std::string& content) {
  if (tensor.data.empty()) return;
  if (type == WeightType::kInt8) return AppendInt8(tensor, content);
  for (float value : tensor.data) {
    const Eigen::half half(value);
    content.append(reinterpret_cast<const char*>(&half), sizeof(half));
  }
}

void ReadCompact(const char* bytes, WeightType type, Tensor& tensor) {
  if (tensor.data.empty()) return;
  if (type == WeightType::kInt8) return ReadInt8(bytes, tensor);
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    std::uint16_t half;
    std::memcpy(&half, bytes + i * sizeof(half), sizeof(half));
    tensor.data[i] = FromHalf(half);
  }
}

const char* Name(WeightType type) {
  switch (type) {
    case WeightType::kFloat16:
      return "float16";
    case WeightType::kInt8:
      return "int8";
    default:
      return "float32";
  }
}

std::optional<WeightType> WeightTypeOf(const std::string& name) {
  for (WeightType type : {WeightType::kFloat32, WeightType::kFloat16, WeightType::kInt8}) {
    if (name == Name(type)) return type;
  }
  return std::nullopt;
}

}  // namespace vpr
