#include "vpr/features/mel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <thread>

#include "features/mel_kernel.h"
#include "features/mel_oracle.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using testing::Noise;
using testing::OracleFrame;

// The largest relative difference where the reference is above 1e-6 of its maximum.
double WorstRelative(const Matrix& found, const Matrix& expected) {
  double maximum = *std::max_element(expected.data.begin(), expected.data.end()), worst = 0;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    double value = expected.data[i];
    if (value > 1e-6 * maximum)
      worst = std::max(worst, std::abs(static_cast<double>(found.data[i]) - value) / value);
  }
  return worst;
}

double WorstAbsolute(const Matrix& found, const Matrix& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.data.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(found.data[i] - expected.data[i])));
  return worst;
}

class Librosa : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    name_ = GetParam();
    std::string data = VPR_TEST_DATA, shared = std::string(VPR_SHARED_DIR) + "/reference";
    bool ours = std::filesystem::exists(data + "/" + name_ + ".wav");
    wav_ = (ours ? data : shared) + "/" + name_ + ".wav";
    arrays_ = ours ? data : shared + "/librosa-0.10.1";
    if (!std::filesystem::exists(wav_)) GTEST_SKIP() << "SKIPPED: no ../shared";
  }
  Matrix Array(const std::string& kind) const {
    return ReadNpy(arrays_ + "/" + name_ + "." + kind + ".npy");
  }
  std::string name_, wav_, arrays_;
};

// The arrays in data/ and ../shared/reference are what librosa 0.10.1 made of the WAV files:
//   y, _ = soundfile.read(wav, dtype='float32')
//   mel = librosa.feature.melspectrogram(y=y, sr=16000, n_fft=2048, hop_length=256,
//                                        pad_mode='constant', power=2.0, n_mels=128)
//   logmel_db = librosa.power_to_db(mel, ref=np.max)
//   split20 = librosa.effects.split(y, top_db=20)
TEST_P(Librosa, MelSpectrogram) {
  Matrix expected = Array("mel");
  Matrix mel = MelComputer(FeatureOptions{}).Compute(ReadAudio(wav_).samples);
  ASSERT_EQ(mel.rows, expected.rows);
  ASSERT_EQ(mel.cols, expected.cols);
  double worst = WorstRelative(mel, expected);
  RecordProperty("worst_relative", Format("%.2e", worst));
  EXPECT_LT(worst, 2e-6);  // float rounding of librosa's sums
}

TEST_P(Librosa, PowerToDb) {
  FeatureOptions options;
  options.kind = FeatureKind::kDb;
  EXPECT_LT(
      WorstAbsolute(MelComputer(options).Compute(ReadAudio(wav_).samples), Array("logmel_db")),
      5e-5);
}

TEST_P(Librosa, Split) {
  Matrix expected = Array("split20");
  ASSERT_EQ(expected.cols, 2u);
  std::vector<Interval> intervals = SplitSpeech(ReadAudio(wav_).samples, 20);
  ASSERT_EQ(intervals.size(), expected.rows);
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(static_cast<float>(intervals[i].begin), expected(i, 0));
    EXPECT_EQ(static_cast<float>(intervals[i].end), expected(i, 1));
  }
}

INSTANTIATE_TEST_SUITE_P(References, Librosa,
                         ::testing::Values("chirp_2040ms", "gaps_2500ms", "speech_so762_0001"),
                         [](const auto& test) { return std::string(test.param); });

TEST(MelFilterbank, TrianglesOfUnitArea) {
  FeatureOptions options;
  Matrix filters = MelFilterbank(options);
  ASSERT_EQ(filters.rows, 128u);
  ASSERT_EQ(filters.cols, 1025u);
  double width = 16000.0 / 2048;
  for (std::size_t m = 40; m < 128; ++m) {  // wide enough to be sampled well
    double area = 0;
    for (std::size_t k = 0; k < filters.cols; ++k) area += static_cast<double>(filters(m, k));
    EXPECT_NEAR(area * width, 1.0, 0.06) << m;
  }
  // Every bin between the first and the last edge belongs to one or two neighbouring filters.
  for (std::size_t k = 1; k < 1024; ++k) {
    std::size_t first = 128, last = 0;
    for (std::size_t m = 0; m < 128; ++m)
      if (filters(m, k) > 0) first = std::min(first, m), last = m;
    EXPECT_LE(first, last) << k;
    EXPECT_LE(last - first, 1u) << k;
  }
}

TEST(MelFilterbank, FollowsTheRange) {
  FeatureOptions options;
  options.n_fft = 512;
  options.win_length = 400;
  options.n_mels = 40;
  options.fmin = 300;
  options.fmax = 3400;
  Matrix filters = MelFilterbank(options);
  for (std::size_t k = 0; k < filters.cols; ++k) {
    double hz = static_cast<double>(k) * 16000 / 512;
    double sum = 0;
    for (std::size_t m = 0; m < 40; ++m) sum += static_cast<double>(filters(m, k));
    EXPECT_EQ(sum > 0, hz > 300 && hz < 3400) << hz;
  }
}

