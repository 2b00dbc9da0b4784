#include "vpr/features/front_end.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "vpr/base/error.h"
#include "vpr/base/npy.h"

namespace vpr {
namespace {

// As in make_family_golden.py.
std::vector<float> Signal(std::size_t samples) {
  std::vector<float> values;
  std::int64_t state = 1;
  for (std::size_t i = 0; i < samples; ++i) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    const auto n = static_cast<std::int64_t>(i);
    const std::int64_t saw = n * (40 + n / 400) % 16000 - 8000;
    values.push_back(static_cast<float>(saw + (state >> 16) % 2000 - 1000 + 500) / 32768 /
                     (i < 2500 ? 1 : 512));
  }
  return values;
}

class FrontEndFamily : public ::testing::TestWithParam<const char*> {};

// tests/features/make_front_end_golden.py, PyTorch 2.15 and librosa 0.11.
TEST_P(FrontEndFamily, IsTheFormulas) {
  const Matrix golden = ReadNpy(VPR_TEST_DATA "/" + std::string(GetParam()) + ".npy");
  const std::unique_ptr<FrontEnd> front_end = MakeFrontEnd(GetParam());
  const Matrix found = front_end->Compute(Signal(5000));
  EXPECT_EQ(front_end->num_bins(), 80);
  ASSERT_EQ(found.rows, golden.rows);
  ASSERT_EQ(found.cols, golden.cols);
  for (std::size_t i = 0; i < golden.data.size(); ++i)
    ASSERT_NEAR(found.data[i], golden.data[i], 1e-3) << i;
  EXPECT_THROW(front_end->Compute(std::vector<float>(399)), Error);
}

INSTANTIATE_TEST_SUITE_P(Families, FrontEndFamily, ::testing::Values("titanet", "speechbrain"));

TEST(FilterBank, SumsLikeTheWholeMatrix) {
  Matrix filters(3, 5);
  filters(0, 1) = 2;
  filters(0, 3) = 0.5f;  // a zero between
  filters(2, 4) = 1;     // at the end; the second band is empty
  const FilterBank bank(filters);
  const std::vector<double> power = {1, 10, 100, 1000, 10000};
  ASSERT_EQ(bank.size(), 3u);
  EXPECT_EQ(bank.Sum(0, power), 520);
  EXPECT_EQ(bank.Sum(1, power), 0);
  EXPECT_EQ(bank.Sum(2, power), 10000);
}

}  // namespace
}  // namespace vpr
