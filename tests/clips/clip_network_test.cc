#include "vpr/clips/clip_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/testing.h"
#include "clips/drawn_tensors.h"

namespace vpr {
namespace {

using testing::DrawMatrix;
using testing::DrawTensors;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using testing::SmallShape;

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

Tensor& Named(std::vector<Tensor>& tensors, const std::string& name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  EXPECT_NE(found, tensors.end()) << name;
  return *found;
}

TEST(MaskedSoftmax, ClosedCases) {
  EXPECT_THAT(MaskedSoftmax({3, 3}, {true, true}), ElementsAre(0.5, 0.5));
  EXPECT_THAT(MaskedSoftmax({-50, 50}, {true, false}), ElementsAre(1, 0));
  EXPECT_THAT(MaskedSoftmax({50, -50}, {false, true}), ElementsAre(0, 1));
  const auto weights = MaskedSoftmax({std::log(3.0), 0}, {true, true});
  EXPECT_NEAR(weights[0], 0.75, 1e-12);
  EXPECT_NEAR(weights[1], 0.25, 1e-12);
  const auto far = MaskedSoftmax({1000, -1000}, {true, true});
  EXPECT_EQ(far[0], 1);
  EXPECT_EQ(far[1], 0);
}

TEST(ChannelGate, ClosedCases) {
  // Without weights both sigmoids are of the bias: of 0, twice a half.
  ChannelGate gate{std::vector<float>(2, 0), {0}, std::vector<float>(2, 0), {0, std::log(3.0f)}};
  EXPECT_THAT(gate.Factors({5, -5}, {7, 0}),
              ElementsAre(FloatNear(1, 1e-6f), FloatNear(1.5, 1e-6f)));
  // One hidden value: means (1, 2) give relu(1 - 2) = 0, maxima (4, 1) give 3.
  gate = {{1, -1}, {0}, {1, 2}, {0, 0}};
  const auto sigmoid = [](double x) { return static_cast<float>(1 / (1 + std::exp(-x))); };
  EXPECT_THAT(gate.Factors({1, 2}, {4, 1}), ElementsAre(FloatNear(0.5f + sigmoid(3), 1e-6f),
                                                        FloatNear(0.5f + sigmoid(6), 1e-6f)));
}

TEST(ClipShape, TensorsAndParameters) {
  ClipShape shape = SmallShape();
  const std::size_t all = ClipParameters(shape);
  shape.sound = false;
  const std::size_t image = ClipParameters(shape);
  shape = SmallShape();
  shape.image = false;
  const std::size_t sound = ClipParameters(shape);
  // Of the sound branch: convolutions, normalisation, attention, LSTM, projection, norm, head.
  EXPECT_EQ(sound, 32u * 9 + 32 + 64 + (4 * 32 + 4 + 32 * 4 + 32) + 64 * 32 * 9 + 64 +
                       2 * (512 * 64 + 512 * 128 + 2 * 512) + 256 * 256 + 256 + 512 + 3 * 256 + 3);
  // Of the attention fusion: gate, two weights, hidden, head.
  EXPECT_EQ(all - image - sound, 512u * 512 + 512 + 2 * 512 + 2 + 512 * 256 + 512 + 3 * 512 + 3);
  shape = SmallShape();
  shape.image_network = "efficientnet_b0";
  shape.sound = false;
  // torchvision's efficientnet_b0 without its classifier has 4,007,548.
  EXPECT_EQ(ClipParameters(shape) - 4007548u,
            1280u * 160 * 2 + 160 + 1280 + 2560 * 256 + 256 + 512 + 3 * 256 + 3);
}

TEST(ClipShape, Impossible) {
  const auto bad = [](void (*change)(ClipShape&)) {
    ClipShape shape = SmallShape();
    change(shape);
    return MessageOf(ErrorCode::kInvalidArgument, [&] { ClipTensorShapes(shape); });
  };
  EXPECT_THAT(bad([](ClipShape& s) { s.classes = 1; }), HasSubstr("cannot classify"));
  EXPECT_THAT(bad([](ClipShape& s) { s.image = s.sound = false; }), HasSubstr("needs"));
  EXPECT_THAT(bad([](ClipShape& s) { s.image_network = "resnet"; }), HasSubstr("efficientnet_b0"));
  EXPECT_THAT(bad([](ClipShape& s) { s.side = 1 << 20; }), HasSubstr("expected 32 to 512"));
  MessageOf(ErrorCode::kIncompatible, [] { ParseClipFusion("sum"); });
}

class FusionTest : public ::testing::TestWithParam<ClipFusion> {};

TEST_P(FusionTest, SumsAndMissingSides) {
  const ClipShape shape = SmallShape(GetParam());
  const ClipNetwork network(shape, DrawTensors(shape, 1));
  const std::vector<Matrix> pictures = {DrawMatrix(96, 32, 2), DrawMatrix(96, 32, 3)};
  const Matrix sound = DrawMatrix(16, 20, 4);
  const ClipAnswer both = network.Forward(pictures, sound);
  const ClipAnswer seen = network.Forward(pictures, {}), heard = network.Forward({}, sound);
  for (const ClipAnswer* answer : {&both, &seen, &heard}) {
    EXPECT_NEAR(Sum(answer->probabilities), 1, 1e-9);
    if (GetParam() == ClipFusion::kConcat) continue;
    EXPECT_NEAR(answer->image_weight + answer->sound_weight, 1, 1e-6);
  }
  // A branch's own answer does not see the other side.
  EXPECT_EQ(both.image, seen.image);
  EXPECT_EQ(both.sound, heard.sound);
  EXPECT_TRUE(seen.sound.empty());
  EXPECT_TRUE(heard.image.empty());
  if (GetParam() == ClipFusion::kConcat) {
    EXPECT_LT(both.image_weight, 0);
    return;
  }
  EXPECT_EQ(seen.image_weight, 1);
  EXPECT_EQ(heard.image_weight, 0);
  EXPECT_GT(both.image_weight, 0);
  EXPECT_LT(both.image_weight, 1);
  if (GetParam() != ClipFusion::kMean) return;
  EXPECT_EQ(seen.probabilities, seen.image);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(both.probabilities[c], (both.image[c] + both.sound[c]) / 2, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(All, FusionTest,
                         ::testing::Values(ClipFusion::kAttention, ClipFusion::kConcat,
                                           ClipFusion::kMean),
                         [](const auto& one) { return std::string(ToString(one.param)); });

TEST(ClipNetwork, AMissingSideIsMaskedWhateverItsScore) {
  const ClipShape shape = SmallShape();
  std::vector<Tensor> tensors = DrawTensors(shape, 1);
  const Matrix sound = DrawMatrix(16, 20, 4);
  const ClipAnswer before = ClipNetwork(shape, tensors).Forward({}, sound);
  Named(tensors, "fusion.weights.bias").data[0] = 1e4f;
  const ClipAnswer after = ClipNetwork(shape, tensors).Forward({}, sound);
  EXPECT_EQ(before.probabilities, after.probabilities);
  EXPECT_EQ(ClipNetwork(shape, tensors).Forward({DrawMatrix(96, 32, 2)}, sound).image_weight, 1);
}

TEST(ClipNetwork, TheSamePictureTwiceIsThePicture) {
  const ClipShape shape = SmallShape();
  const ClipNetwork network(shape, DrawTensors(shape, 5));
  const Matrix picture = DrawMatrix(96, 32, 2);
  const ClipAnswer once = network.Forward({picture}, {}),
                   thrice = network.Forward({picture, picture, picture}, {});
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(once.probabilities[c], thrice.probabilities[c], 1e-6);
  // Another order of the pictures changes nothing.
  const Matrix other = DrawMatrix(96, 32, 3);
  const ClipAnswer forth = network.Forward({picture, other}, {}),
                   back = network.Forward({other, picture}, {});
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(forth.probabilities[c], back.probabilities[c], 1e-6);
}

TEST(ClipNetwork, TheSoundBranchSeesTheOrderInTime) {
  const ClipShape shape = SmallShape();
  const ClipNetwork network(shape, DrawTensors(shape, 6));
  const Matrix sound = DrawMatrix(16, 40, 4);
  Matrix reversed = sound;
  for (std::size_t r = 0; r < 16; ++r) std::reverse(reversed.row(r), reversed.row(r) + 40);
  const ClipAnswer forth = network.Forward({}, sound), back = network.Forward({}, reversed);
  double apart = 0;
  for (std::size_t c = 0; c < 3; ++c)
    apart = std::max(apart, std::abs(forth.sound[c] - back.sound[c]));
  EXPECT_GT(apart, 1e-4);
}

TEST(ClipNetwork, WithoutLstmTheHeadDecides) {
  // All weights 0: the projections are their norm's bias, and the heads' biases are the answer.
  ClipShape shape = SmallShape();
  shape.image = false;
  std::vector<Tensor> tensors = DrawTensors(shape, 1);
  for (Tensor& tensor : tensors)
    if (!tensor.name.ends_with("running_var"))
      std::fill(tensor.data.begin(), tensor.data.end(), 0.0f);
  Named(tensors, "sound.head.bias").data = {0, std::log(2.0f), 0};
  const ClipAnswer answer = ClipNetwork(shape, tensors).Forward({}, DrawMatrix(16, 20, 4));
  EXPECT_NEAR(answer.probabilities[0], 0.25, 1e-6);
  EXPECT_NEAR(answer.probabilities[1], 0.5, 1e-6);
  EXPECT_EQ(answer.sound_weight, 1);
}

TEST(ClipNetwork, WhatDoesNotFitIsRefused) {
  const ClipShape shape = SmallShape();
  const std::vector<Tensor> good = DrawTensors(shape, 1);
  std::vector<Tensor> tensors = good;
  tensors.pop_back();
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { ClipNetwork(shape, tensors); }),
              HasSubstr("fusion.head.bias"));
  tensors = good;
  tensors.push_back({"more", {1}, {0}});
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { ClipNetwork(shape, tensors); }),
              HasSubstr("'more' belongs to nothing"));
  tensors = good;
  Named(tensors, "sound.first.bias") = {"sound.first.bias", {1}, {0}};
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { ClipNetwork(shape, tensors); }),
              HasSubstr("another shape"));
  const ClipNetwork network(shape, good);
  MessageOf(ErrorCode::kUnusable, [&] { network.Forward({}, {}); });
  MessageOf(ErrorCode::kIncompatible, [&] { network.Forward({}, Matrix(15, 20)); });
  MessageOf(ErrorCode::kIncompatible, [&] { network.Forward({Matrix(90, 30)}, {}); });
  // One frame is not enough to pool over: it is repeated.
  EXPECT_NEAR(Sum(network.Forward({}, DrawMatrix(16, 1, 1)).probabilities), 1, 1e-9);
}

}  // namespace
}  // namespace vpr
