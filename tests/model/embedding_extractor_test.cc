#include "vpr/model/embedding_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <numeric>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

// Means of the bands, and the number of frames seen in each call.
class MeanNetwork : public Network {
 public:
  explicit MeanNetwork(std::vector<std::size_t>* frames) : frames_(frames) {}
  std::vector<float> Forward(const Matrix& features) override {
    {
      std::lock_guard lock(mutex_);
      frames_->push_back(features.cols);
    }
    std::vector<float> means;
    for (std::size_t b = 0; b < features.rows; ++b)
      means.push_back(std::accumulate(features.row(b), features.row(b) + features.cols, 0.0f) /
                      static_cast<float>(features.cols));
    return means;
  }

 private:
  std::mutex mutex_;  // EmbedFiles calls from several threads
  std::vector<std::size_t>* frames_;
};

ModelInfo Info() {
  ModelInfo info;
  info.embedding_dim = 128;
  info.features.kind = FeatureKind::kLogMel;
  return info;
}

EmbeddingExtractor MakeExtractor(std::vector<std::size_t>& frames) {
  return EmbeddingExtractor(Info(), std::make_unique<MeanNetwork>(&frames));
}

double Length(const std::vector<float>& v) {
  return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
}

TEST(EmbeddingExtractor, ShortSpeechIsRepeatedToACrop) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  std::vector<float> speech = test::SyntheticUtterance(1, 1, 0.5);
  std::vector<float> embedding = extractor.Extract(speech);
  EXPECT_THAT(frames, ::testing::ElementsAre(128u));
  EXPECT_NEAR(Length(embedding), 1, 1e-6);
  EXPECT_EQ(embedding, extractor.Extract(RepeatTo(speech, 32640)));
}

TEST(EmbeddingExtractor, AllOfALongRecordingCounts) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  std::vector<float> speech = test::SyntheticUtterance(1, 1, 25);
  std::vector<float> embedding = extractor.Extract(speech);
  // Three equal parts of 25/3 s.
  EXPECT_THAT(frames, ::testing::ElementsAre(521u, 521u, 521u));
  EXPECT_NEAR(Length(embedding), 1, 1e-6);
  std::vector<float> other_end = speech;
  std::vector<float> tail = test::SyntheticUtterance(2, 1, 5);
  std::copy(tail.begin(), tail.end(), other_end.end() - 5 * 16000);
  EXPECT_NE(embedding, extractor.Extract(other_end));
}

TEST(EmbeddingExtractor, PartsAreAveraged) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  std::vector<float> a = test::SyntheticUtterance(1, 1, 8), b = test::SyntheticUtterance(2, 2, 8);
  std::vector<float> ea = extractor.Extract(a), eb = extractor.Extract(b);
  a.insert(a.end(), b.begin(), b.end());
  std::vector<float> both = extractor.Extract(a), mean(128);
  for (std::size_t i = 0; i < 128; ++i) mean[i] = ea[i] + eb[i];
  for (std::size_t i = 0; i < 128; ++i)
    EXPECT_NEAR(both[i], static_cast<double>(mean[i]) / Length(mean), 1e-6);
}

// A recording that is read block by block has, to the bit, the embedding of the whole, however many
// threads share its parts.
TEST(EmbeddingExtractor, StreamsGiveTheSame) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  const std::string path = test::TempPath("stream.wav");
  for (double seconds : {0.5, 2.04, 9.99, 10.0, 10.01, 47.3}) {
    WriteWav(path, test::SyntheticUtterance(1, 1, seconds), 16000);
    const std::vector<float> speech = extractor.ReadSpeechFor(path);
    const std::vector<float> whole = extractor.Extract(speech);
    for (int threads : {1, 3}) {
      SpeechReader reader = extractor.OpenSpeech(path);
      reader.Find();
      SpeechFingerprintStream fingerprint;
      EXPECT_EQ(
          extractor.Extract(reader, threads, {},
                            [&](std::span<const float> samples) { fingerprint.Add(samples); }),
          whole)
          << seconds;
      EXPECT_EQ(fingerprint.Digest(), SpeechFingerprint(speech)) << seconds;
    }
  }
  std::filesystem::remove(path);
}