struct Shape {
  int n_fft, win_length, hop_length, n_mels;
};

class EveryShape : public ::testing::TestWithParam<Shape> {};

TEST_P(EveryShape, AgreesWithTheDefinition) {
  FeatureOptions options;
  options.n_fft = GetParam().n_fft;
  options.win_length = GetParam().win_length;
  options.hop_length = GetParam().hop_length;
  options.n_mels = GetParam().n_mels;
  // A loud tone over faint noise: weak bins beside strong ones show what precision is worth.
  std::vector<float> samples = Noise(5003, 1, 1e-4);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] += static_cast<float>(0.9 * std::sin(2.75 * static_cast<double>(i)));
  Matrix filters = MelFilterbank(options);
  Matrix mel = MelComputer(options).Compute(samples);
  ASSERT_EQ(mel.cols, NumFrames(samples.size(), options));
  double maximum = *std::max_element(mel.data.begin(), mel.data.end());
  for (std::size_t t : {std::size_t{0}, mel.cols / 2, mel.cols - 1}) {
    std::vector<double> expected = OracleFrame(samples, t, options, filters);
    for (std::size_t m = 0; m < mel.rows; ++m)
      EXPECT_NEAR(mel(m, t), expected[m], 1e-6 * expected[m] + 1e-12 * maximum) << t << ' ' << m;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EveryShape,
                         ::testing::Values(Shape{2048, 2048, 256, 128}, Shape{1024, 400, 256, 128},
                                           Shape{512, 400, 160, 80}, Shape{512, 401, 100, 40},
                                           Shape{64, 64, 16, 10}, Shape{128, 1, 5000, 8},
                                           Shape{4096, 3000, 1000, 23}),
                         [](const auto& test) {
                           return "fft" + std::to_string(test.param.n_fft) + "_window" +
                                  std::to_string(test.param.win_length);
                         });

TEST(MelComputer, FrameCountsAndShortInput) {
  MelComputer computer(FeatureOptions{});
  EXPECT_EQ(computer.Compute(std::vector<float>(32640)).cols, 128u);
  for (std::size_t n : {0u, 1u, 255u, 256u, 1023u, 2049u}) {
    std::vector<float> samples = Noise(n, 3);
    Matrix mel = computer.Compute(samples);
    EXPECT_EQ(mel.cols, 1 + n / 256);
    Matrix filters = MelFilterbank(FeatureOptions{});
    std::vector<double> expected = OracleFrame(samples, 0, FeatureOptions{}, filters);
    for (std::size_t m = 0; m < mel.rows; ++m)
      EXPECT_NEAR(mel(m, 0), expected[m], 1e-6 * expected[m] + 1e-12);
  }
}

TEST(MelComputer, NumbersDoNotDependOnNeighbours) {
  MelComputer computer(FeatureOptions{});
  std::vector<float> samples = Noise(256 * 40, 5);
  Matrix whole = computer.Compute(samples);
  // Shifted by whole hops, the inner frames sit in other lanes and batches.
  for (std::size_t skip = 1; skip < 9; ++skip) {
    Matrix part = computer.Compute(std::span(samples).subspan(skip * 256));
    for (std::size_t t = 4; t + 4 < part.cols; ++t)
      for (std::size_t m = 0; m < part.rows; ++m) ASSERT_EQ(part(m, t), whole(m, t + skip));
  }
}

TEST(MelComputer, OneObjectManyThreads) {
  MelComputer computer(FeatureOptions{});
  std::vector<float> samples = Noise(20000, 6);
  Matrix expected = computer.Compute(samples);
  std::vector<Matrix> found(4);
  std::vector<std::thread> threads;
  for (Matrix& matrix : found)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) matrix = computer.Compute(samples);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Matrix& matrix : found) EXPECT_EQ(matrix.data, expected.data);
}

TEST(MelComputer, StrideLeavesTheRestAlone) {
  MelComputer computer(FeatureOptions{});
  std::vector<float> samples = Noise(2560, 7);
  Matrix mel = computer.Compute(samples);
  std::vector<float> out(128 * 20, -1.0f);
  computer.ComputeMel(samples, out.data(), 20);
  for (std::size_t m = 0; m < 128; ++m)
    for (std::size_t t = 0; t < 20; ++t)
      EXPECT_EQ(out[m * 20 + t], t < mel.cols ? mel(m, t) : -1.0f);
}

