// Classifiers of clips through the module, as the program trains them.
#include "vpr/clips/train_clips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using test::FailureOf;
using test::TempPath;
using ::testing::HasSubstr;

// Sounds of a tone that is on all the time, or comes and goes.
std::string MakeSounds(int each) {
  std::string folder = TempPath("sounds" + std::to_string(each));
  if (std::filesystem::exists(folder)) return folder;
  for (int c = 0; c < 2; ++c) {
    const std::string label = folder + (c == 0 ? "/steady/" : "/beating/");
    MakeFolders(label);
    for (int i = 0; i < each; ++i) {
      Rng rng(7, static_cast<std::uint64_t>(c), static_cast<std::uint64_t>(i));
      const double hz = rng.Uniform(300, 900);
      std::vector<float> samples(12000);
      for (std::size_t t = 0; t < samples.size(); ++t) {
        const double seconds = static_cast<double>(t) / kSampleRate;
        const double on = c == 0 || std::fmod(6 * seconds, 1.0) < 0.5 ? 1 : 0.02;
        samples[t] =
            static_cast<float>(0.3 * on * std::sin(2 * M_PI * hz * seconds) + 0.003 * rng.Normal());
      }
      WriteWav(label + std::to_string(i) + ".wav", samples, kSampleRate);
    }
  }
  return folder;
}

ClipTrainOptions SoundOptions(const std::string& output) {
  ClipTrainOptions options;
  options.source = MakeSounds(12);
  options.clips.image = false;
  options.training.epochs = 3;
  options.training.batch_size = 6;
  options.training.threads = 1;
  options.threads = 1;
  options.checkpoint_every = 1;
  options.output = TempPath(output);
  return options;
}

TEST(TrainClips, AStoppedTrainingEndsAsIfItHadNotBeen) {
  Progress progress;
  ClipTrainOptions options = SoundOptions("whole.vpc");
  const ClipTrainResult result = TrainClips(options, progress, {});
  EXPECT_EQ(result.clips, 24u);
  EXPECT_EQ(result.heard, 24u);
  EXPECT_EQ(result.test->both.total, result.test->sound->total);
  EXPECT_FALSE(std::filesystem::exists(CheckpointOf(options.output)));
  const std::string whole = ReadFile(options.output);

  options = SoundOptions("stopped.vpc");
  int epochs = 0;
  options.on_epoch = [&](int epoch, std::int64_t, double, const ClipReport* held_out) {
    epochs = epoch;
    ASSERT_NE(held_out, nullptr);
  };
  // Asked after the first epoch; reading is done by then.
  const auto stop = [&] { return std::filesystem::exists(CheckpointOf(options.output)); };
  EXPECT_THAT(FailureOf([&] { TrainClips(options, progress, stop); }), HasSubstr("stopped"));
  EXPECT_LT(epochs, 3);
  EXPECT_TRUE(std::filesystem::exists(CheckpointOf(options.output)));
  EXPECT_FALSE(std::filesystem::exists(options.output));

  ClipTrainOptions other = options;
  other.resume = true;
  other.training.lr *= 2;
  EXPECT_THAT(FailureOf([&] { TrainClips(other, progress, {}); }),
              HasSubstr("other clips or settings"));
  options.resume = true;
  TrainClips(options, progress, {});
  EXPECT_EQ(ReadFile(options.output), whole);
  EXPECT_THAT(FailureOf([&] { TrainClips(options, progress, {}); }), HasSubstr("checkpoint"));
}

TEST(TrainClips, LearnsWhatComesAndGoes) {
  Progress progress;
  ClipTrainOptions options = SoundOptions("learnt.vpc");
  options.training.epochs = 12;
  const ClipTrainResult result = TrainClips(options, progress, {});
  const ClipClassifier classifier = ClipClassifier::Load(options.output, {});
  const ClipEvaluation all =
      EvaluateClips(classifier, options.source, {}, true, true, 1, progress, {});
  EXPECT_GE(all.report.both.accuracy, 0.9);
  EXPECT_EQ(all.training_clips, 24 - result.test->both.total);
  EXPECT_EQ(all.seen, 0u);
  EXPECT_THAT(FailureOf([&] {
                EvaluateClips(classifier, options.source, {}, true, false, 1, progress, {});
              }),
              HasSubstr("none of 24 clips can be used"));
}

TEST(TrainClips, NothingToLearnFrom) {
  Progress progress;
  ClipTrainOptions options = SoundOptions("none.vpc");
  options.clips.image = true;
  options.clips.face = false;
  EXPECT_THAT(FailureOf([&] { TrainClips(options, progress, {}); }), HasSubstr("none is seen"));
  options = SoundOptions("none.vpc");
  options.init_sound = TempPath("missing.vpc");
  EXPECT_THAT(FailureOf([&] { TrainClips(options, progress, {}); }), HasSubstr("missing.vpc"));
  options.source = TempPath("nothing");
  EXPECT_THAT(FailureOf([&] { TrainClips(options, progress, {}); }), HasSubstr("cannot find"));
}

}  // namespace
}  // namespace vpr