TEST(EmbedFiles, StopsInTheMidstOfAFile) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  const std::string path = test::TempPath("endless.wav");
  WriteWav(path, test::SyntheticUtterance(1, 1, 60), 16000);
  struct : Progress {
    void UpdatePart(double items) override { part = std::max(part.load(), items); }
    std::atomic<double> part{0};
  } progress;
  try {
    EmbedFiles(
        {path}, extractor, progress, [&] { return progress.part > 0; }, [](const FailedFile&) {});
    ADD_FAILURE() << "it was not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInterrupted);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("0 of 1 files"));
  }
  EXPECT_LT(progress.part, 1);
  std::filesystem::remove(path);
}

TEST(EmbeddingExtractor, NoSpeechIsAnError) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  EXPECT_THROW(extractor.Extract({}), Error);
}

TEST(EmbeddingExtractor, StoredSpectrogramsGiveTheSame) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  std::vector<float> speech = test::SyntheticUtterance(3, 1, 2.04);
  FeatureOptions raw;
  std::vector<float> a = extractor.Extract(speech);
  std::vector<float> b = extractor.ExtractFromMel(MelComputer(raw).Compute(speech));
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
}

TEST(RepeatTo, RepeatsFromTheStart) {
  std::vector<float> samples = {1, 2, 3};
  EXPECT_EQ(RepeatTo(samples, 7), (std::vector<float>{1, 2, 3, 1, 2, 3, 1}));
  EXPECT_EQ(RepeatTo(samples, 2), samples);
}

TEST(EmbedFiles, BadFilesAreReportedAndTheirRowsAreNaN) {
  std::vector<std::size_t> frames;
  EmbeddingExtractor extractor = MakeExtractor(frames);
  const std::vector<float> voice =
      ReadAudio(std::string(VPR_SAMPLES) + "/flite-slt-1.flac").samples;
  std::vector<std::string> paths;
  for (int i = 0; i < 9; ++i) {
    paths.push_back(test::TempPath("embed_files_" + std::to_string(i) + ".wav"));
    if (i == 4) continue;
    // Another part of a voice each time.
    const std::span part = std::span(voice).subspan(static_cast<std::size_t>(1600 * i), 48000);
    WriteWav(paths.back(), {part.begin(), part.end()}, 16000);
  }
  Progress progress;
  std::vector<FailedFile> failed;
  const EmbeddedFiles embedded =
      EmbedFiles(paths, extractor, progress, {}, [&](const FailedFile& f) { failed.push_back(f); });
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].index, 4u);
  EXPECT_THAT(failed[0].reason, ::testing::HasSubstr("embed_files_4.wav"));
  const Matrix& rows = embedded.embeddings;
  ASSERT_EQ(rows.rows, 9u);
  ASSERT_EQ(embedded.conditions.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    if (i == 4) {
      EXPECT_TRUE(std::isnan(rows(i, 0)));
      EXPECT_TRUE(std::isnan(embedded.conditions[i].seconds));
      continue;
    }
    const std::vector<float> speech = extractor.ReadSpeechFor(paths[i]);
    std::vector<float> single = extractor.Extract(speech);
    EXPECT_EQ(embedded.conditions[i].seconds, static_cast<double>(speech.size()) / 16000);
    EXPECT_EQ(single, std::vector<float>(rows.row(i), rows.row(i) + rows.cols)) << i;
  }
  EXPECT_THROW(EmbedFiles(paths, extractor, progress, {},
                          [](const FailedFile& f) { throw Error(ErrorCode::kUnusable, f.reason); }),
               Error);
}

}  // namespace
}  // namespace vpr
