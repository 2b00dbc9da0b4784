// Comparing embeddings.
#pragma once

#include <span>
#include <vector>

namespace vpr {

// An utterance's voiceprint: the network's output scaled to length 1.
using Embedding = std::vector<float>;

// Scales to length 1 in place. Throws kUnusable if the length is zero or not finite.
void Normalize(std::span<float> vector);

// Inner product of two embeddings of length 1, in [-1, 1]. Throws kInvalidArgument if the
// dimensions differ.
double CosineScore(std::span<const float> a, std::span<const float> b);

}  // namespace vpr
