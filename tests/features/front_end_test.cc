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
  EXPECT_EQ(front_end->num_bins(), static_cast<int>(golden.rows));
  ASSERT_EQ(found.rows, golden.rows);
  ASSERT_EQ(found.cols, golden.cols);
  for (std::size_t i = 0; i < golden.data.size(); ++i)
    ASSERT_NEAR(found.data[i], golden.data[i], 1e-3) << i;
  EXPECT_THROW(front_end->Compute(std::vector<float>(399)), Error);
}

INSTANTIATE_TEST_SUITE_P(Families, FrontEndFamily,
                         ::testing::Values("titanet", "speechbrain", "resemblyzer"));

// from resemblyzer import VoiceEncoder
// [[s.start for s in VoiceEncoder.compute_partial_slices(n, 1.3, 0.75)[1]] for n in ...]
TEST(ResemblyzerFrontEnd, PartsAreThePackages) {
  const std::unique_ptr<FrontEnd> front_end = MakeFrontEnd("resemblyzer");
  using Parts = std::vector<std::size_t>;
  EXPECT_EQ(front_end->part_frames(), 160u);
  EXPECT_EQ(front_end->Parts(400), (Parts{0}));
  EXPECT_EQ(front_end->Parts(25599), (Parts{0}));
  EXPECT_EQ(front_end->Parts(25600), (Parts{0}));
  EXPECT_EQ(front_end->Parts(31519), (Parts{0}));
  EXPECT_EQ(front_end->Parts(31520), (Parts{0, 77}));
  EXPECT_EQ(front_end->Parts(43839), (Parts{0, 77}));
  EXPECT_EQ(front_end->Parts(43840), (Parts{0, 77, 154}));
  EXPECT_EQ(front_end->Parts(80000), (Parts{0, 77, 154, 231, 308}));
  EXPECT_EQ(MakeFrontEnd("titanet")->part_frames(), 0u);
  EXPECT_EQ(front_end->Compute(Signal(31520)).cols, 237u);
}

// A root mean square of 0.1 is louder than -30 dB, of 0.001 and 0.002 not: these are the same then.
TEST(ResemblyzerFrontEnd, QuietOnesAreRaised) {
  const std::unique_ptr<FrontEnd> front_end = MakeFrontEnd("resemblyzer");
  auto sine = [](double level) {
    std::vector<float> samples;
    for (int i = 0; i < 16000; ++i)
      samples.push_back(static_cast<float>(level * std::sqrt(2) * std::sin(0.2 * i)));
    return samples;
  };
  const Matrix loud = front_end->Compute(sine(0.1)), low = front_end->Compute(sine(0.001)),
               other = front_end->Compute(sine(0.002));
  for (std::size_t i = 0; i < loud.data.size(); ++i) {
    EXPECT_NEAR(low.data[i], loud.data[i] * 0.1f, 1e-5f + 1e-4f * loud.data[i]);
    EXPECT_NEAR(low.data[i], other.data[i], 1e-5f + 1e-4f * low.data[i]);
  }
  EXPECT_EQ(front_end->Compute(std::vector<float>(16000)).data, std::vector<float>(40 * 160));
}

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
