#include "vpr/plot/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>

#include "vpr/base/error.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

std::vector<float> Chirp(double seconds) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * 16000));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double t = static_cast<double>(i) / 16000;
    samples[i] = static_cast<float>(0.5 * std::sin(2 * M_PI * (200 + 1500 * t) * t));
  }
  return samples;
}

std::uint32_t BigEndian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// A whole PNG of this size, with more than a blank page in it.
void ExpectPng(const std::string& bytes, std::uint32_t width, std::uint32_t height) {
  ASSERT_GT(bytes.size(), 5000u);
  EXPECT_EQ(bytes.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(bytes.substr(bytes.size() - 8, 4), "IEND");
  EXPECT_EQ(BigEndian(bytes, 16), width);
  EXPECT_EQ(BigEndian(bytes, 20), height);
}

class EveryKind : public ::testing::TestWithParam<std::tuple<FeatureKind, bool>> {};

TEST_P(EveryKind, IsDrawn) {
  FeatureOptions options;
  options.kind = std::get<0>(GetParam());
  options.mean_norm = std::get<1>(GetParam());
  std::vector<float> samples = Chirp(2.04);
  ExpectPng(PlotFeatures("李达康 #1 – chirp.wav", samples, MelComputer(options).Compute(samples),
                         options),
            1200, 800);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EveryKind,
    ::testing::Combine(::testing::Values(FeatureKind::kMel, FeatureKind::kLogMel, FeatureKind::kDb),
                       ::testing::Bool()));

TEST(PlotFeatures, SilenceAndTheShortestAndLongInput) {
  FeatureOptions options;
  MelComputer computer(options);
  for (double seconds : {0.0, 0.001, 1.0, 100.0}) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * 16000));
    ExpectPng(PlotFeatures("silence", samples, computer.Compute(samples), options), 1200, 800);
  }
}

TEST(PlotFeatures, Refuses) {
  FeatureOptions options;
  EXPECT_THROW(PlotFeatures("", {}, Matrix(80, 10), options), Error);
}

TEST(PlotInspection, SilenceAndTheShortestAndLongInput) {
  FeatureOptions options;
  for (double seconds : {0.0, 0.001, 2.0, 60.0}) {
    const std::vector<float> samples = Chirp(seconds);
    const Matrix mel = MelComputer(options).Compute(samples);
    ExpectPng(PlotInspection("李达康 #1", samples, mel, Matrix(20, mel.cols), Matrix(12, mel.cols),
                             options),
              1200, 1500);
  }
  EXPECT_THROW(PlotInspection("", {}, Matrix(128, 3), Matrix(20, 2), Matrix(12, 3), options),
               Error);
}

TEST(PlotConfusion, FewAndManyClasses) {
  for (std::size_t classes : {1u, 4u, 60u}) {
    std::vector<std::string> labels;
    std::vector<std::vector<std::size_t>> counts(classes, std::vector<std::size_t>(classes));
    for (std::size_t c = 0; c < classes; ++c) {
      labels.push_back("高兴 #" + std::to_string(c));
      counts[c][c] = c;
    }
    const std::string bytes = PlotConfusion("混淆矩阵", labels, counts);
    ExpectPng(bytes, BigEndian(bytes, 16), BigEndian(bytes, 20));
    EXPECT_GE(BigEndian(bytes, 16), 22 * classes);
  }
  EXPECT_THROW(PlotConfusion("", {}, {}), Error);
}

TEST(PlotTimeline, ALaneASpeaker) {
  const std::vector<Lane> lanes = {{"Ada", {{0, 3}, {10, 12.5}}}, {"说话人 #2", {{3, 10}}}};
  ExpectPng(PlotTimeline("meeting 会议", lanes, 20), 1200, 198);
  ExpectPng(PlotTimeline("of hours", lanes, 7200), 1200, 198);
  ExpectPng(PlotTimeline("nobody", {}, 20), 1200, 164);
  ExpectPng(PlotTimeline("many", std::vector<Lane>(300, lanes[0]), 20), 1200, 200 * 34 + 130);
  EXPECT_THROW(PlotTimeline("no length", lanes, 0), Error);
}

TEST(PlotCurves, PanelsAndGaps) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  Panel loss{"epoch", "loss", {{"training", {1, 2, 3, 4, 5}, {7.5, 5, 4.2, 3.9, 3.8}}}};
  Panel eer{"epoch",
            "EER (%)",
            {{"held-out speakers", {1, 2, 3, 4, 5}, {20, nan, 14, nan, 11}},
             {"constant", {1, 5}, {12, 12}}}};
  ExpectPng(PlotCurves("Training of 模型", {loss, eer}), 1000, 700);
  ExpectPng(PlotCurves("nothing yet", {{"epoch", "loss", {{"training", {}, {}}}}}), 1000, 380);
  ExpectPng(PlotCurves("one point", {{"epoch", "loss", {{"training", {1}, {3}}}}}), 1000, 380);
  EXPECT_THROW(PlotCurves("none", {}), Error);
}

TEST(PlotDet, DrawsOnProbitAxes) {
  // Rates of normally distributed scores make straight lines; the second curve leaves the axes.
  Series one{"one", {}, {}}, two{"two", {0, 0, 1}, {1, 0, 0}};
  for (double t = -2; t < 5; t += 0.1) {
    one.x.push_back(0.5 * std::erfc(t / std::sqrt(2.0)));
    one.y.push_back(0.5 * std::erfc((3 - t) / std::sqrt(2.0)));
  }
  ExpectPng(PlotDet("DET of 模型", {one, two}), 1000, 800);
}

TEST(PlotCurves, FromManyThreads) {
  std::vector<std::string> pictures(3);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < pictures.size(); ++t)
    threads.emplace_back([t, &pictures] {
      pictures[t] =
          PlotCurves("thread", {{"x", "y", {{"line", {0, 1}, {0, static_cast<double>(t)}}}}});
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& picture : pictures) ExpectPng(picture, 1000, 380);
}

}  // namespace
}  // namespace vpr
