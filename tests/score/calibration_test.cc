#include "vpr/score/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

// Scores of unit variance around +/- half the distance: the true LLR is distance * score.
std::vector<CalibrationTrial> Normals(double distance, double seconds, int count, Rng& rng) {
  std::vector<CalibrationTrial> trials;
  for (int i = 0; i < count; ++i) {
    const bool target = i % 4 == 0;
    trials.push_back({rng.Normal() + (target ? distance : -distance) / 2, seconds, target});
  }
  return trials;
}

TEST(FitCalibration, FindsTheLikelihoodRatioOfTwoNormals) {
  Rng rng(1);
  const Calibration calibration = FitCalibration(Normals(3, 4, 40000, rng));
  EXPECT_NEAR(calibration.Llr(0, 4), 0, 0.15);
  EXPECT_NEAR(calibration.Llr(1, 4), 3, 0.2);
  EXPECT_NEAR(calibration.Llr(-1.5, 4), -4.5, 0.25);
  // Only one duration: nothing to learn about others, and nothing wild said of them.
  EXPECT_NEAR(calibration.Llr(1, 16), calibration.Llr(1, 1), 0.2);
}

TEST(FitCalibration, ScaleAndPlaceOfTheScoresDoNotMatter) {
  Rng rng(2);
  std::vector<CalibrationTrial> trials = Normals(3, 4, 4000, rng), moved = trials;
  for (CalibrationTrial& trial : moved) trial.score = 100 * trial.score + 1000;
  const Calibration a = FitCalibration(trials), b = FitCalibration(moved);
  for (double score : {-2.0, 0.0, 1.0})
    EXPECT_NEAR(a.Llr(score, 4), b.Llr(100 * score + 1000, 4), 1e-5);
}

TEST(FitCalibration, ScoresThatHardlyDifferAreNotBlownUp) {
  Rng rng(4);
  std::vector<CalibrationTrial> trials = Normals(1, 1, 2000, rng);
  for (const CalibrationTrial& trial : Normals(3, 4, 2000, rng)) trials.push_back(trial);
  // As of a network whose embeddings are all alike.
  for (CalibrationTrial& trial : trials) trial.score = 1 - 1e-8 * (4 - trial.score);
  try {
    FitCalibration(trials);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnusable);
    EXPECT_THAT(error.what(), testing::HasSubstr("too close to be calibrated"));
  }
}

TEST(FitCalibration, ShortSpeechIsTrustedLess) {
  Rng rng(3);
  std::vector<CalibrationTrial> trials = Normals(1, 1, 20000, rng);
  for (double seconds : {4.0, 16.0}) {
    for (const CalibrationTrial& trial : Normals(seconds == 4 ? 2 : 3, seconds, 20000, rng))
      trials.push_back(trial);
  }
  const Calibration calibration = FitCalibration(trials);
  // The truth is linear in the logarithm of the duration, as the model is.
  EXPECT_NEAR(calibration.Llr(1, 1), 1, 0.15);
  EXPECT_NEAR(calibration.Llr(1, 4), 2, 0.15);
  EXPECT_NEAR(calibration.Llr(1, 16), 3, 0.2);
  // Beyond what was learnt it stays where it is.
  EXPECT_EQ(calibration.Llr(1, 100), calibration.Llr(1, 16));
  EXPECT_EQ(calibration.Llr(1, 0.1), calibration.Llr(1, 0.5));
}

TEST(FitCalibration, NoStepInAnyDirectionLowersTheCost) {
  Rng rng(4);
  std::vector<CalibrationTrial> trials = Normals(2, 1.5, 400, rng);
  for (const CalibrationTrial& trial : Normals(2.5, 8, 400, rng)) trials.push_back(trial);
  const double prior = 0.05;
  auto cost = [&](const Calibration& c) {
    double sum = 0;
    for (const CalibrationTrial& trial : trials) {
      const double z = c.Llr(trial.score, trial.seconds) + std::log(prior / (1 - prior));
      const double miss = std::log1p(std::exp(-z)), false_alarm = std::log1p(std::exp(z));
      sum += trial.target ? prior / 200 * miss + (1 - prior) / 600 / 200 * false_alarm
                          : (1 - prior) / 600 * false_alarm + prior / 200 / 600 * miss;
    }
    return sum;
  };
  const Calibration best = FitCalibration(trials, prior);
  const double lowest = cost(best);
  for (double Calibration::*part : {&Calibration::scale, &Calibration::offset,
                                    &Calibration::duration_scale, &Calibration::duration_offset}) {
    for (double step : {-0.2, 0.2}) {
      Calibration other = best;
      other.*part += step;
      EXPECT_GT(cost(other), lowest);
    }
  }
}

TEST(FitCalibration, FewTrialsGiveNoCertainty) {
  // All targets score 1, all nontargets 0: the ratios are those of the counts, whatever the prior.
  std::vector<CalibrationTrial> trials;
  for (int i = 0; i < 10; ++i) trials.push_back({1, 4, true});
  for (int i = 0; i < 35; ++i) trials.push_back({0, 4, false});
  for (double prior : {0.5, 0.01}) {
    const Calibration few = FitCalibration(trials, prior);
    EXPECT_NEAR(few.Llr(1, 4), std::log(35), 1e-2);
    EXPECT_NEAR(few.Llr(0, 4), -std::log(10), 1e-2);
  }
}

TEST(FitCalibration, RefusesWhatCannotBeCalibrated) {
  EXPECT_THROW(FitCalibration({{1, 4, true}}), Error);
  EXPECT_THROW(FitCalibration({{1, 4, false}}), Error);
  EXPECT_THROW(FitCalibration({{1, 4, true}, {1, 4, false}}), Error);
  EXPECT_THROW(FitCalibration({{1, 4, true}, {0, 4, false}}), Error);
  const std::vector<CalibrationTrial> right = {
      {1, 4, true}, {0.9, 4, true}, {0.1, 4, false}, {0, 4, false}};
  EXPECT_GT(FitCalibration(right).Llr(1, 4), 0.5);
  EXPECT_THROW(FitCalibration(right, 0), Error);
  std::vector<CalibrationTrial> wrong_way_round = right;
  for (CalibrationTrial& trial : wrong_way_round) trial.target = !trial.target;
  EXPECT_THROW(FitCalibration(wrong_way_round), Error);
}

}  // namespace
}  // namespace vpr
