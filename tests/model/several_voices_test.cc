#include "vpr/model/several_voices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace vpr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Tells a low voice from a high one.
class PitchNetwork : public Network {
 public:
  explicit PitchNetwork(std::size_t* calls) : calls_(calls) {}
  std::vector<float> Forward(const Matrix& features) override {
    ++*calls_;
    double low = 0, high = 0;
    for (std::size_t band = 0; band < features.rows; ++band) {
      for (std::size_t t = 0; t < features.cols; ++t)
        (band < features.rows / 2 ? low : high) += static_cast<double>(features.row(band)[t]);
    }
    return low > high ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
  }

 private:
  std::size_t* calls_;
};

class Voices : public testing::Test {
 protected:
  // A recording of so many seconds of one and of another, in blocks of `block` samples.
  std::string Say(double first, double second, std::size_t block = 1000,
                  const std::string& basis = "a test") {
    ModelInfo info;
    info.embedding_dim = 2;
    info.features.kind = FeatureKind::kMel;
    info.decision = {0.5, 0, 0, basis};
    const EmbeddingExtractor extractor(info, std::make_unique<PitchNetwork>(&calls_));
    std::vector<float> samples;
    for (const auto& [seconds, hertz] : {std::pair(first, 300.0), std::pair(second, 5000.0)}) {
      const auto count = static_cast<std::size_t>(seconds * kSampleRate);
      for (std::size_t i = 0; i < count; ++i)
        samples.push_back(static_cast<float>(
            0.3 * std::sin(2 * M_PI * hertz / kSampleRate * static_cast<double>(i))));
    }
    calls_ = 0;
    VoicesMeter meter(samples.size());
    for (std::size_t at = 0; at < samples.size(); at += block)
      meter.Accept(
          std::span<const float>(samples).subspan(at, std::min(block, samples.size() - at)));
    return meter.Finish(extractor);
  }

  std::size_t calls_ = 0;
};

TEST_F(Voices, OneIsOne) {
  EXPECT_THAT(Say(9, 0), IsEmpty());
  EXPECT_EQ(calls_, 3u);
  EXPECT_THAT(Say(0, 200), IsEmpty());
  EXPECT_EQ(calls_, VoicesMeter::kMostPieces);
}

TEST_F(Voices, TwoAreSaidHoweverTheyCome) {
  // 16 pieces, 8 of either: 64 of 120 pairs.
  EXPECT_THAT(Say(60, 60), HasSubstr("53 %"));
  EXPECT_THAT(Say(60, 60, 777777), HasSubstr("53 %"));
  EXPECT_THAT(Say(60, 60, 7), HasSubstr("53 %"));
  EXPECT_THAT(Say(75, 25), HasSubstr("more than one voice: of 16 pieces of 3 s"));
}

TEST_F(Voices, NothingIsSaidWhereNothingIsKnown) {
  EXPECT_THAT(Say(4.4, 4.4), IsEmpty());  // less than three pieces
  EXPECT_EQ(calls_, 0u);
  EXPECT_THAT(Say(60, 60, 1000, ""), IsEmpty());  // no threshold
  EXPECT_THAT(Say(0, 0), IsEmpty());
}

TEST(ShareUnlikeTest, CountsPairs) {
  const Scorer cosine;
  const Embedding a = {1, 0}, b = {0, 1};
  EXPECT_EQ(ShareUnlike({}, 3, 0.5, cosine), 0);
  EXPECT_EQ(ShareUnlike({a}, 3, 0.5, cosine), 0);
  EXPECT_EQ(ShareUnlike({a, b}, 3, 0.5, cosine), 1);
  EXPECT_DOUBLE_EQ(ShareUnlike({a, a, b}, 3, 0.5, cosine), 2.0 / 3);
  EXPECT_DOUBLE_EQ(ShareUnlike({a, a, a, b, b}, 3, 0.5, cosine), 0.6);
  EXPECT_EQ(ShareUnlike({a, b}, 3, -0.5, cosine), 0);
}

}  // namespace
}  // namespace vpr
