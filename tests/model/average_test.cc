#include "vpr/model/average.h"

#include <gtest/gtest.h>

#include "vpr/base/error.h"

namespace vpr {
namespace {

Model Example(float first, double crop_seconds, const std::string& speakers) {
  Model model;
  model.info.architecture = "resnet";
  model.info.architecture_options = {{"channels", {16, 32}}};
  model.info.embedding_dim = 3;
  model.info.crop_seconds = crop_seconds;
  model.info.decision = {0.25, 0.05, 0.06, "test"};
  model.info.calibration = {12, -3, 0.5, -0.25};
  model.info.training.speaker_fingerprints = speakers;
  model.info.training.dev_eer = 0.05;
  model.scoring.top_n = 2;
  model.tensors = {{"a", {2}, {first, -1}}, {"b", {}, {0.5f}}};
  return model;
}

TEST(AverageModels, IsTheWeightedMean) {
  const std::string x = "000000000001", y = "000000000002";
  const Model mean = AverageModels({Example(1, 2, x), Example(5, 1, x + y)}, {3, 1});
  EXPECT_EQ(mean.tensors[0].data, (std::vector<float>{2, -1}));
  EXPECT_EQ(mean.tensors[1].data, std::vector<float>{0.5f});
  EXPECT_EQ(mean.info.crop_seconds, 1);
  EXPECT_EQ(mean.info.training.speaker_fingerprints, x + y);
  // Nothing that belongs to another network's scores.
  EXPECT_TRUE(mean.scoring.empty());
  EXPECT_TRUE(mean.info.calibration.empty());
  EXPECT_TRUE(mean.info.decision.basis.empty());
  EXPECT_LT(mean.info.training.dev_eer, 0);
  // An option that came later, and is off.
  Model newer = Example(5, 1, y);
  newer.info.architecture_options["squeeze"] = {0};
  EXPECT_EQ(AverageModels({Example(1, 2, x), newer}, {3, 1}).tensors[0].data, mean.tensors[0].data);
  newer.info.architecture_options["squeeze"] = {4};
  EXPECT_THROW(AverageModels({Example(1, 2, x), newer}, {3, 1}), Error);
}

TEST(AverageModels, RefusesWhatDoesNotFit) {
  const Model one = Example(1, 2, "");
  Model other = one;
  EXPECT_THROW(AverageModels({one}, {1}), Error);
  EXPECT_THROW(AverageModels({one}, {}), Error);
  EXPECT_THROW(AverageModels({one, other}, {1}), Error);
  EXPECT_THROW(AverageModels({one, other}, {1, 0}), Error);
  other.info.architecture_options["channels"] = {16, 64};
  EXPECT_THROW(AverageModels({one, other}, {1, 1}), Error);
  other = one;
  other.info.features.n_fft = 1024;
  EXPECT_THROW(AverageModels({one, other}, {1, 1}), Error);
}

}  // namespace
}  // namespace vpr
