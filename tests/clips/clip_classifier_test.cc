#include "vpr/clips/clip_classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/testing.h"
#include "clips/drawn_tensors.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

ClipModel DrawModel(std::uint64_t seed = 1) {
  ClipModel model;
  model.info.labels = {"calm", "glad", "mad"};
  model.info.clips.side = 32;
  model.info.clips.face = false;
  model.info.clips.features.n_mels = 16;
  model.info.shape = testing::SmallShape();
  model.info.settings = {{"lr", 0.001}};
  model.info.training.counts = {4, 6, 5};
  model.info.training.source = "clips";
  model.tensors = testing::DrawTensors(model.info.shape, seed);
  model.standardizer.mean.assign(16, -40);
  model.standardizer.scale.assign(16, 0.05f);
  return model;
}

ClipInput DrawInput(bool seen, bool heard) {
  ClipInput input;
  Rng rng(3);
  if (seen) {
    input.pictures.emplace_back(32, 32, 3);
    for (std::uint8_t& value : input.pictures[0].pixels)
      value = static_cast<std::uint8_t>(rng.Below(256));
  }
  if (heard) {
    for (int i = 0; i < 16000; ++i) input.samples.push_back(static_cast<float>(0.1 * rng.Normal()));
  }
  return input;
}

TEST(ClipModel, RoundTrip) {
  TestFolder folder;
  ClipModel model = DrawModel();
  const std::string path = folder / "a.vpc";
  SaveClipModel(path, model);
  EXPECT_TRUE(HoldsClipModel(path));
  const ClipModel read = LoadClipModel(path);
  EXPECT_EQ(read.info.labels, model.info.labels);
  EXPECT_EQ(read.info.clips, model.info.clips);
  EXPECT_EQ(read.info.settings, model.info.settings);
  EXPECT_EQ(read.info.fingerprint, model.info.fingerprint);
  EXPECT_EQ(read.info.majority(), 1);
  ASSERT_EQ(read.tensors.size(), model.tensors.size());
  for (std::size_t i = 0; i < read.tensors.size(); ++i)
    EXPECT_EQ(read.tensors[i].data, model.tensors[i].data);
  const ClipClassifier before(model, {}), after(read, {});
  const ClipInput input = DrawInput(true, true);
  EXPECT_EQ(before.Classify(input).probabilities, after.Classify(input).probabilities);
  EXPECT_TRUE(after.Classify(DrawInput(true, false)).sound.empty());
  EXPECT_TRUE(after.Classify(DrawInput(false, true)).image.empty());
}

TEST(ClipModel, CompactFiles) {
  TestFolder folder;
  ClipModel model = DrawModel();
  SaveClipModel(folder / "float32.vpc", model);
  const auto size = [&](const char* name) {
    return static_cast<double>(std::filesystem::file_size(folder / name));
  };
  const ClipAnswer exact = ClipClassifier(model, {}).Classify(DrawInput(true, true));
  for (const auto& [name, type, most, near] :
       {std::tuple("float16.vpc", WeightType::kFloat16, 0.52, 2e-3),
        std::tuple("int8.vpc", WeightType::kInt8, 0.27, 3e-2)}) {
    ClipModel rounded = model;
    QuantizeClipModel(rounded, type);
    SaveClipModel(folder / name, rounded);
    EXPECT_LT(size(name), most * size("float32.vpc")) << name;
    const ClipModel read = LoadClipModel(folder / name);
    EXPECT_EQ(read.info.weights, type);
    for (std::size_t i = 0; i < read.tensors.size(); ++i)
      ASSERT_EQ(read.tensors[i].data, rounded.tensors[i].data) << read.tensors[i].name;
    const ClipAnswer answer = ClipClassifier(read, {}).Classify(DrawInput(true, true));
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(answer.probabilities[c], exact.probabilities[c], near) << name;
  }
}

TEST(ClipModel, DamagedFilesAreRefused) {
  TestFolder folder;
  ClipModel model = DrawModel();
  model.info.shape.image = model.info.clips.image = false;  // a small file
  model.tensors = testing::DrawTensors(model.info.shape, 1);
  const std::string path = folder / "a.vpc", bad = folder / "bad.vpc";
  SaveClipModel(path, model);
  const std::string good = ReadFile(path);
  const auto refused = [&](ErrorCode code, const std::string& content) {
    WriteTestFile(bad, content);
    return MessageOf(code, [&] { LoadClipModel(bad); });
  };
  for (std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{20}, good.size() / 2, good.size() - 1})
    EXPECT_THAT(refused(ErrorCode::kCorrupt, good.substr(0, size)), HasSubstr("bad.vpc"));
  for (std::size_t at = 24; at < good.size(); at += good.size() / 7) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    refused(ErrorCode::kCorrupt, flipped);
  }
  std::string newer = good;
  newer[8] = 9;
  EXPECT_THAT(refused(ErrorCode::kIncompatible, newer), HasSubstr("format version 9"));
  // A valid container of something that does not fit together.
  const auto with = [&](void (*change)(ClipModel&)) {
    ClipModel changed = model;
    change(changed);
    SaveClipModel(bad, changed);
    return MessageOf(ErrorCode::kIncompatible, [&] { LoadClipModel(bad); });
  };
  with([](ClipModel& m) { m.info.labels = {"b", "a", "c"}; });
  with([](ClipModel& m) { m.info.labels.pop_back(); });
  with([](ClipModel& m) { m.info.clips.frames = 1 << 20; });
  with([](ClipModel& m) { m.info.shape.side = 1 << 20; });
  with([](ClipModel& m) { m.tensors.pop_back(); });
  with([](ClipModel& m) { m.tensors[0].name = "else"; });
  with([](ClipModel& m) { m.standardizer.mean.pop_back(); });
  with([](ClipModel& m) { m.info.clips.features.n_mels = 32; });
  WriteTestFile(bad, "no model");
  EXPECT_FALSE(HoldsClipModel(bad));
  EXPECT_FALSE(HoldsClipModel(folder / "none.vpc"));
  MessageOf(ErrorCode::kNotFound, [&] { LoadClipModel(folder / "none.vpc"); });
}

TEST(ClipModel, OtherClassifiersAreTold) {
  TestFolder folder;
  ClipModel model = DrawModel();
  SaveClipModel(folder / "a.vpc", model);
  EXPECT_THAT(
      MessageOf(ErrorCode::kIncompatible, [&] { Classifier::Load(folder / "a.vpc", "", {}); }),
      HasSubstr("format version 2"));
}

}  // namespace
}  // namespace vpr
