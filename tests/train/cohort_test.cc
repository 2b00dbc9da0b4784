#include "train/cohort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
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

TEST(EmbedSpeakers, GivesTheMeansOfTheSpeakersWithTheMostSpeech) {
  const std::string prefix = test::TempPath("cohort");
  PackedWriter writer(prefix, DatasetInfo{});
  const int utterances[] = {1, 6, 3};
  for (int s = 0; s < 3; ++s) {
    for (int u = 0; u < utterances[s]; ++u)
      writer.Add("u" + std::to_string(s) + std::to_string(u), "s" + std::to_string(s),
                 EncodePcm16(test::SyntheticUtterance(s, u, 1)), 1);
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

  const std::optional<Matrix> means =
      EmbedSpeakers(dataset, records, 2, extractor, 2, progress, {});
  ASSERT_TRUE(means.has_value());
  ASSERT_EQ(means->rows, 2u);
  // Speaker 1, four of its six utterances evenly spread; speaker 2, all three.
  const std::vector<std::vector<std::uint32_t>> used = {{1, 2, 4, 5}, {7, 8, 9}};
  for (std::size_t s = 0; s < 2; ++s) {
    Embedding expected(128);
    for (std::uint32_t record : used[s]) {
      const std::vector<float> one = EmbedRecord(dataset, record, extractor);
      for (std::size_t d = 0; d < expected.size(); ++d) expected[d] += one[d];
    }
    Normalize(expected);
    for (std::size_t d = 0; d < expected.size(); ++d)
      EXPECT_NEAR((*means)(s, d), expected[d], 1e-6) << s;
  }
  EXPECT_EQ(EmbedSpeakers(dataset, records, 9, extractor, 1, progress, {})->rows, 3u);
  EXPECT_FALSE(EmbedSpeakers(dataset, records, 2, extractor, 1, progress, [] { return true; }));
}

}  // namespace
}  // namespace vpr
