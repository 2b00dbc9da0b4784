// The network of clips without LibTorch against the one that LibTorch trains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "clips/drawn_tensors.h"
#include "torch/clips.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

using testing::DrawMatrix;
using testing::DrawTensors;
using testing::SmallShape;

void ExpectNear(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t c = 0; c < a.size(); ++c) EXPECT_NEAR(a[c], b[c], 2e-5);
}

ClipExample Join(const std::vector<Matrix>& pictures, const Matrix& sound) {
  ClipExample example;
  for (const Matrix& picture : pictures)
    example.pictures.insert(example.pictures.end(), picture.data.begin(), picture.data.end());
  example.sound = sound;
  return example;
}

class ClipNetworks : public ::testing::TestWithParam<ClipFusion> {};

TEST_P(ClipNetworks, AnswerAlike) {
  const ClipShape shape = SmallShape(GetParam());
  const std::vector<Tensor> tensors = DrawTensors(shape, 11);
  const ClipNetwork network(shape, tensors);
  const std::vector<Matrix> pictures = {DrawMatrix(96, 32, 1), DrawMatrix(96, 32, 2),
                                        DrawMatrix(96, 32, 3)};
  const Matrix sound = DrawMatrix(16, 37, 4), none;
  const auto compare = [&](const std::vector<Matrix>& seen, const Matrix& heard) {
    const ClipAnswer ours = network.Forward(seen, heard);
    const ClipAnswer theirs =
        ForwardClipWithTorch(shape, tensors, Join(seen, heard), static_cast<int>(pictures.size()));
    ExpectNear(ours.probabilities, theirs.probabilities);
    ExpectNear(ours.image, theirs.image);
    ExpectNear(ours.sound, theirs.sound);
    EXPECT_NEAR(ours.image_weight, theirs.image_weight, 2e-5);
    EXPECT_NEAR(ours.sound_weight, theirs.sound_weight, 2e-5);
  };
  compare(pictures, sound);
  compare(pictures, none);
  compare({}, sound);
}

INSTANTIATE_TEST_SUITE_P(All, ClipNetworks,
                         ::testing::Values(ClipFusion::kAttention, ClipFusion::kConcat,
                                           ClipFusion::kMean),
                         [](const auto& one) { return std::string(ToString(one.param)); });

// Classes whose sounds have one band louder, and whose pictures are brighter: enough to be learnt.
ClipTask ToyTask() {
  ClipTask task;
  task.shape = SmallShape();
  task.training.epochs = 4;
  task.training.batch_size = 6;
  task.training.threads = 1;
  task.training.lr = 1e-3;
  task.examples = 12;
  task.frames = 1;
  task.make = [](int epoch, std::size_t number) {
    ClipExample example;
    example.class_number = static_cast<int>(number % 3);
    const auto drawn = static_cast<std::uint64_t>(epoch) * 100 + number;
    example.sound = DrawMatrix(16, 20, drawn);
    for (std::size_t t = 0; t < 20; ++t)
      example.sound(static_cast<std::size_t>(4 * example.class_number), t) += 4;
    if (number % 4 != 0) {
      Matrix picture = DrawMatrix(96, 32, drawn + 50);
      for (float& value : picture.data) value += static_cast<float>(example.class_number);
      example.pictures = picture.data;
    }
    return example;
  };
  return task;
}

TEST(ClipTraining, LearnsAndIsTheSameAfterAStop) {
  ClipTask task = ToyTask();
  Progress progress;
  std::vector<double> losses;
  std::vector<ClipState> states;
  task.on_epoch = [&](const ClipState& state, double loss) {
    losses.push_back(loss);
    states.push_back(state);
  };
  const std::vector<Tensor> whole = TrainClipsWithTorch(task, progress, {});
  ASSERT_EQ(losses.size(), 4u);
  EXPECT_LT(losses[3], losses[0]);
  EXPECT_EQ(states[1].epoch, 2);
  EXPECT_EQ(states[1].step, 4);

  ClipTask rest = ToyTask();
  rest.resume = states[1];
  const std::vector<Tensor> resumed = TrainClipsWithTorch(rest, progress, {});
  ASSERT_EQ(whole.size(), resumed.size());
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_EQ(whole[i].data, resumed[i].data) << whole[i].name;

  rest.resume.optimizer.pop_back();
  EXPECT_THROW(TrainClipsWithTorch(rest, progress, {}), Error);
  task.make = {};
  EXPECT_THROW(TrainClipsWithTorch(task, progress, {}), Error);
}

TEST(ClipTraining, StartsFromABranch) {
  ClipTask task = ToyTask();
  task.training.epochs = 1;
  task.training.lr = 1e-12;
  Progress progress;
  const std::vector<Tensor> drawn = DrawTensors(task.shape, 21);
  for (const Tensor& tensor : drawn)
    if (tensor.name.starts_with("sound.lstm")) task.initial.push_back(tensor);
  const std::vector<Tensor> trained = TrainClipsWithTorch(task, progress, {});
  std::size_t compared = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (!drawn[i].name.starts_with("sound.lstm")) continue;
    for (std::size_t k = 0; k < drawn[i].data.size(); ++k)
      ASSERT_NEAR(trained[i].data[k], drawn[i].data[k], 1e-6);
    ++compared;
  }
  EXPECT_EQ(compared, 8u);
  task.initial[0].shape.push_back(1);
  EXPECT_THROW(TrainClipsWithTorch(task, progress, {}), Error);
}

}  // namespace
}  // namespace vpr
