// The container of score files (vpr/model/known_score.h).
#pragma once

#include "model/tensor_file.h"

namespace vpr {

// Version 2 has cohorts in float16, which is what is written.
inline constexpr TensorFileFormat kScoreFormat = {"\x89VPS\r\n\x1a\n", 1, 2, "score"};

}  // namespace vpr
