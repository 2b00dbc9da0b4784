#include "vpr/tune/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

Study Fresh(std::uint64_t seed) {
  Study study;
  study.parameters = {{"lr", 1e-5, 1e-1, true}, {"dropout", 0, 1, false}};
  study.seed = seed;
  study.subject = "a bowl";
  return study;
}

// Best at lr 1e-3 and dropout 0.3: there 0, else less.
double Bowl(const std::vector<double>& settings) {
  return -std::pow(std::log10(settings[0]) + 3, 2) - 4 * std::pow(settings[1] - 0.3, 2);
}

Study RunBowl(const std::string& path, const Study& fresh, int trials) {
  Progress progress;
  return RunStudy(path, fresh, trials,
                  [](const StudyTrial& trial, const Report& report) {
                    const double value = Bowl(trial.settings);
                    // Where it goes is seen early.
                    for (int step = 1; step <= 3; ++step)
                      if (report(step, value - 0.1 * (3 - step))) break;
                    return value;
                  },
                  progress, {});
}

TEST(RunStudy, FindsAKnownOptimumBetterThanChance) {
  TestFolder folder(TestFolder::kMemory);
  constexpr int kSeeds = 8, kTrials = 60;
  double found = 0, chance = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Study study = RunBowl(folder / ("study" + std::to_string(seed)), Fresh(seed), kTrials);
    ASSERT_EQ(study.trials.size(), static_cast<std::size_t>(kTrials));
    EXPECT_GT(study.best()->value, -0.05) << seed;
    found += study.best()->value / kSeeds;
    // As many even draws.
    Rng rng(seed, 7);
    double best = -100;
    for (int i = 0; i < kTrials; ++i)
      best = std::max(best, Bowl({std::pow(10, rng.Uniform(-5, -1)), rng.Uniform()}));
    chance += best / kSeeds;
    std::size_t pruned = 0;
    for (const StudyTrial& trial : study.trials) pruned += trial.pruned ? 1 : 0;
    EXPECT_GT(pruned, 5u);
  }
  EXPECT_GT(found, 0.5 * chance);  // both are negative: at most half as far away
}

TEST(RunStudy, GoesOnAsIfNothingHadHappened) {
  TestFolder folder(TestFolder::kMemory);
  RunBowl(folder / "whole", Fresh(3), 25);
  RunBowl(folder / "parts", Fresh(3), 7);
  RunBowl(folder / "parts", Fresh(3), 18);
  // Stopped in the midst of a trial.
  Progress progress;
  MessageOf(ErrorCode::kInterrupted, [&] {
    RunStudy(folder / "parts", Fresh(3), 25,
             [](const StudyTrial&, const Report& report) -> double {
               report(1, 5);
               throw Error(ErrorCode::kInterrupted, "stopped");
             },
             progress, {});
  });
  MessageOf(ErrorCode::kInterrupted,
            [&] { RunStudy(folder / "parts", Fresh(3), 25, {}, progress, [] { return true; }); });
  RunBowl(folder / "parts", Fresh(3), 25);
  EXPECT_EQ(ReadFile(folder / "parts"), ReadFile(folder / "whole"));
  RunBowl(folder / "other", Fresh(4), 25);
  EXPECT_NE(ReadFile(folder / "other"), ReadFile(folder / "whole"));
}

TEST(RunStudy, RefusesWhatIsAnother) {
  TestFolder folder(TestFolder::kMemory);
  const std::string path = folder / "study";
  RunBowl(path, Fresh(1), 3);
  Study other = Fresh(2);
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { RunBowl(path, other, 4); }),
              HasSubstr("with another seed"));
  other = Fresh(1);
  other.subject = "a hill";
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { RunBowl(path, other, 4); }),
              HasSubstr("found: a bowl"));
  other = Fresh(1);
  other.parameters[1].high = 0.5;
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { RunBowl(path, other, 4); }),
              HasSubstr("other parameters"));
}

TEST(ReadStudy, RoundTripAndDamage) {
  TestFolder folder(TestFolder::kMemory);
  const std::string path = folder / "study", bad = folder / "bad";
  Study study = RunBowl(path, Fresh(1), 4);
  study.trials[1].value = std::nan("");
  study.trials[1].reported[9] = std::nan("");
  WriteStudy(path, study);
  const std::string good = ReadFile(path);
  const Study read = ReadStudy(path);
  EXPECT_EQ(read.trials.size(), 4u);
  EXPECT_EQ(read.trials[3].settings, study.trials[3].settings);
  EXPECT_EQ(read.trials[2].reported, study.trials[2].reported);
  EXPECT_TRUE(std::isnan(read.trials[1].value));
  WriteStudy(bad, read);
  EXPECT_EQ(ReadFile(bad), good);
  for (std::size_t size = 0; size + 2 < good.size(); size += 1 + good.size() / 60) {
    WriteTestFile(bad, good.substr(0, size));
    EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ReadStudy(bad); }), HasSubstr("bad"));
  }
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"vpr study\"", "\"vpr\""},
                                                        {"\"version\": 1", "\"version\": 2"},
                                                        {"\"maximize\"", "\"up\""},
                                                        {"\"low\": 1e-05", "\"low\": -1"},
                                                        {"\"number\": 2", "\"number\": 7"},
                                                        {"\"number\": 2", "\"number\": 2.5"},
                                                        {"\"number\": 2", "\"number\": 4294967298"},
                                                        {"\"seed\": 1", "\"seed\": 1.5"},
                                                        {"\"dropout\"", "\"lr\""},
                                                        {"\"high\": 0.1", "\"high\": 1e-5"},
                                                        {"\"trials\"", "\"trails\""}}) {
    std::string changed = good;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), from.size(), to);
    WriteTestFile(bad, changed);
    MessageOf(ErrorCode::kCorrupt, [&] { ReadStudy(bad); });
  }
  Study pruned = study;
  pruned.trials[0].pruned = true;
  pruned.trials[0].reported.clear();
  WriteStudy(bad, pruned);
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ReadStudy(bad); }),
              HasSubstr("reported nothing"));
  MessageOf(ErrorCode::kNotFound, [&] { ReadStudy(folder / "none"); });
}

TEST(StudyTable, TheBestFirst) {
  Study study = Fresh(1);
  study.trials = {{0, {1e-3, 0.25}, {{1, 0.5}}, false, 0.5},
                  {1, {1e-4, 0.5}, {{1, 0.2}}, true, 0.9},
                  {2, {1e-2, 0.75}, {{1, 0.5}}, false, 0.75}};
  EXPECT_EQ(StudyTable(study),
            "trial      value              lr         dropout\n"
            "    3     0.7500            0.01            0.75\n"
            "    1     0.5000           0.001            0.25\n"
            "    2     0.9000          0.0001             0.5  pruned at step 1\n");
}

}  // namespace
}  // namespace vpr
