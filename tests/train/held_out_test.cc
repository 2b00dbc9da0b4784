#include "train/held_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/eval/metrics.h"

namespace vpr {
namespace {

struct Recorder : Progress {
  std::vector<std::string> warnings;
  void Warn(const std::string& line) override { warnings.push_back(line); }
};

std::string Path(const std::string& name) { return test::TempPath("held_out_" + name); }

std::set<int> Labels(const PackedDataset& dataset, const std::vector<std::uint32_t>& records) {
  std::set<int> labels;
  for (std::uint32_t record : records) labels.insert(dataset.label(record));
  return labels;
}

TEST(HeldOut, SpeakersAreTakenFromTheTrainingSet) {
  test::PackSynthetic(Path("own"), 0, 10, 3, 0.5);
  PackedDataset dataset(Path("own"));
  TrainConfig config;
  config.train = Path("own");
  config.hold_out_speakers = 0.3;
  Recorder progress;
  HeldOut held_out(dataset, config, progress);
  EXPECT_TRUE(held_out.CanMeasure());
  EXPECT_EQ(held_out.training_records().size(), 21u);
  EXPECT_EQ(Labels(dataset, held_out.training_records()).size(), 7u);
  HeldOut again(dataset, config, progress);
  EXPECT_EQ(again.training_records(), held_out.training_records());
  EXPECT_EQ(again.fingerprint(), held_out.fingerprint());
  config.seed = 2;
  HeldOut other(dataset, config, progress);
  EXPECT_NE(other.training_records(), held_out.training_records());
  config.hold_out_speakers = 100;  // two speakers always stay to train on
  EXPECT_EQ(Labels(dataset, HeldOut(dataset, config, progress).training_records()).size(), 2u);
  config.hold_out_speakers = 0;
  HeldOut none(dataset, config, progress);
  EXPECT_FALSE(none.CanMeasure());
  EXPECT_EQ(none.training_records().size(), 30u);
  EXPECT_EQ(none.fingerprint(), "");
}

TEST(HeldOut, ASetBesideTheTrainingSetIsFoundAndLeaksAreToldLoudly) {
  test::PackSynthetic(Path("t"), 0, 4, 2, 0.5);
  test::PackSynthetic(Path("t-dev"), 4, 3, 2, 0.5);
  PackedDataset dataset(Path("t"));
  TrainConfig config;
  config.train = Path("t");
  Recorder progress;
  HeldOut found(dataset, config, progress);
  EXPECT_TRUE(found.CanMeasure());
  EXPECT_EQ(found.training_records().size(), 8u);
  EXPECT_THAT(found.Description(), ::testing::HasSubstr("3 speakers, 6 utterances"));
  EXPECT_TRUE(progress.warnings.empty());
  config.dev = Path("t");
  HeldOut leaking(dataset, config, progress);
  ASSERT_EQ(progress.warnings.size(), 1u);
  EXPECT_THAT(progress.warnings[0], ::testing::HasSubstr("4 of the 4"));
  config.dev = Path("missing");
  EXPECT_THROW(HeldOut(dataset, config, progress), Error);
}

// A network that knows the speaker: band means of clearly different voices.
class PitchNetwork : public Network {
 public:
  std::vector<float> Forward(const Matrix& features) override {
    std::vector<float> means(features.rows);
    for (std::size_t b = 0; b < features.rows; ++b) {
      for (std::size_t t = 0; t < features.cols; ++t) means[b] += features(b, t);
      means[b] = means[b] / static_cast<float>(features.cols) + 8;
    }
    return means;
  }
};

TEST(HeldOut, EerAndThresholdAreMeasuredOnAllPairs) {
  test::PackSynthetic(Path("m"), 0, 6, 4, 1.0);
  PackedDataset dataset(Path("m"));
  TrainConfig config;
  config.train = config.dev = Path("m");
  Recorder progress;
  HeldOut held_out(dataset, config, progress);
  ModelInfo info;
  info.embedding_dim = 128;
  info.features.kind = FeatureKind::kLogMel;
  EmbeddingExtractor extractor(info, std::make_unique<PitchNetwork>());
  EXPECT_FALSE(held_out.Embed(extractor, 1, progress, [] { return true; }));
  const auto embeddings = held_out.Embed(extractor, 2, progress, {});
  ASSERT_TRUE(embeddings.has_value());
  EXPECT_EQ(held_out.Basis(), "all pairs of 24 held-out utterances of 6 speakers");

  const std::vector<CalibrationTrial> trials = held_out.Score(*embeddings, Scorer());
  ASSERT_EQ(trials.size(), 24u * 23 / 2);
  std::vector<ScoredTrial> scored;
  for (const CalibrationTrial& trial : trials) {
    EXPECT_NEAR(trial.seconds, 1, 0.01);
    scored.push_back({trial.score, trial.target});
  }
  EXPECT_EQ(std::count_if(scored.begin(), scored.end(), [](auto& trial) { return trial.target; }),
            6 * (4 * 3 / 2));
  EXPECT_LT(ComputeEer(ComputeDet(scored)).eer, 0.2);
}

}  // namespace
}  // namespace vpr