#ifdef VPR_HAVE_AVX_KERNELS
TEST(MelKernel, AllKernelsAgree) {
  if (!HasAvx2()) GTEST_SKIP() << "SKIPPED: this processor has no AVX2";
  constexpr std::size_t kFft = 512;
  std::vector<float> samples = Noise(kFft + 8, 8);
  std::vector<double> window(kFft, 1.0), weights(kFft / 2 + 1, 1.0);
  std::vector<MelBand> bands;
  for (std::size_t k = 0; k <= kFft / 2; ++k) bands.push_back({k, 1, k});
  MelTables tables;
  tables.n_fft = kFft;
  tables.n_mels = bands.size();
  tables.window_end = kFft;
  tables.window = window.data();
  tables.bands = bands.data();
  tables.weights = weights.data();
  std::vector<std::vector<float>> results;
  std::vector<std::unique_ptr<MelKernel>> kernels;
  kernels.emplace_back(NewBaselineMelKernel(tables));
  kernels.emplace_back(NewAvx2MelKernel(tables));
  if (HasAvx512()) kernels.emplace_back(NewAvx512MelKernel(tables));
  for (const auto& kernel : kernels) {
    std::vector<const float*> frames;
    for (std::size_t l = 0; l < kernel->lanes(); ++l) frames.push_back(samples.data() + l);
    struct alignas(MelKernel::kScratchAlignment) Line {
      char bytes[MelKernel::kScratchAlignment];
    };
    std::vector<Line> scratch(kernel->scratch_bytes() / sizeof(Line) + 1);
    std::vector<float> out(bands.size());
    kernel->Run(frames.data(), 1, scratch.data(), out.data(), 1);
    results.push_back(out);
  }
  for (std::size_t k = 0; k < bands.size(); ++k)
    for (const std::vector<float>& other : results)
      EXPECT_NEAR(results[0][k], other[k], 1e-6 * static_cast<double>(results[0][k]));
}
#endif

TEST(MelComputer, LogMel) {
  FeatureOptions options;
  std::vector<float> samples = Noise(4000, 9, 1e-3);
  Matrix mel = MelComputer(options).Compute(samples);
  options.kind = FeatureKind::kLogMel;
  options.log_floor = 1e-6;
  Matrix log_mel = MelComputer(options).Compute(samples);
  for (std::size_t i = 0; i < mel.data.size(); ++i)
    EXPECT_FLOAT_EQ(log_mel.data[i], std::log(std::max(mel.data[i], 1e-6f)));
  EXPECT_THAT(MelComputer(options).Compute(std::vector<float>(1000)).data,
              ::testing::Each(std::log(1e-6f)));
}

TEST(MelComputer, MeanNorm) {
  FeatureOptions options;
  options.kind = FeatureKind::kLogMel;
  options.mean_norm = true;
  Matrix features = MelComputer(options).Compute(Noise(16000, 10));
  for (std::size_t m = 0; m < features.rows; ++m) {
    double sum = 0;
    for (std::size_t t = 0; t < features.cols; ++t) sum += static_cast<double>(features(m, t));
    EXPECT_NEAR(sum / static_cast<double>(features.cols), 0.0, 1e-5);
  }
}

TEST(MelComputer, LevelNormForgetsTheLevel) {
  FeatureOptions options;
  options.kind = FeatureKind::kLogMel;
  options.level_norm = true;
  MelComputer computer(options);
  std::vector<float> samples = Noise(8000, 11), quiet = samples;
  for (float& sample : quiet) sample *= 0.001f;
  Matrix loud = computer.Compute(samples), soft = computer.Compute(quiet);
  EXPECT_LT(WorstAbsolute(soft, loud), 1e-4);
  // It is the waveform scaled to an RMS of 0.1.
  double energy = 0;
  for (float sample : samples) energy += static_cast<double>(sample) * static_cast<double>(sample);
  std::vector<float> scaled = samples;
  for (float& sample : scaled)
    sample *= static_cast<float>(0.1 / std::sqrt(energy / static_cast<double>(samples.size())));
  options.level_norm = false;
  EXPECT_LT(WorstAbsolute(loud, MelComputer(options).Compute(scaled)), 1e-4);
  // Silence has no level to scale.
  EXPECT_THAT(computer.Compute(std::vector<float>(1000)).data, ::testing::Each(std::log(1e-6f)));
}

// numpy: librosa.power_to_db(np.array([[1e-12, 1.0, 100.0]]), ref=np.max) = [[-80, -20, 0]]
TEST(ApplyPowerToDb, ClosedCases) {
  Matrix mel(1, 3);
  mel.data = {1e-12f, 1.0f, 100.0f};
  ApplyPowerToDb(mel);
  EXPECT_THAT(mel.data, ::testing::ElementsAre(-80.0f, -20.0f, 0.0f));
  Matrix silence(2, 2);
  ApplyPowerToDb(silence);
  EXPECT_THAT(silence.data, ::testing::Each(0.0f));
}

TEST(MelComputer, RefusesBadOptions) {
  FeatureOptions options;
  options.n_fft = 1000;
  EXPECT_THROW(MelComputer computer(options), Error);
  EXPECT_THROW(OnlineMel online(options), Error);
  EXPECT_THROW(MelFilterbank(options), Error);
}

}  // namespace
}  // namespace vpr
