#include "vpr/base/npy.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/half.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr char kMagic[] = "\x93NUMPY";

[[noreturn]] void Bad(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "cannot read array '" + Printable(path) + "': " + what);
}

}  // namespace

NpyWriter::NpyWriter(const std::string& path, std::size_t rows, std::size_t cols)
    : missing_(rows * cols) {
  if (path != "-") file_.emplace(path);
  std::string header =
      Format("{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, cols);
  // Magic, version, length and header together fill a multiple of 64 bytes, the last one '\n'.
  std::size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.resize(total - 10 - 1, ' ');
  header += '\n';
  std::string start(kMagic, 6);
  start += '\x01';
  start += '\0';
  start += static_cast<char>(header.size() & 0xFF);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  Write(start.data(), start.size());
}

void NpyWriter::Write(const void* data, std::size_t size) {
  if (file_) {
    file_->Write(data, size);
  } else if (std::fwrite(data, 1, size, stdout) != size) {
    throw Error(ErrorCode::kIo, "cannot write the array to standard output");
  }
}

void NpyWriter::Add(std::span<const float> values) {
  VPR_CHECK(values.size() <= missing_);
  missing_ -= values.size();
  Write(values.data(), values.size_bytes());
}

void NpyWriter::Commit() {
  VPR_CHECK(missing_ == 0);
  if (file_) {
    file_->Commit();
  } else if (std::fflush(stdout) != 0) {
    throw Error(ErrorCode::kIo, "cannot write the array to standard output");
  }
}

void WriteNpy(const std::string& path, const Matrix& matrix) {
  NpyWriter writer(path, matrix.rows, matrix.cols);
  writer.Add(matrix.data);
  writer.Commit();
}

Matrix ReadNpy(const std::string& path) {
  std::string content = ReadFile(path);
  if (content.size() < 10 || std::memcmp(content.data(), kMagic, 6) != 0)
    Bad(path, "it does not begin as an .npy file");
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(content[i]); };
  std::size_t offset = 10;
  std::size_t length = byte(8) | static_cast<std::size_t>(byte(9)) << 8;
  if (byte(6) != 1) {
    if (content.size() < 12) Bad(path, "its header is cut off");
    offset = 12;
    length |= static_cast<std::size_t>(byte(10)) << 16 | static_cast<std::size_t>(byte(11)) << 24;
  }
  if (content.size() < offset + length) Bad(path, "its header is cut off");
  std::string header = content.substr(offset, length);
  offset += length;
  auto kind = [&](const char* name) { return header.find(name) != std::string::npos; };
  const bool half = kind("'<f2'");
  std::size_t width = half ? 2 : kind("'<f4'") ? 4 : kind("'<f8'") || kind("'<i8'") ? 8 : 0;
  // It is filled up with blanks.
  const std::string found =
      "found " + Printable(header.substr(0, header.find_last_not_of(" \n") + 1));
  if (width == 0) Bad(path, "expected float16, float32, float64 or int64, " + found);
  if (!kind("'fortran_order': False"))
    Bad(path, "expected C order, as numpy.ascontiguousarray makes it, " + found);
  const bool is_double = kind("'<f8'");
  std::size_t open = header.find('('), close = header.find(')');
  if (open == std::string::npos || close == std::string::npos || close < open)
    Bad(path, "no shape in its header");
  std::vector<std::size_t> shape;
  for (std::string_view field :
       Split(std::string_view(header).substr(open + 1, close - open - 1), ',')) {
    std::size_t begin = field.find_first_not_of(' ');
    if (begin == std::string_view::npos) continue;
    shape.push_back(std::strtoull(std::string(field.substr(begin)).c_str(), nullptr, 10));
  }
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  if (shape.size() != 2) Bad(path, "expected one or two dimensions, " + found);
  std::size_t available = (content.size() - offset) / width;
  // Where one is 0 the other takes no bytes; but rows are a loop of whoever reads them.
  constexpr std::size_t kMostEmpty = 1 << 24;
  if (std::max(shape[0], shape[1]) > std::max(available, kMostEmpty) ||
      (shape[1] != 0 && shape[0] > available / shape[1]))
    Bad(path, "fewer values than its shape says, " + found);
  Matrix matrix(shape[0], shape[1]);
  const char* values = content.data() + offset;
  for (std::size_t i = 0; i < matrix.data.size(); ++i) {
    if (half) {
      std::uint16_t bits;
      std::memcpy(&bits, values + 2 * i, 2);
      matrix.data[i] = FromHalf(bits);
    } else if (width == 4) {
      std::memcpy(&matrix.data[i], values + 4 * i, 4);
    } else if (is_double) {
      double value;
      std::memcpy(&value, values + 8 * i, 8);
      matrix.data[i] = static_cast<float>(value);
    } else {
      std::int64_t value;
      std::memcpy(&value, values + 8 * i, 8);
      matrix.data[i] = static_cast<float>(value);
    }
  }
  return matrix;
}

}  // namespace vpr
