#include "vpr/diarize/error_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

struct Golden {
  std::vector<Turn> reference, hypothesis;
  struct {
    double speech, miss, false_alarm, confusion;
  } full_fair_forgiving[3];
};

const std::vector<Golden>& Goldens() {
  static const std::vector<Golden> all = {
#include "error_rate_golden.inc"
  };
  return all;
}

constexpr ErrorProtocol kProtocols[] = {{0, false}, {0.25, false}, {0.25, true}};

TEST(ErrorRateTest, EqualsPyannoteMetrics) {
  ASSERT_EQ(Goldens().size(), 12u);
  for (std::size_t k = 0; k < Goldens().size(); ++k) {
    const Golden& golden = Goldens()[k];
    for (std::size_t p = 0; p < 3; ++p) {
      const DiarizationErrors errors =
          ScoreDiarization(golden.reference, golden.hypothesis, std::nullopt, kProtocols[p]);
      const auto& expected = golden.full_fair_forgiving[p];
      EXPECT_NEAR(errors.speech, expected.speech, 1e-6) << k << " " << p;
      EXPECT_NEAR(errors.miss, expected.miss, 1e-6) << k << " " << p;
      EXPECT_NEAR(errors.false_alarm, expected.false_alarm, 1e-6) << k << " " << p;
      EXPECT_NEAR(errors.confusion, expected.confusion, 1e-6) << k << " " << p;
    }
  }
}

// Times in steps of 0.1 s, so that counting steps is exact.
std::vector<Turn> RandomTurns(Rng& rng, char letter) {
  std::vector<Turn> turns(rng.Below(10));
  for (Turn& turn : turns) {
    const std::size_t begin = rng.Below(100);
    turn = {static_cast<double>(begin) / 10, static_cast<double>(begin + 1 + rng.Below(30)) / 10,
            std::string(1, static_cast<char>(letter + static_cast<char>(rng.Below(4))))};
  }
  return turns;
}

std::vector<std::string> SpeakersOf(const std::vector<Turn>& turns) {
  std::vector<std::string> names;
  for (const Turn& turn : turns) names.push_back(turn.speaker);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Speaks(const std::vector<Turn>& turns, const std::string& name, double at) {
  return std::any_of(turns.begin(), turns.end(), [&](const Turn& turn) {
    return turn.speaker == name && turn.begin < at && at < turn.end;
  });
}

struct Brute {
  DiarizationErrors errors;
  double jer_sum = 0;
};

// Every mapping of the hypothesis' speakers, every 0.1 s looked at.
Brute TryAll(const std::vector<Turn>& reference, const std::vector<Turn>& hypothesis,
             const std::vector<TimeSpan>& parts, const ErrorProtocol& protocol) {
  const auto truth = SpeakersOf(reference), found = SpeakersOf(hypothesis);
  std::vector<std::size_t> order(std::max(truth.size(), found.size()));
  std::iota(order.begin(), order.end(), 0u);
  Brute best;
  best.errors.confusion = best.jer_sum = 1e300;
  do {
    DiarizationErrors errors;
    std::vector<double> both(truth.size()), either(truth.size()), own(truth.size());
    for (int step = 0; step < 200; ++step) {
      const double at = (step + 0.5) / 10;
      if (std::none_of(parts.begin(), parts.end(),
                       [&](const TimeSpan& p) { return p.begin < at && at < p.end; }))
        continue;
      std::size_t r = 0, h = 0, right = 0;
      for (const auto& name : truth) r += Speaks(reference, name, at);
      for (const auto& name : found) h += Speaks(hypothesis, name, at);
      if (protocol.skip_overlap && r > 1) continue;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        const bool a = Speaks(reference, truth[i], at);
        const bool b = order[i] < found.size() && Speaks(hypothesis, found[order[i]], at);
        right += a && b;
        own[i] += a;
        both[i] += a && b;
        either[i] += a || b;
      }
      errors.speech += 0.1 * static_cast<double>(r);
      errors.miss += 0.1 * static_cast<double>(r > h ? r - h : 0);
      errors.false_alarm += 0.1 * static_cast<double>(h > r ? h - r : 0);
      errors.confusion += 0.1 * static_cast<double>(std::min(r, h) - right);
    }
    if (errors.confusion < best.errors.confusion) best.errors = errors;
    double sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i)
      if (own[i] > 0) sum += 1 - both[i] / either[i];
    best.jer_sum = std::min(best.jer_sum, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(ErrorRateTest, EqualsTryingEveryMapping) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed, 7);
    const std::vector<Turn> reference = RandomTurns(rng, 'A'), hypothesis = RandomTurns(rng, 'a');
    const std::vector<TimeSpan> parts = {{1, 6}, {8, 20}};
    for (bool skip : {false, true}) {
      const Brute expected = TryAll(reference, hypothesis, parts, {0, skip});
      const DiarizationErrors errors = ScoreDiarization(reference, hypothesis, parts, {0, skip});
      EXPECT_NEAR(errors.speech, expected.errors.speech, 1e-6) << seed;
      EXPECT_NEAR(errors.miss, expected.errors.miss, 1e-6) << seed;
      EXPECT_NEAR(errors.false_alarm, expected.errors.false_alarm, 1e-6) << seed;
      EXPECT_NEAR(errors.confusion, expected.errors.confusion, 1e-6) << seed;
      if (!skip) {
        EXPECT_NEAR(ScoreRecording({"x", reference}, hypothesis, parts, {}).jaccard.sum,
                    expected.jer_sum, 1e-6)
            << seed;
      }
    }
  }
}

