#include "vpr/identify/gallery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::size_t kDim = 12;

Embedding Random(Rng& rng) {
  Embedding embedding(kDim);
  for (float& value : embedding) value = static_cast<float>(rng.Normal());
  Normalize(embedding);
  return embedding;
}

// PLDA and a cohort, so that a score is more than a product.
ScoringModel Scoring(Rng& rng) {
  ScoringModel model;
  model.plda.mean.assign(kDim, 0.02f);
  model.plda.transform = Matrix(kDim, kDim);
  for (std::size_t i = 0; i < kDim; ++i) {
    for (std::size_t k = 0; k < kDim; ++k)
      model.plda.transform(i, k) = static_cast<float>(0.2 * rng.Normal() + (i == k ? 3 : 0));
    model.plda.between.push_back(static_cast<float>(rng.Uniform(0.5, 4)));
  }
  model.cohort = Matrix(30, kDim);
  for (std::size_t r = 0; r < 30; ++r) {
    const Embedding one = Random(rng);
    std::copy(one.begin(), one.end(), model.cohort.row(r));
  }
  model.top_n = 10;
  return model;
}

TEST(Gallery, SearchIsComparingWithEverybody) {
  Rng rng(1);
  for (const ScoringModel& model : {ScoringModel(), Scoring(rng)}) {
    const Scorer scorer(model);
    Gallery gallery(scorer);
    std::vector<Voiceprint> all;
    for (int i = 0; i < 200; ++i) {
      const Template speaker{Random(rng), rng.Uniform(1, 20)};
      gallery.Add("s" + std::to_string(i), speaker);
      all.push_back(scorer.MakeVoiceprint(speaker.embedding, speaker.seconds));
    }
    for (int probe = 0; probe < 20; ++probe) {
      const Voiceprint voiceprint = scorer.MakeVoiceprint(Random(rng), 3);
      std::vector<std::pair<double, std::size_t>> expected;
      for (std::size_t i = 0; i < all.size(); ++i)
        expected.emplace_back(-scorer.Compare(voiceprint, all[i]).value, i);
      std::sort(expected.begin(), expected.end());
      const std::vector<Candidate> found = gallery.Search(voiceprint, 5);
      ASSERT_EQ(found.size(), 5u);
      for (std::size_t k = 0; k < 5; ++k) {
        EXPECT_EQ(found[k].speaker, expected[k].second);
        EXPECT_EQ(found[k].score.value, -expected[k].first);
      }
    }
    EXPECT_EQ(gallery.Search(all[3], 1000).size(), 200u);
    EXPECT_EQ(gallery.Search(all[3], 1)[0].speaker, 3u);
  }
}

TEST(MakeTemplate, IsTheMeanOfTheUtterances) {
  EnrolledUtterance a, b;
  a.embedding = {1, 0};
  b.embedding = {0, 1};
  a.speech_seconds = 2;
  b.speech_seconds = 3;
  const Template both = MakeTemplate({&a, &b});
  EXPECT_NEAR(both.embedding[0], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(both.embedding[1], std::sqrt(0.5), 1e-6);
  EXPECT_EQ(both.seconds, 5);
}

ModelInfo Calibrated() {
  ModelInfo info;
  info.decision = {1.0, 0.05, 0.05, "equal error rate"};
  info.fmr_thresholds = {
      {0.01, 2.0, 0.01, 0.1, true}, {0.001, 4.0, 0.001, 0.3, true}, {0.0001, 9.0, 0.0, 0.9, false}};
  return info;
}

TEST(FindOpenSetThreshold, GoesThroughWhatWasMeasured) {
  const ModelInfo info = Calibrated();
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.01, 1).threshold, 2, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.001, 1).threshold, 4, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, std::sqrt(1e-5), 1).threshold, 3, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.05, 1).threshold, 1, 1e-9);
  // Beyond: on as before, here 2 for every factor of 10; the guess at 9.0 does not count.
  const OpenSetThreshold low = FindOpenSetThreshold(info, 1e-4, 1);
  EXPECT_NEAR(low.threshold, 6, 1e-9);
  EXPECT_TRUE(low.extrapolated);
  EXPECT_FALSE(FindOpenSetThreshold(info, 0.01, 1).extrapolated);
}

TEST(FindOpenSetThreshold, RisesWithTheNumberOfEnrolled) {
  const ModelInfo info = Calibrated();
  const OpenSetThreshold ten = FindOpenSetThreshold(info, 0.01, 10);
  EXPECT_NEAR(1 - std::pow(1 - ten.fmr, 10), 0.01, 1e-12);
  EXPECT_GT(ten.threshold, 3.9);
  EXPECT_GT(FindOpenSetThreshold(info, 0.01, 100).threshold, ten.threshold);
  EXPECT_THROW(FindOpenSetThreshold(info, 0, 10), Error);
  EXPECT_THROW(FindOpenSetThreshold(ModelInfo(), 0.01, 10), Error);
}

}  // namespace
}  // namespace vpr
