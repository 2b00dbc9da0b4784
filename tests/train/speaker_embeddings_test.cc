#include "train/speaker_embeddings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/pcm16.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

// The mean of each band over time, as an embedding.
class MeanNetwork : public Network {
 public:
  std::vector<float> Forward(const Matrix& features) override {
    std::vector<float> means;
    for (std::size_t b = 0; b < features.rows; ++b)
      means.push_back(std::accumulate(features.row(b), features.row(b) + features.cols, 0.0f) /
                      static_cast<float>(features.cols));
    return means;
  }
};

TEST(EmbedSpeakers, TakesTheSpeakersWithTheMostSpeechFirst) {
  const std::string prefix = test::TempPath("cohort");
  PackedWriter writer(prefix, DatasetInfo{});
  const int utterances[] = {1, 25, 3};
  for (int s = 0; s < 3; ++s) {
    for (int u = 0; u < utterances[s]; ++u)
      writer.Add("u" + std::to_string(s) + std::to_string(u), "s" + std::to_string(s),
                 EncodePcm16(test::SyntheticUtterance(s, u, 0.5)), 0.5);
  }
  writer.Commit();
  const PackedDataset dataset(prefix);
  std::vector<std::uint32_t> records(dataset.size());
  std::iota(records.begin(), records.end(), 0u);
  ModelInfo info;
  info.embedding_dim = 128;
  info.features.kind = FeatureKind::kLogMel;
  const EmbeddingExtractor extractor(info, std::make_unique<MeanNetwork>());
  Progress progress;

  const std::optional<SpeakerEmbeddings> embedded =
      EmbedSpeakers(dataset, records, kAllSpeakers, extractor, 2, progress, {});
  ASSERT_TRUE(embedded.has_value());
  // 20 of the second speaker's 25 utterances, evenly spread, then the third's, then the first's.
  std::vector<std::uint32_t> used;
  for (std::uint32_t i = 0; i < 20; ++i) used.push_back(1 + i * 25 / 20);
  used.insert(used.end(), {26, 27, 28, 0});
  std::vector<int> speakers(20, 0);
  speakers.insert(speakers.end(), {1, 1, 1, 2});
  EXPECT_EQ(embedded->speakers, speakers);
  EXPECT_EQ(embedded->num_speakers(), 3);
  EXPECT_EQ(embedded->speakers_with_several(), 2);
  ASSERT_EQ(embedded->embeddings.rows, used.size());
  for (std::size_t i = 0; i < used.size(); ++i) {
    const std::vector<float> one = EmbedRecord(dataset, used[i], extractor);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), embedded->embeddings.row(i))) << i;
  }
  EXPECT_FALSE(
      EmbedSpeakers(dataset, records, kAllSpeakers, extractor, 1, progress, [] { return true; }));
  // Two speakers, eight utterances: four of each at most.
  EXPECT_EQ(EmbedSpeakers(dataset, records, {2, 8}, extractor, 1, progress, {})->speakers,
            std::vector({0, 0, 0, 0, 1, 1, 1}));

  const Matrix means = SpeakerMeans(*embedded, 2);
  ASSERT_EQ(means.rows, 2u);
  Embedding third(128);
  for (std::uint32_t record : {26u, 27u, 28u}) {
    const std::vector<float> one = EmbedRecord(dataset, record, extractor);
    for (std::size_t d = 0; d < third.size(); ++d) third[d] += one[d];
  }
  Normalize(third);
  for (std::size_t d = 0; d < third.size(); ++d) EXPECT_NEAR(means(1, d), third[d], 1e-6);
  EXPECT_EQ(SpeakerMeans(*embedded, 9).rows, 3u);
}

}  // namespace
}  // namespace vpr