TEST(ErrorRateTest, CollarIsOnEachSide) {
  const std::vector<Turn> reference = {{1, 3, "A"}}, nothing;
  const std::vector<TimeSpan> parts = {{0, 10}};
  EXPECT_NEAR(ScoreDiarization(reference, nothing, parts, {0.25, false}).speech, 1.5, 1e-12);
  EXPECT_NEAR(ScoreDiarization(nothing, reference, parts, {0.25, false}).false_alarm, 2, 1e-12);
  EXPECT_TRUE(std::isnan(ScoreDiarization(nothing, reference, parts, {}).rate()));
  // Overlapping turns of one speaker are one; no collar where they meet.
  EXPECT_NEAR(ScoreDiarization({{1, 2, "A"}, {1.5, 3, "A"}}, nothing, parts, {0.25, false}).speech,
              1.5, 1e-12);
}

TEST(ErrorRateTest, Names) {
  const Annotation reference = {"x", {{0, 10, "Ada"}, {10, 20, "Bob"}, {20, 30, "Eve"}}};
  const std::vector<Turn> hypothesis = {{0, 6, "Ada"},   {6, 8, "Bob"},   {8, 9, "speaker 1"},
                                        {10, 20, "Bob"}, {20, 23, "Bob"}, {23, 30, "speaker 2"},
                                        {30, 31, "Ada"}};
  DiarizationScoring scoring;
  scoring.enrolled = {{"Ada", "Bob"}};
  const RecordingErrors errors = ScoreRecording(reference, hypothesis, std::nullopt, scoring);
  ASSERT_TRUE(errors.names.has_value());
  EXPECT_NEAR(errors.names->enrolled, 20, 1e-9);
  EXPECT_NEAR(errors.names->right, 16, 1e-9);
  EXPECT_NEAR(errors.names->wrong, 2, 1e-9);
  EXPECT_NEAR(errors.names->missed, 2, 1e-9);
  EXPECT_NEAR(errors.names->strangers, 10, 1e-9);
  EXPECT_NEAR(errors.names->named, 3, 1e-9);
  EXPECT_NEAR(errors.names->named_nothing, 1, 1e-9);
  EXPECT_NEAR(errors.names->rate(), 8.0 / 30, 1e-9);
  EXPECT_EQ(errors.reference_speakers, 3u);
  EXPECT_EQ(errors.hypothesis_speakers, 4u);
}

TEST(ErrorRateTest, PoolsAndDraws) {
  std::vector<RecordingErrors> all;
  for (int k = 0; k < 10; ++k) {
    const double wrong = k < 5 ? 0 : 2;
    all.push_back(ScoreRecording({"x", {{0, 10, "A"}}}, {{wrong, 10, "b"}}, std::nullopt, {}));
  }
  const PooledErrors pooled = PoolErrors(all);
  EXPECT_NEAR(pooled.full.value, 0.1, 1e-9);
  // The mean of ten draws from {0, 0.2}: deviation 0.0316.
  EXPECT_NEAR(pooled.full.interval.low, 0.04, 0.021);
  EXPECT_NEAR(pooled.full.interval.high, 0.16, 0.021);
  EXPECT_EQ(pooled.count_right.value, 1);
  EXPECT_FALSE(pooled.names.has_value());
  EXPECT_TRUE(std::isnan(PoolErrors({all[0]}).full.interval.low));
}

TEST(ErrorRateTest, TooManySpeakers) {
  std::vector<Turn> turns;
  for (int k = 0; k < 2001; ++k) turns.push_back({0, 1, std::to_string(k)});
  EXPECT_THROW(ScoreDiarization(turns, {}, std::nullopt, {}), Error);
}

}  // namespace
}  // namespace vpr
