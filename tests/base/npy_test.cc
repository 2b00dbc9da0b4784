#include "vpr/base/npy.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/testing.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

std::string NpyBytes(const std::string& dictionary, const std::string& values, int version = 1) {
  std::string header = dictionary + "\n";
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + values;
}

template <typename T>
std::string Raw(std::initializer_list<T> values) {
  std::string bytes;
  for (T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

Matrix ReadBytes(const TestFolder& folder, const std::string& bytes) {
  WriteTestFile(folder / "a.npy", bytes);
  return ReadNpy(folder / "a.npy");
}

TEST(Npy, RoundTrip) {
  TestFolder folder;
  Matrix matrix(3, 5);
  for (std::size_t i = 0; i < matrix.data.size(); ++i)
    matrix.data[i] = std::ldexp(static_cast<float>(i) - 7.1f, static_cast<int>(i) * 5 - 40);
  matrix(1, 2) = std::numeric_limits<float>::infinity();
  matrix(2, 4) = std::numeric_limits<float>::quiet_NaN();
  WriteNpy(folder / "m.npy", matrix);
  Matrix back = ReadNpy(folder / "m.npy");
  EXPECT_EQ(back.rows, 3u);
  EXPECT_EQ(back.cols, 5u);
  ASSERT_EQ(back.data.size(), matrix.data.size());
  EXPECT_EQ(std::memcmp(back.data.data(), matrix.data.data(), 4 * matrix.data.size()), 0);
}

TEST(Npy, EmptyMatrices) {
  TestFolder folder;
  WriteNpy(folder / "m.npy", Matrix(0, 256));
  Matrix back = ReadNpy(folder / "m.npy");
  EXPECT_EQ(back.rows, 0u);
  EXPECT_EQ(back.cols, 256u);
}

TEST(Npy, BytesAreNumPys) {
  // python3 -c "import numpy as np; np.save('m.npy', np.array([[1, 2]], np.float32))"
  TestFolder folder;
  Matrix matrix(1, 2);
  matrix(0, 0) = 1;
  matrix(0, 1) = 2;
  WriteNpy(folder / "m.npy", matrix);
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  expected.resize(127, ' ');
  expected += "\n" + Raw<float>({1, 2});
  EXPECT_EQ(ReadFile(folder / "m.npy"), expected);
}

TEST(Npy, OtherTypesAndShapes) {
  TestFolder folder;
  Matrix doubles =
      ReadBytes(folder, NpyBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
                                 Raw<double>({1.5, -2, 3, 1e300})));
  EXPECT_EQ(doubles.rows, 2u);
  EXPECT_EQ(doubles(0, 0), 1.5f);
  EXPECT_EQ(doubles(1, 0), 3.0f);
  EXPECT_TRUE(std::isinf(doubles(1, 1)));

  Matrix integers =
      ReadBytes(folder, NpyBytes("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }",
                                 Raw<std::int64_t>({-1, 0, 70000})));
  EXPECT_EQ(integers.rows, 1u);
  EXPECT_EQ(integers.cols, 3u);
  EXPECT_EQ(integers(0, 2), 70000.0f);

  // python3 -c "import numpy as np; print(np.array([1, -2.5, 6e-8, 65504, np.inf],
  //   np.float16).view(np.uint16))"  # [15360 49408 1 31743 31744]
  Matrix halves =
      ReadBytes(folder, NpyBytes("{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }",
                                 Raw<std::uint16_t>({15360, 49408, 1, 31743, 31744})));
  EXPECT_EQ(halves(0, 0), 1.0f);
  EXPECT_EQ(halves(0, 1), -2.5f);
  EXPECT_EQ(halves(0, 2), 5.9604645e-8f);
  EXPECT_EQ(halves(0, 3), 65504.0f);
  EXPECT_TRUE(std::isinf(halves(0, 4)));

  Matrix version2 = ReadBytes(
      folder,
      NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", Raw<float>({4}), 2));
  EXPECT_EQ(version2(0, 0), 4.0f);
}

struct BadNpy {
  const char* name;
  std::string bytes;
  const char* says;
};

class BadNpyTest : public testing::TestWithParam<BadNpy> {};

TEST_P(BadNpyTest, IsRefused) {
  TestFolder folder;
  std::string message =
      MessageOf(ErrorCode::kCorrupt, [&] { ReadBytes(folder, GetParam().bytes); });
  EXPECT_THAT(message, HasSubstr("a.npy"));
  EXPECT_THAT(message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Npy, BadNpyTest,
    testing::Values(
        BadNpy{"Empty", "", "begin"}, BadNpy{"Text", "this is text, not an array", "begin"},
        BadNpy{"NoHeader", std::string("\x93NUMPY\x01\x00\xFF\x00", 10), "cut off"},
        BadNpy{"Version2CutOff", std::string("\x93NUMPY\x02\x00\x01\x00", 10), "cut off"},
        BadNpy{"Complex",
               NpyBytes("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678"),
               "<c8"},
        BadNpy{"Fortran",
               NpyBytes("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "1234"),
               "C order, as numpy.ascontiguousarray makes it, found {"},
        BadNpy{"NoShape", NpyBytes("{'descr': '<f4', 'fortran_order': False}", "1234"), "shape"},
        BadNpy{"Scalar",
               NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "1234"),
               "dimensions"},
        BadNpy{"ThreeDimensions",
               NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }", "1234"),
               "dimensions"},
        BadNpy{"NoColumns",
               NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 0), }", ""),
               "fewer"},
        BadNpy{"Truncated",
               NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "1234567"),
               "fewer"},
        BadNpy{"Overflow",
               NpyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': "
                        "(4294967296, 4294967297), }",
                        "1234"),
               "fewer"}),
    [](const testing::TestParamInfo<BadNpy>& test) { return test.param.name; });

}  // namespace
}  // namespace vpr
