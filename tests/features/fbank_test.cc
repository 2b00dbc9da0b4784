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

class FbankFamily : public ::testing::TestWithParam<const char*> {};

// tests/features/make_family_golden.py, kaldi-native-fbank 1.23.0.
TEST_P(FbankFamily, IsKaldis) {
  const Matrix golden = ReadNpy(VPR_TEST_DATA "/" + std::string(GetParam()) + ".npy");
  std::vector<float> signal = Signal(5000);
  for (std::size_t i = 2500; i < signal.size(); ++i) signal[i] /= 512;
  const Matrix found = FbankComputer(ParseFbank(GetParam() + std::string("-raw"))).Compute(signal);
  ASSERT_EQ(found.rows, golden.rows);
  ASSERT_EQ(found.cols, golden.cols);
  // The reference computes in float: what is 512 times quieter than its neighbours is off by more.
  for (std::size_t i = 0; i < golden.data.size(); ++i)
    ASSERT_NEAR(found.data[i], golden.data[i], 5e-3) << i;
}

INSTANTIATE_TEST_SUITE_P(Families, FbankFamily, ::testing::Values("wespeaker", "3dspeaker"));

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
  EXPECT_EQ(ParseFbank("wespeaker"), (FbankOptions{80, true, FbankWindow::kHamming, 32768}));
  EXPECT_EQ(ParseFbank("wespeaker40-raw"), (FbankOptions{40, false, FbankWindow::kHamming, 32768}));
  EXPECT_EQ(ParseFbank("3dspeaker"), (FbankOptions{80, true, FbankWindow::kPovey, 1}));
  for (const char* bad : {"", "fbank", "fbank80x", "wespeaker-", "wespeaker80x", "3dspeaker-80",
                          "fbank-80", "fbank80-", "mfcc80", "fbank2", "fbank99999999999", "80"})
    EXPECT_THROW(ParseFbank(bad), Error) << bad;
}

}  // namespace
}  // namespace vpr
