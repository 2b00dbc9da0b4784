#include "vpr/features/fbank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "vpr/base/error.h"
#include "vpr/base/npy.h"

namespace vpr {
namespace {

// As in make_fbank_golden.py.
std::vector<float> Signal(std::size_t samples) {
  std::vector<float> values;
  std::int64_t state = 1;
  for (std::size_t i = 0; i < samples; ++i) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    const auto n = static_cast<std::int64_t>(i);
    const std::int64_t saw = n * (40 + n / 400) % 16000 - 8000;
    values.push_back(static_cast<float>(saw + (state >> 16) % 2000 - 1000 + 500) / 32768);
  }
  return values;
}

class Fbank : public ::testing::TestWithParam<int> {};

// tests/features/make_fbank_golden.py, torchaudio 0.13.1.
TEST_P(Fbank, IsTorchaudios) {
  const Matrix golden = ReadNpy(VPR_TEST_DATA "/fbank" + std::to_string(GetParam()) + ".npy");
  const Matrix found = FbankComputer({GetParam(), false}).Compute(Signal(5000));
  ASSERT_EQ(found.rows, golden.rows);
  ASSERT_EQ(found.cols, golden.cols);
  for (std::size_t i = 0; i < golden.data.size(); ++i)
    ASSERT_NEAR(found.data[i], golden.data[i], 2e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(Bins, Fbank, ::testing::Values(80, 40));

TEST(FbankComputer, MeansAreSubtracted) {
  const std::vector<float> signal = Signal(3000);
  const Matrix raw = FbankComputer({80, false}).Compute(signal),
               centred = FbankComputer({80, true}).Compute(signal);
  for (std::size_t m = 0; m < 80; ++m) {
    double sum = 0;
    for (std::size_t t = 0; t < raw.cols; ++t) sum += static_cast<double>(centred(m, t));
    EXPECT_NEAR(sum, 0, 1e-3);
    EXPECT_NEAR(raw(m, 3) - raw(m, 5), centred(m, 3) - centred(m, 5), 1e-5);
  }
}

TEST(FbankComputer, SilenceIsTheFloor) {
  const Matrix features = FbankComputer({80, false}).Compute(std::vector<float>(400));
  ASSERT_EQ(features.cols, 1u);
  for (float value : features.data) EXPECT_NEAR(value, std::log(1.1920928955078125e-07), 1e-5);
}

TEST(FbankComputer, LessThanAFrameIsAnError) {
  EXPECT_THROW(FbankComputer({}).Compute(std::vector<float>(399)), Error);
}

TEST(ParseFbank, ReadsBinsAndMeans) {
  EXPECT_EQ(ParseFbank("fbank80"), (FbankOptions{80, true}));
  EXPECT_EQ(ParseFbank("fbank40-raw"), (FbankOptions{40, false}));
  for (const char* bad : {"", "fbank", "fbank80x", "fbank-80", "fbank80-", "mfcc80", "fbank2",
                          "fbank99999999999", "80"})
    EXPECT_THROW(ParseFbank(bad), Error) << bad;
}

}  // namespace
}  // namespace vpr
