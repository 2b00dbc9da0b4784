#include "vpr/model/fusion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/temp_path.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

Model Example(const char* architecture, int dim, double crop_seconds) {
  Model model;
  model.info.architecture = architecture;
  model.info.architecture_options = {{"channels", {dim}}};
  model.info.embedding_dim = dim;
  model.info.crop_seconds = crop_seconds;
  model.info.decision = {0.25, 0.05, 0.06, "test"};
  model.info.training.speaker_fingerprints = dim == 3 ? "000000000001" : "000000000002";
  model.info.training.crops = 100;
  model.scoring.top_n = 2;
  model.tensors = {{"a", {2}, {static_cast<float>(dim), -1}}, {"b", {}, {0.5f}}};
  return model;
}

TEST(FuseModels, HoldsBothNetworks) {
  const std::vector<Model> models = {Example("resnet", 3, 1.5), Example("ecapa", 5, 1)};
  const Model fusion = FuseModels(models);
  EXPECT_EQ(fusion.info.architecture, kFusion);
  EXPECT_EQ(fusion.info.embedding_dim, 8);
  EXPECT_EQ(fusion.info.crop_seconds, 1);
  EXPECT_EQ(fusion.info.training.crops, 200u);
  EXPECT_EQ(fusion.info.training.speaker_fingerprints, "000000000001000000000002");
  EXPECT_TRUE(fusion.scoring.empty());
  EXPECT_TRUE(fusion.info.decision.basis.empty());
  const std::vector<Model> parts = PartsOf(fusion);
  ASSERT_EQ(parts.size(), 2u);
  for (std::size_t p = 0; p < 2; ++p) {
    EXPECT_EQ(parts[p].info.architecture, models[p].info.architecture);
    EXPECT_EQ(parts[p].info.architecture_options, models[p].info.architecture_options);
    EXPECT_EQ(parts[p].info.embedding_dim, models[p].info.embedding_dim);
    EXPECT_EQ(parts[p].info.training.crops, 0u);
    EXPECT_EQ(parts[p].info.training.speaker_fingerprints, "000000000001000000000002");
    ASSERT_EQ(parts[p].tensors.size(), 2u);
    for (std::size_t t = 0; t < 2; ++t) {
      EXPECT_EQ(parts[p].tensors[t].name, models[p].tensors[t].name);
      EXPECT_EQ(parts[p].tensors[t].data, models[p].tensors[t].data);
    }
  }
}

TEST(FuseModels, RefusesWhatDoesNotFit) {
  const Model one = Example("resnet", 3, 1);
  EXPECT_THROW(FuseModels({one}), Error);
  EXPECT_THROW(FuseModels({one, FuseModels({one, one})}), Error);
  Model other = one;
  other.info.features.sample_rate = 8000;
  EXPECT_THROW(FuseModels({one, other}), Error);
  other = one;
  other.info.features.trim_top_db += 10;
  EXPECT_THROW(FuseModels({one, other}), Error);
  for (const std::vector<double>& weights :
       {std::vector<double>{1}, {1, 0}, {1, -1}, {1, NAN}, {1, INFINITY}, {1, 1e-9}})
    EXPECT_THROW(FuseModels({one, one}, weights), Error);
}

TEST(FuseModels, KeepsFeaturesAndWeightsThatDiffer) {
  Model one = Example("resnet", 3, 1), other = Example("ecapa", 5, 1);
  EXPECT_FALSE(IsMixed(FuseModels({one, other}).info));
  EXPECT_FALSE(IsMixed(FuseModels({one, other}, {2, 2}).info));
  EXPECT_TRUE(IsMixed(FuseModels({one, other}, {1, 2}).info));
  other.info.features.hop_length = 200;
  other.info.features.n_mels = 80;
  Model fusion = FuseModels({one, other}, {1, 4});
  EXPECT_TRUE(IsMixed(fusion.info));
  const std::string path = test::TempPath("fusion.vpr");
  SaveModel(path, fusion);
  const Model read = LoadModel(path);
  EXPECT_EQ(read.info.format_version, kMixedFormatVersion);
  EXPECT_EQ(read.info.parts, fusion.info.parts);
  EXPECT_EQ(read.info.parts[0].weight, 0.25);
  EXPECT_EQ(read.info.parts[1].weight, 1);
  const std::vector<Model> parts = PartsOf(read);
  EXPECT_EQ(parts[0].info.features, one.info.features);
  EXPECT_EQ(parts[1].info.features, other.info.features);
  // What decides the answer is in the fingerprint.
  fusion = FuseModels({one, other}, {1, 2});
  SaveModel(path, fusion);
  EXPECT_NE(LoadModel(path).info.network_fingerprint, read.info.network_fingerprint);
}

TEST(FuseModels, SurvivesTheFile) {
  Model fusion = FuseModels({Example("resnet", 3, 1), Example("ecapa", 5, 1)});
  const std::string path = test::TempPath("fusion.vpr");
  SaveModel(path, fusion);
  const Model read = LoadModel(path);
  EXPECT_EQ(read.info.parts, fusion.info.parts);
  EXPECT_EQ(read.info.network_fingerprint, fusion.info.network_fingerprint);
  EXPECT_EQ(PartsOf(read).size(), 2u);
  fusion.info.parts[0].architecture = "cnn";
  SaveModel(path, fusion);
  EXPECT_NE(fusion.info.network_fingerprint, read.info.network_fingerprint);
}

}  // namespace
}  // namespace vpr
