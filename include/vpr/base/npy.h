// NumPy's .npy files, format version 1.0, little-endian, C order.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "vpr/base/file_io.h"
#include "vpr/base/matrix.h"

namespace vpr {

// Writes [rows, cols] float32 row by row; "-" writes to standard output. Throws kIo.
class NpyWriter {
 public:
  NpyWriter(const std::string& path, std::size_t rows, std::size_t cols);
  void Add(std::span<const float> values);  // what comes next, in C order
  void Commit();                            // gives the file its name; all values must be there

 private:
  void Write(const void* data, std::size_t size);
  std::optional<AtomicFile> file_;  // nothing: standard output
  std::size_t missing_;             // values still to come
};

// The same in one call, atomically.
void WriteNpy(const std::string& path, const Matrix& matrix);

// Reads a float16, float32 or float64 array of one or two dimensions (one dimension gives one row),
// or int64 as floats. Throws kCorrupt for anything else.
Matrix ReadNpy(const std::string& path);

}  // namespace vpr
