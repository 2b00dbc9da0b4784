// NumPy's .npy files, format version 1.0, little-endian, C order.
#pragma once

#include <string>

#include "vpr/base/matrix.h"

namespace vpr {

// Writes [rows, cols] float32, atomically; "-" writes to standard output.
void WriteNpy(const std::string& path, const Matrix& matrix);

// Reads a float32 or float64 array of one or two dimensions (one dimension gives one row), or int64
// as floats. Throws kCorrupt for anything else.
Matrix ReadNpy(const std::string& path);

}  // namespace vpr
