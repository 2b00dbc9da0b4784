#include "vpr/plot/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <thread>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
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
void ExpectPng(const std::string& path, std::uint32_t width, std::uint32_t height) {
  std::string bytes = ReadFile(path);
  ASSERT_GT(bytes.size(), 5000u);
  EXPECT_EQ(bytes.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(bytes.substr(bytes.size() - 8, 4), "IEND");
  EXPECT_EQ(BigEndian(bytes, 16), width);
  EXPECT_EQ(BigEndian(bytes, 20), height);
}

using test::TempPath;

std::size_t FilesNamedLike(const std::string& part) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(::testing::TempDir()))
    if (entry.path().filename().string().find(part) != std::string::npos) ++count;
  return count;
}

class EveryKind : public ::testing::TestWithParam<std::tuple<FeatureKind, bool>> {};

TEST_P(EveryKind, IsDrawn) {
  FeatureOptions options;
  options.kind = std::get<0>(GetParam());
  options.mean_norm = std::get<1>(GetParam());
  std::vector<float> samples = Chirp(2.04);
  std::string path = TempPath("李达康 plot#1.png");
  PlotFeatures(path, "李达康 #1 – chirp.wav", samples, MelComputer(options).Compute(samples),
               options);
  ExpectPng(path, 1200, 800);
  EXPECT_EQ(FilesNamedLike(std::filesystem::path(path).stem().string()),
            1u);  // nothing temporary is left
  std::filesystem::remove(path);
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
    PlotFeatures(TempPath("silence.png"), "silence", samples, computer.Compute(samples), options);
    ExpectPng(TempPath("silence.png"), 1200, 800);
  }
}

TEST(PlotFeatures, Refuses) {
  FeatureOptions options;
  EXPECT_THROW(PlotFeatures(TempPath("x.png"), "", {}, Matrix(80, 10), options), Error);
  try {
    PlotFeatures(TempPath("no/such/folder.png"), "", {}, Matrix(128, 10), options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("folder.png"));
  }
}

TEST(PlotInspection, SilenceAndTheShortestAndLongInput) {
  FeatureOptions options;
  for (double seconds : {0.0, 0.001, 2.0, 60.0}) {
    const std::vector<float> samples = Chirp(seconds);
    const Matrix mel = MelComputer(options).Compute(samples);
    const std::string path = TempPath("inspect.png");
    PlotInspection(path, "李达康 #1", samples, mel, Matrix(20, mel.cols), Matrix(12, mel.cols),
                   options);
    ExpectPng(path, 1200, 1500);
  }
  EXPECT_THROW(PlotInspection(TempPath("x.png"), "", {}, Matrix(128, 3), Matrix(20, 2),
                              Matrix(12, 3), options),
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
    const std::string path = TempPath("confusion.png");
    PlotConfusion(path, "混淆矩阵", labels, counts);
    const std::string bytes = ReadFile(path);
    ExpectPng(path, BigEndian(bytes, 16), BigEndian(bytes, 20));
    EXPECT_GE(BigEndian(bytes, 16), 22 * classes);
  }
  EXPECT_THROW(PlotConfusion(TempPath("x.png"), "", {}, {}), Error);
}

TEST(PlotCurves, PanelsAndGaps) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  Panel loss{"epoch", "loss", {{"training", {1, 2, 3, 4, 5}, {7.5, 5, 4.2, 3.9, 3.8}}}};
  Panel eer{"epoch",
            "EER (%)",
            {{"held-out speakers", {1, 2, 3, 4, 5}, {20, nan, 14, nan, 11}},
             {"constant", {1, 5}, {12, 12}}}};
  std::string path = TempPath("curves.png");
  PlotCurves(path, "Training of 模型", {loss, eer});
  ExpectPng(path, 1000, 700);
  PlotCurves(path, "nothing yet", {{"epoch", "loss", {{"training", {}, {}}}}});
  ExpectPng(path, 1000, 380);
  PlotCurves(path, "one point", {{"epoch", "loss", {{"training", {1}, {3}}}}});
  ExpectPng(path, 1000, 380);
  EXPECT_THROW(PlotCurves(path, "none", {}), Error);
}

TEST(PlotDet, DrawsOnProbitAxes) {
  // Rates of normally distributed scores make straight lines; the second curve leaves the axes.
  Series one{"one", {}, {}}, two{"two", {0, 0, 1}, {1, 0, 0}};
  for (double t = -2; t < 5; t += 0.1) {
    one.x.push_back(0.5 * std::erfc(t / std::sqrt(2.0)));
    one.y.push_back(0.5 * std::erfc((3 - t) / std::sqrt(2.0)));
  }
  const std::string path = test::TempPath("det.png");
  PlotDet(path, "DET of 模型", {one, two});
  ExpectPng(path, 1000, 800);
}

TEST(PlotCurves, FromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([t] {
      PlotCurves(TempPath("thread" + std::to_string(t) + ".png"), "thread",
                 {{"x", "y", {{"line", {0, 1}, {0, 1.0 * t}}}}});
    });
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 3; ++t) ExpectPng(TempPath("thread" + std::to_string(t) + ".png"), 1000, 380);
}

}  // namespace
}  // namespace vpr
